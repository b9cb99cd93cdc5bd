"""Boards: one question per column, hostile names harmless, nothing lost between writers."""

import subprocess
import sys
from multiprocessing import get_context
from pathlib import Path

import pandas as pd
import pytest
from test_store import ROWS, record

from mmbench import board, store
from mmbench.types import ModelInfo, ScoreInfo, TaskInfo


def model(name: str, **changes: object) -> ModelInfo:
    base = {"checkpoint": None, "revision": None, "hash": name, "adapter": "a", "options": {}}
    return ModelInfo(name, **(base | {"dtype": "float32"} | changes))  # type: ignore[arg-type]


def task(**changes: object) -> TaskInfo:
    base = {"fingerprint": "f" * 8, "data_hash": "d" * 8, "protocol": {}, "data": {"corpus": 10}}
    return TaskInfo("t", 1, "retrieval", **(base | changes))  # type: ignore[arg-type]


def test_other_questions_and_other_data_stand_in_other_tables() -> None:
    signed = ScoreInfo(0.5, None, None, 10, 10, "index=Flat", "higher", "mean")
    records = [
        record("a"),
        record("b", task=task(fingerprint="other")),
        record("c", task=task(data_hash="other")),
        record("d", scores={"recall@1": signed}),
    ]
    assert len(board.sections(records)) == 4


def test_of_each_model_the_latest_run_best_first() -> None:
    records = [
        record("a", 0.9, model=model("x")),
        record("b", 0.1, model=model("x")),
        record("c", 0.5, model=model("y")),
        record("d", None, model=model("z")),
    ]
    (table,) = board.sections(records)
    assert [r.run for r in table] == ["c", "b", "d"]


def test_data_other_than_the_protocols_is_marked_in_words() -> None:
    small = record(task=task(protocol={"corpus": 5000}, data={"corpus": 159}))
    words = "not comparable with the protocol: 159 of 5000 corpus samples"
    assert board.other_data(small) == words
    assert board.other_data(record()) == ""


def test_names_and_outputs_are_harmless(tmp_path: Path) -> None:
    evil = "x|y\n<script>alert(1)</script>\x1b[2J=1+1"
    store.write_record(tmp_path, record(model=model(evil)), ROWS)
    board.build(str(tmp_path))
    page = (tmp_path / "t.md").read_text()
    assert "<script>" not in page
    assert "\x1b" not in page
    table = [line for line in page.splitlines() if line.startswith("|")]
    assert len({line.replace(r"\|", "").count("|") for line in table}) == 1
    assert "\x1b" not in board.show([record(model=model(evil))], 200)


def test_no_csv_cell_is_a_formula(tmp_path: Path) -> None:
    store.write_record(tmp_path, record(model=model("=1+1")), ROWS)
    board.build(str(tmp_path))
    assert pd.read_csv(tmp_path / "t.csv")["model"][0] == "'=1+1"


def test_failures_are_shown_with_the_bounds_they_leave() -> None:
    score = ScoreInfo(0.5, None, None, 8, 8, "s", "higher", "mean", failed=2, bounds=(0.4, 0.6))
    counts = {"samples": 10, "failed": 2}
    shown = board.failed(record(scores={"recall@1": score}, counts=counts))
    assert shown == "2 (recall@1 in 0.4000-0.6000)"


def _write(out: str, number: int) -> None:
    store.write_record(out, record(f"run{number:03}", number / 100, model=model(str(number))), ROWS)
    board.build(out, ["t"])


def test_writers_at_once_lose_nothing(tmp_path: Path) -> None:
    with get_context("spawn").Pool(4) as pool:
        pool.starmap(_write, [(str(tmp_path), n) for n in range(12)])
    assert len(pd.read_csv(tmp_path / "t.csv")) == 12
    assert not list(tmp_path.rglob(".*"))


def test_a_board_needs_no_torch(tmp_path: Path) -> None:
    store.write_record(tmp_path, record(), ROWS)
    code = (
        "import sys; from mmbench import board; board.build(sys.argv[1]);"
        "assert not {'torch', 'transformers', 'PIL'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code, str(tmp_path)], check=True)
    assert "recall@1" in (tmp_path / "t.md").read_text()


@pytest.mark.parametrize(
    ("value", "shown"), [(0.30444, "0.3044"), (1.0, "1.0000"), (12.345, "12.35"), (None, "n/a")]
)
def test_numbers(value: float | None, shown: str) -> None:
    assert board.number(record(value=value).scores["recall@1"]) == shown
