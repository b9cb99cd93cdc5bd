"""What is typed for RUN, in every command that takes one."""

import json
import shutil
from pathlib import Path

import msgspec
import pytest

from mmbench.api.comparisons import compare
from mmbench.cli import main
from mmbench.comparison.gate import gate
from mmbench.comparison.history import history
from mmbench.errors import DataError
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from mmbench.types import ModelInfo, RunRecord
from tests.support.boards import (
    ROWS,
    TASK,
    bad_files,
    coins,
    model_info,
    record,
    score_info,
    write_run,
)
from tests.support.command_line import refusal

OTHER = msgspec.structs.replace(TASK, name="u", data_hash="e" * 8)


def write(out: Path, run: str, value: float, day: int, who: ModelInfo, **more: object) -> RunRecord:
    score = msgspec.structs.replace(score_info([0.0, 1.0]), value=value)
    more = {"scores": {"m": score}, "headline": "m", "task": TASK} | more
    made = record(run, created=f"2026-01-{day:02}", model=who, **more)
    store.write_record(out, made, ROWS)
    return made


@pytest.fixture(scope="module")
def written(tmp_path_factory: pytest.TempPathFactory) -> Path:
    tmp_path = tmp_path_factory.mktemp("board")
    first, second = (model_info("clip", checkpoint=f"runs/a/step-{n}") for n in (1, 2))
    hub = model_info("clip", checkpoint="org/clip", revision="abc123")
    write(tmp_path, "20260101-a", 0.9, 1, first)
    write(tmp_path, "20260102-b", 0.5, 2, second)
    write(tmp_path, "20260103-c", 0.6, 3, first)
    write(tmp_path, "20260104-d", 0.7, 4, hub)
    write(tmp_path, "20260105-oracle", 1.0, 5, model_info("oracle"), baseline="oracle")
    write(tmp_path, "20260106-u", 0.1, 6, second, task=OTHER)
    return tmp_path


@pytest.fixture
def board(written: Path, tmp_path: Path) -> Path:
    shutil.copytree(written, tmp_path, dirs_exist_ok=True)
    return tmp_path


@pytest.mark.parametrize(
    ("typed", "task", "run"),
    [
        ("20260101-a", None, "20260101-a"),
        ("20260102", None, "20260102-b"),
        ("latest", None, "20260106-u"),
        ("latest", "t", "20260105-oracle"),
        ("best", "t", "20260101-a"),
        ("best", "u", "20260106-u"),
        ("clip@runs/a/step-1", None, "20260103-c"),
        ("clip@./runs/a/step-1/", "t", "20260103-c"),
        ("clip@runs/a/step-2", "t", "20260102-b"),
        ("clip@runs/a/step-2", "u", "20260106-u"),
        ("clip@org/clip", None, "20260104-d"),
        ("clip@org/clip#abc", None, "20260104-d"),
        ("oracle", None, "20260105-oracle"),
    ],
)
def test_each_form_of_run(board: Path, typed: str, task: str | None, run: str) -> None:
    assert find_run(typed, board, task).record.run == run


def test_a_path_is_a_run(board: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = board / "runs/t/20260101-a.json"
    monkeypatch.chdir(path.parent)
    for typed in (path, path.as_uri(), "20260101-a.json", "../t/20260101-a.json"):
        found = find_run(typed, "elsewhere")
        assert found.record.run == "20260101-a"
        assert store.read_table(found) == ROWS
        assert found.name == "runs/t/20260101-a.json"
        assert found.folder.path(found.name).removeprefix("file://") == str(path)
    with pytest.raises(DataError, match=r"nothing\.json: no such run record"):
        find_run("nothing.json")


def test_a_record_outside_a_board_is_a_run_with_rows_next_to_it(
    board: Path, tmp_path: Path
) -> None:
    for ending in ("json", "parquet"):
        shutil.copy(board / f"runs/t/20260101-a.{ending}", tmp_path / f"copy.{ending}")
    found = find_run(tmp_path / "copy.json", "elsewhere")
    assert (found.record.run, found.name) == ("20260101-a", "copy.json")
    assert store.read_table(found) == ROWS


@pytest.mark.parametrize(
    ("typed", "task", "message"),
    [
        ("clip@runs/a/step-2", None, "several tasks have runs \\(t, u\\); choose one with -t"),
        ("best", None, "several tasks have runs \\(t, u\\); choose one with -t"),
        ("xyz", None, "no run id in .* starts like this, and no run has this model; `mmbench list"),
        ("clip@runs/a/step", None, "did you mean clip@runs/a/step-2, clip@runs/a/step-1"),
        ("orcale", None, "did you mean oracle"),
        ("clip", None, "did you mean clip@runs/a/step-2, clip@org/clip, clip@runs/a/step-1"),
        ("clip@org/clip#abd", None, "no run has this model"),
    ],
)
def test_what_names_no_run_or_several(
    board: Path, typed: str, task: str | None, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        find_run(typed, board, task)
    with pytest.raises(
        DataError, match=r"task 'v' has no runs in .*did you mean t, u\?; `mmbench list runs"
    ):
        find_run(typed, board, "v")


def test_an_ambiguous_beginning_lists_the_candidates(board: Path) -> None:
    with pytest.raises(DataError) as caught:
        find_run("2026010", board)
    first, *rest = str(caught.value).splitlines()
    assert first.startswith("run '2026010': 6 run ids in ")
    assert rest[0].split() == ["20260101-a", "t", "clip@runs/a/step-1"]
    assert len(rest) == 6
    whole = (board / "runs/t/20260101-a.json").read_text()
    for n in range(10, 30):
        (board / f"runs/t/202602{n}.json").write_text(whole.replace("20260101-a", f"202602{n}"))
    with pytest.raises(DataError, match=r"and 16 more$"):
        find_run("2026", board)
    assert find_run("20260101-a", board).record.run == "20260101-a"
    write(board, "20260101-abc", 0.1, 9, model_info("clip"))
    assert find_run("20260101-a", board).record.run == "20260101-a"  # whole, and a beginning


def test_best_is_that_of_comparable_runs_by_the_headlines_direction(tmp_path: Path) -> None:
    lower = msgspec.structs.replace(score_info([0.0, 1.0]), better="lower")
    for day, (run, value, data) in enumerate(
        [("small", 0.01, "e" * 8), ("good", 0.2, "d" * 8), ("bad", 0.3, "d" * 8)], 1
    ):
        scores = {"wer": msgspec.structs.replace(lower, value=value)}
        task = msgspec.structs.replace(TASK, data_hash=data)
        write(tmp_path, run, value, day, model_info(run), scores=scores, headline="wer", task=task)
    assert find_run("best", tmp_path).record.run == "good"
    for typed in ("best", "2026", "clip"):
        with pytest.raises(DataError, match="empty has no runs; `mmbench run"):
            find_run(typed, tmp_path / "empty")
    with pytest.raises(DataError, match="type the id of a run"):  # an empty shell variable
        find_run("", tmp_path)


def test_files_that_are_no_records_do_not_hide_a_run(board: Path) -> None:
    reasons = bad_files(board, "t")
    (board / "runs/t/20260102-x.json").write_bytes(b"")
    found = find_run("20260102", board)
    assert found.record.run == "20260102-b"
    assert len(found.unreadable) == 1
    for typed in ("latest", "clip@runs/a/step-1"):
        assert len(find_run(typed, board, "t").unreadable) == len(reasons) + 1
    with pytest.raises(DataError, match=r"20260102-x\.json: not a run record"):
        find_run("20260102-x", board)


def test_python_programs_are_warned_of_files_that_were_skipped(tmp_path: Path) -> None:
    for run, rate in (("a", 0.2), ("b", 0.9)):
        write_run(tmp_path, run, {"m": coins(60, rate)}, name=run, created=f"2026-01-01-{run}")
    (tmp_path / "runs/t/bad.json").write_bytes(b"")
    skipped = r"skipped 1 file that cannot be read:\n.*bad\.json: not a run record"
    with pytest.warns(UserWarning, match=skipped) as caught:
        assert compare("a", "latest", out=tmp_path).comparison.scores[0].verdict == "better"
        assert gate("a", "latest", ["m: 1%"], out=tmp_path)[0].outcome == "pass"
        assert len(history("t", out=tmp_path)[1]) == 2
    assert [warning.filename for warning in caught] == [__file__] * 3


def test_every_command_takes_every_form(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_run(tmp_path, "a", {"m": coins(60, 0.2)}, name="x")
    write_run(tmp_path, "b2", {"m": coins(60, 0.9)}, name="y")
    (tmp_path / "runs/t/bad.json").write_bytes(b"")
    out = ["--out", str(tmp_path)]
    assert main(["compare", "x", "latest", "-t", "t", "--json", *out]) == 0
    told = capsys.readouterr()
    (pair,) = json.loads(told.out)
    assert (pair["baseline"], pair["candidate"]) == ("a", "b2")
    assert "warning: skipped 1 file that cannot be read" in told.err
    assert "bad.json" in told.err
    assert main(["gate", "--baseline", "best", "--candidate", "x", "--fail-if", "m: 0", *out]) == 1
    assert main(["show", "run", "best", "-t", "t", "--json", *out]) == 0
    assert '"run": "b2"' in capsys.readouterr().out
    assert "task 'u' has no runs in" in refusal(capsys, "rescore", "y", "-t", "u", *out)
