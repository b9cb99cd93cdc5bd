"""Ranks of runs with stored rows, as the command, as JSON and from Python."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import mmbench
from mmbench.cli import main
from mmbench.comparison.ranking.ranking import rankings
from mmbench.comparison.ranking.result import Ranking
from mmbench.errors import DataError, UserError
from mmbench.stats.ranking.joint_test import joint_draws, significantly_better
from mmbench.stats.ranking.ranks import best_set, rank_intervals
from tests.support.boards import coins, model_info, plain_score, write_record_alone, write_run
from tests.support.command_line import refusal
from tests.support.paths import ROOT

# The chances are those of coins that fall alike: a run with a larger one is right more often.
SHARES = {"low": 0.3, "top": 0.8, "near": 0.78, "twin": 0.78}


@pytest.fixture
def board(tmp_path: Path) -> Path:
    for run, share in SHARES.items():
        seconds = {"load": 9.0, "embed text": share / 2, "embed image": share / 2}
        changes: dict[str, Any] = {"seconds": seconds, "name": f"model-{run}"}
        write_run(tmp_path, run, {"em": coins(200, share)}, **changes)
    return tmp_path


def rank(board: Path, *runs: str, **options: Any) -> Ranking:
    (ranking,) = rankings(runs or list(SHARES), out=board, **options)
    return ranking


def test_ranks_are_those_of_the_joint_test(board: Path) -> None:
    found = rank(board)
    tables = [np.array(coins(200, share))[:, None] for share in SHARES.values()]
    joint = joint_draws("mean", tables, [f"s{i:04}" for i in range(200)], better="higher")
    assert joint is not None
    low, high = rank_intervals(significantly_better(joint, 0.95))
    among = best_set(joint, 0.95)
    by_run = {run.run: run for run in found.runs}
    for at, run in enumerate(SHARES):
        ends = by_run[run].rank_low, by_run[run].rank_high
        assert ends == (low[at], high[at])
        assert by_run[run].among_best == among[at]
    assert [run.run for run in found.runs] == ["top", "near", "twin", "low"]
    assert [run.rank for run in found.runs] == [1, 2, 2, 4]
    assert found.runs[0].name == "model-top"
    assert (found.n, found.groups, found.excluded, found.method) == (200, 200, 0, "random signs")


def test_the_order_of_the_runs_does_not_matter(board: Path) -> None:
    found = rank(board, "twin", "low", "near", "top")
    assert {run.run: run for run in found.runs} == {run.run: run for run in rank(board).runs}


def test_lower_may_be_better(tmp_path: Path) -> None:
    for run, share in SHARES.items():
        write_run(tmp_path, run, {"wer": coins(200, share)}, better="lower")
    found = rank(tmp_path)
    assert found.runs[0].run == "low"
    assert [run.among_best for run in found.runs] == [True, False, False, False]
    assert found.corrected is not None and found.corrected >= found.runs[0].value  # type: ignore[operator]


def test_samples_that_failed_in_one_run_are_excluded_from_all(board: Path) -> None:
    values: list[float | None] = [*coins(200, 0.5)]
    values[7] = values[8] = None
    write_run(board, "gaps", {"em": values})
    found = rank(board, "gaps", "top", "low")
    assert (found.n, found.excluded) == (198, 2)
    kept = [value for at, value in enumerate(coins(200, 0.8)) if at not in (7, 8)]
    assert found.runs[0].value == pytest.approx(np.mean(kept))


def test_runs_without_a_value_come_last(board: Path) -> None:
    write_run(board, "empty", {"em": [None] * 200})
    found = rank(board, "empty", "top", "low")
    assert [(run.run, run.rank) for run in found.runs] == [("top", 1), ("low", 2), ("empty", None)]
    assert found.excluded == 0


def test_without_rows_per_sample_there_are_no_ranks(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for at, run in enumerate("abc"):
        scores = {"fid": plain_score(3.0 + at, better="lower", fold="whole")}
        write_run(tmp_path, run, {"em": coins(20, 0.5)}, scores=scores, headline="fid")
    found = rank(tmp_path, "c", "a", "b")
    assert [run.run for run in found.runs] == ["a", "b", "c"]
    assert (found.reason, found.runs[0].rank) == ("no rows per sample", None)
    assert main(["compare", "a", "b", "c", "--out", str(tmp_path)]) == 0
    assert "no ranks: no rows per sample" in capsys.readouterr().out


def test_records_alone_are_refused(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (board / "runs/t/low.parquet").unlink()
    with pytest.raises(DataError, match="low"):
        rank(board)
    assert "low" in refusal(capsys, "compare", *SHARES, "--out", str(board))


def test_the_command_prints_ranks_and_the_best(
    board: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["compare", *SHARES, "--out", str(board)]) == 0
    out = capsys.readouterr().out
    lines = [line.split() for line in out.splitlines() if line.endswith(tuple(SHARES))]
    assert [line[-1] for line in lines] == [
        f"model-{run}" for run in ("top", "near", "twin", "low")
    ]
    assert "4" in lines[-1] and "no" in lines[-1]
    assert "The best of 4 runs is" in out
    assert "baseline" not in out  # pairs are printed on request


def test_pairs_are_printed_on_request(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    base = ["compare", "top", "near", "low", "--out", str(board), "--pairs"]
    assert main([*base, "all"]) == 0
    out = capsys.readouterr().out
    assert "p corrected (Holm) over 3 tests" in out and "share a letter" in out
    assert main([*base, "baseline", "--correction", "by"]) == 0
    out = capsys.readouterr().out
    assert "p corrected (Benjamini-Yekutieli, false discovery rate) over 2 tests" in out
    assert "p (BY)" in out and "share a letter" not in out


def test_json_is_the_rankings(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", *SHARES, "--json", "--out", str(board)]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert (found["metric"], found["runs"][0]["run"], found["runs"][3]["rank_low"]) == (
        "em",
        "top",
        4,
    )


@pytest.mark.parametrize("flag", [["--pairs", "all"], ["--cost", "seconds"], ["--plot", "x.svg"]])
def test_two_runs_have_no_ranks(
    board: Path, flag: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    message = refusal(capsys, "compare", "top", "low", "--out", str(board), *flag)
    assert f"{flag[0]} needs three or more runs" in message


def test_the_front_of_value_and_seconds(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    found = rank(board, cost="seconds")
    assert [(run.run, run.front) for run in found.runs] == [
        ("top", "yes"), ("near", "yes"), ("twin", "yes"), ("low", "yes"),
    ]  # fmt: skip
    assert found.runs[0].cost == pytest.approx(1000 * 0.8 / 10)  # a record of 10 samples
    slow = {"load": 0.0, "embed text": 5.0, "embed image": 5.0}
    write_run(board, "slow", {"em": coins(200, 0.5)}, seconds=slow)
    cached = {"samples": 10, "failed": 0, "requests": 10, "computed": 0, "cached": 10}
    write_run(board, "cached", {"em": coins(200, 0.9)}, counts=cached)
    fronts = {run.run: run for run in rank(board, "slow", "top", "cached", cost="seconds").runs}
    assert (fronts["slow"].front, fronts["slow"].cheaper) == ("no", "top")
    assert (fronts["cached"].front, fronts["cached"].cost) == (None, None)
    runs = ["slow", "top", "cached"]
    assert main(["compare", *runs, "--cost", "seconds", "--out", str(board)]) == 0
    out = capsys.readouterr().out
    assert "no seconds in the record (its outputs came from the cache)" in out
    assert "surpassed by model-top" in out


@pytest.mark.parametrize("cost", [[], ["--cost", "seconds"]])
def test_a_plot(board: Path, cost: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("matplotlib", reason="the extra `plot` is not installed")
    file = board / "ranks.svg"
    assert main(["compare", *SHARES, *cost, "--plot", str(file), "--out", str(board)]) == 0
    assert file.read_bytes().startswith(b"<?xml")
    cached = {"samples": 10, "failed": 0, "requests": 10, "computed": 0, "cached": 10}
    for run in "xyz":
        write_run(board, run, {"em": coins(40, 0.9)}, counts=cached)
    if cost:
        message = refusal(
            capsys, "compare", *"xyz", *cost, "--plot", str(file), "--out", str(board)
        )
        assert "nothing to draw: no record has seconds" in message


def test_ranks_from_python(board: Path) -> None:
    found = mmbench.rank(list(SHARES), out=board, cost="seconds")
    assert found.ranking == rank(board, cost="seconds")
    assert found.best == [run.run for run in found.ranking.runs if run.among_best]
    assert found.runs.loc["low", "rank"] == 4
    assert "model-top" in repr(found)
    with pytest.raises(UserError, match="at least two runs"):
        mmbench.rank(["top"], out=board)


def test_runs_with_one_name_are_told_apart(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for run in "abc":
        hostile = model_info("m\x1b[2J", hash=run)
        write_run(tmp_path, run, {"em": coins(50, 0.5)}, model=hostile)
    main(["compare", *"abc", "--out", str(tmp_path)])
    out = capsys.readouterr().out
    assert "\x1b" not in out
    assert "The best of 3 runs may be any of them (95 %)." in out
    assert all(any(line.endswith(f"  {run}") for line in out.splitlines()) for run in "abc")


def test_runs_of_this_repository() -> None:
    """The two runs with rows: the better one is the best, and its rank is certain."""
    board = ROOT / "leaderboards"
    runs = ["20261128-144317-llava-nano-35c4be", "20261128-144048-unified-nano-7cc116"]
    found = rank(board, *runs)
    assert [(run.name, run.rank_low, run.rank_high) for run in found.runs] == [
        ("unified-nano", 1, 1), ("llava-nano", 2, 2),
    ]  # fmt: skip


def test_a_record_without_rows_says_what_is_missing(board: Path) -> None:
    write_record_alone(board, rankless(board))
    with pytest.raises(DataError, match="rows"):
        rank(board, "alone", "top", "low")


def rankless(board: Path) -> mmbench.RunRecord:
    from msgspec.structs import replace

    from mmbench.storage.run_lookup import find_run

    return replace(find_run("top", board).record, run="alone")
