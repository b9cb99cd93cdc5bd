"""Runs compared with one run of their table, by rows or by intervals."""

from pathlib import Path

import pytest

from mmbench.comparison.compare import compare_runs
from mmbench.comparison.standings import Standing, standings
from mmbench.storage.records import StoredRun, stored_run
from tests.support.boards import coins, plain_score, record, write_run

SHARES = {"best": 0.9, "near": 0.89, "far": 0.5}


@pytest.fixture
def runs(tmp_path: Path) -> list[StoredRun]:
    made = [write_run(tmp_path, run, {"acc": coins(400, share)}) for run, share in SHARES.items()]
    return [stored_run(one, tmp_path) for one in made]


def test_verdicts_and_p_values_are_those_of_compare(runs: list[StoredRun]) -> None:
    unreadable: list[str] = []
    found = standings(runs, runs[0], unreadable=unreadable)
    assert {name: one.verdict for name, one in found.items()} == {
        "best": "reference", "near": "no difference", "far": "worse",
    }  # fmt: skip
    pairs = compare_runs([runs[0], runs[2]])
    (score,) = pairs[0].scores
    far = found["far"]
    assert (far.difference, far.low, far.high) == (score.difference, score.low, score.high)
    assert far.p_holm == 2 * score.p_value  # corrected over the two tests of the table
    assert far.by == "rows"
    assert unreadable == []


def test_without_rows_only_intervals_that_are_apart_decide(runs: list[StoredRun]) -> None:
    for run in runs[1:]:
        Path(run.folder.path(run.rows_name)).unlink()
    unreadable: list[str] = []
    found = standings(runs, runs[0], unreadable=unreadable)
    assert (found["far"].verdict, found["far"].by, found["far"].p_holm) == (
        "worse", "intervals", None,
    )  # fmt: skip
    assert found["near"].verdict == "no test"
    assert found["near"].reason == "rows are missing, and the intervals overlap"
    assert unreadable == []  # git keeps the rows of few runs: nothing is wrong


def test_rows_that_cannot_be_read_are_reported_once(runs: list[StoredRun]) -> None:
    Path(runs[2].folder.path(runs[2].rows_name)).write_bytes(b"no rows")
    unreadable: list[str] = []
    found = standings(runs, runs[0], unreadable=unreadable)
    assert found["far"].by == "intervals"
    assert found["near"].by == "rows"
    assert len(unreadable) == 1


def test_rows_of_another_run_are_not_compared(runs: list[StoredRun]) -> None:
    far, near = (Path(run.folder.path(run.rows_name)) for run in (runs[2], runs[1]))
    far.write_bytes(near.read_bytes())
    unreadable: list[str] = []
    found = standings(runs, runs[0], unreadable=unreadable)
    assert found["far"].by == "intervals"
    assert "the rows belong to another run" in unreadable[0]


def test_runs_without_a_value_or_an_interval_have_a_reason(tmp_path: Path) -> None:
    made = [record("a"), record("b", None), record("c", 0.2)]
    made.append(record("d", scores={"other": plain_score()}))
    runs = [stored_run(one, tmp_path) for one in made]
    found = standings(runs, runs[0], unreadable=[])
    assert found["b"] == Standing("b", "no test", reason="no value")
    assert found["d"] == Standing("d", "no test", reason="no value")
    assert (found["c"].verdict, found["c"].reason) == ("no test", "no interval")
    assert found["c"].difference == pytest.approx(-0.3)
