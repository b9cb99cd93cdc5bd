"""Records on disk and behind a URL: whole, found by prefix, refused when they are not ours."""

import json
from pathlib import Path

import pytest

from mmbench import store
from mmbench.errors import DataError, UserError
from mmbench.types import Media, ModelInfo, RunRecord, ScoreInfo, TaskInfo


def record(run: str = "r1", value: float | None = 0.5, **changes: object) -> RunRecord:
    score = ScoreInfo(value, None, None, 10, 10, "fold=mean", "higher", "mean")
    base: dict[str, object] = {
        "run": run,
        "created": f"2026-01-01T00:00:00.{len(run):03}+00:00",
        "model": ModelInfo("m", None, None, "hash", "adapter", {}, "float32"),
        "task": TaskInfo("t", 1, "retrieval", "f" * 8, "d" * 8, {}, {"corpus": 10}),
        "scores": {"recall@1": score},
        "headline": "recall@1",
        "published": [],
        "counts": {"samples": 10, "failed": 0, "requests": 10, "computed": 10, "cached": 0},
        "failures": [],
        "seconds": {},
        "throughput": {},
        "environment": {},
        "seed": 0,
    }
    return RunRecord(**(base | changes))  # type: ignore[arg-type]


ROWS = {"id": ["a"], "recall@1": [1.0]}


@pytest.mark.parametrize("where", ["disk", "memory://boards"])
def test_a_record_comes_back(tmp_path: Path, where: str) -> None:
    out = where if "://" in where else str(tmp_path)
    store.write_record(out, record(), ROWS)
    assert list(store.read_records(out)) == [record()]
    assert store.find_record(out, "r1") == record()


def test_rows_lie_beside_the_record(tmp_path: Path) -> None:
    import pyarrow.parquet as pq

    path = Path(store.write_record(tmp_path, record(), ROWS))
    assert pq.read_table(path.with_suffix(".parquet")).to_pydict() == ROWS


def test_json_has_no_nan(tmp_path: Path) -> None:
    path = Path(store.write_record(tmp_path, record(value=None), ROWS))
    text = path.read_text()
    assert "NaN" not in text
    assert json.loads(text)["scores"]["recall@1"]["value"] is None


def test_a_prefix_finds_one_or_says_how_many(tmp_path: Path) -> None:
    for run in ("abc1", "abd2"):
        store.write_record(tmp_path, record(run), ROWS)
    assert store.find_record(tmp_path, "abc").run == "abc1"
    with pytest.raises(DataError, match="2 runs start with it"):
        store.find_record(tmp_path, "ab")
    with pytest.raises(DataError, match="no run starts with it"):
        store.find_record(tmp_path, "x")


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not a run record"),
        (b"[]", "not a run record"),
        (b'{"schema": 99}', "has schema 99; this mmbench reads up to 1"),
        (b'{"schema": 1, "run": 5}', "not a run record"),
    ],
)
def test_what_is_not_a_record(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        store.read_record(data, "x.json")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*choose another folder with --out"):
        store.write_record(tmp_path / "file", record(), ROWS)
    with pytest.raises(UserError, match="another folder with --board"):
        store.write_record(tmp_path / "file", record(), ROWS, flag="--board")
    with pytest.raises(UserError, match="another folder with --media"):
        store.write_made(tmp_path / "file", record(), {"a": Media("image", "a", lambda: b"x")})


def test_run_ids_are_safe_as_file_names() -> None:
    made = store.new_run_id("../../etc/x y\n")
    assert "/" not in made
    assert made.isprintable()
    assert store.new_run_id("m") != store.new_run_id("m")


def test_what_a_model_made_stays_in_its_folder(tmp_path: Path) -> None:
    made = {
        ident: Media("image", "x", lambda: b"png")
        for ident in ("../../up", "/root", "a/b", ".hid", "a\\b:c", "ünï 1.5", "x%2E", "a\nb", "")
    }
    where = store.write_made(tmp_path / "out", record(), made)
    assert Path(where) == tmp_path / "out" / "t" / "r1"
    files = {p.relative_to(where).as_posix() for p in tmp_path.rglob("*.png")}
    assert files == {
        "%2E./%2E./up.png", "%/root.png", "a/b.png", "%2Ehid.png", "a%5Cb%3Ac.png",
        "ünï 1.5.png", "x%252E.png", "a%0Ab.png", "%.png",
    }  # fmt: skip
