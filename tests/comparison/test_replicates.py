"""`compare --replicates`: methods, their runs, their differences, and what is refused."""

import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.comparison.replicates.comparison import compare_replicates
from mmbench.comparison.replicates.grouping import methods
from mmbench.comparison.replicates.result import ReplicateComparison
from mmbench.comparison.replicates.selection import replicated_runs
from mmbench.errors import DataError, UserError
from mmbench.stats.replicates import seed_difference
from mmbench.storage.records import stored_run
from mmbench.storage.run_patterns import find_matching_runs
from tests.support.boards import TASK, model_info, record, write_record_alone, write_run
from tests.support.command_line import refusal
from tests.support.paths import ROOT

SEEDS = "seed-*"


def add_run(out: Path, checkpoint: str | None, values: Any, name: str = "m", **changes: Any) -> str:
    """Write a run of a checkpoint, or of options, that is later than the runs on the board."""
    number = len(list(out.glob("runs/t/*.json")))
    run = f"run{number:02}"
    options = changes.pop("options", {})
    model = model_info(name, hash=run, checkpoint=checkpoint, options=options)
    base = {"model": model, "created": f"2026-01-01T00:00:{number:02}.000+00:00"}
    write_run(out, run, {"em": values}, **(base | changes))
    return run


def seeded(values: np.random.Generator, chance: float, n: int = 120) -> list[float | None]:
    return [float(value) for value in values.random(n) < chance]


@pytest.fixture
def board(tmp_path: Path) -> Path:
    """Methods `a` at two steps with 3 seeds, `b` with 2 seeds, and `c` with one."""
    rng = np.random.default_rng(0)
    for seed in (10, 9, 2):
        for step, chance in ((100, 0.3), (200, 0.7)):
            add_run(tmp_path, f"runs/a/seed-{seed}/step-{step}", seeded(rng, chance))
    for seed in (2, 9):
        add_run(tmp_path, f"runs/b/seed-{seed}/step-200", seeded(rng, 0.5))
    add_run(tmp_path, "runs/c/seed-2/step-200", seeded(rng, 0.5))
    return tmp_path


def compared(out: Path, *patterns: str, key: str = SEEDS, **options: Any) -> ReplicateComparison:
    runs = [run for one in patterns for run in find_matching_runs(one, out)]
    return compare_replicates(runs, key, **options)


def test_runs_are_grouped_by_what_is_equal_apart_from_the_key(board: Path) -> None:
    found = methods(find_matching_runs("m@runs/a*", board), SEEDS)
    assert [method.name for method in found] == [
        "m@runs/a/seed-*/step-100",
        "m@runs/a/seed-*/step-200",
    ]
    assert list(found[0].runs) == ["2", "9", "10"]  # natural order
    checkpoints = {run.record.model.checkpoint for run in found[1].runs.values()}
    assert checkpoints == {f"runs/a/seed-{seed}/step-200" for seed in (2, 9, 10)}


@pytest.mark.parametrize(
    ("key", "checkpoint", "method", "value"),
    [
        ("seed-*", "runs/a/seed-0/step-4", "runs/a/seed-*/step-4", "0"),
        ("seed-*", "x-seed-0-lr-3", "x-seed-*-lr-3", "0"),
        ("seed*", "runs/seeds/llava-seed1/step-4", "runs/seeds/llava-seed*/step-4", "1"),
        ("run_*_of", "runs/run_b_of", "runs/run_*_of", "b"),
    ],
)
def test_a_pattern_stands_for_letters_and_digits(
    tmp_path: Path, key: str, checkpoint: str, method: str, value: str
) -> None:
    made = record(model=model_info(checkpoint=checkpoint))
    (found,) = methods([stored_run(made, tmp_path)], key)
    assert (found.name, list(found.runs)) == (f"m@{method}", [value])


def test_a_key_may_be_an_option_or_the_seed_of_the_run(tmp_path: Path) -> None:
    rng = np.random.default_rng(1)
    for seed in (1, 2):
        for heat in (0.5, 1.0):
            options = {"seed": seed, "temperature": heat}
            add_run(tmp_path, "w", seeded(rng, heat / 2), options=options)
    found = compared(tmp_path, "m@*", key="seed")
    assert [method.name for method in found.methods] == [
        "m@w (seed=*, temperature=0.5)",
        "m@w (seed=*, temperature=1.0)",
    ]
    assert not found.differences[0].paired  # one checkpoint: these are no common trainings
    plain = [
        stored_run(record(f"r{seed}", seed=seed, model=model_info(hash="h")), tmp_path)
        for seed in (0, 1, 2)
    ]
    assert list(methods(plain, "seed")[0].runs) == ["0", "1", "2"]


def test_the_latest_run_of_a_replicate_counts(board: Path) -> None:
    again = add_run(board, "runs/b/seed-2/step-200", [1.0] * 120)
    found = methods(find_matching_runs("m@runs/b*", board), SEEDS)
    assert found[0].runs["2"].record.run == again


def test_a_difference_has_the_numbers_of_the_statistics(board: Path) -> None:
    found = compared(board, "m@runs/b/*", "m@runs/a/*/step-200")
    (difference,) = found.differences
    one, other = (np.array(list(score.values.values())) for score in found.scores)
    assert difference.difference == pytest.approx(other.mean() - one.mean())
    assert difference.verdict == "better" if difference.p_holm <= 0.05 else "no difference"
    assert difference.low is not None and difference.high is not None
    assert difference.noise == pytest.approx((difference.high - difference.low) / 2)
    assert (difference.replicates, difference.paired) == ((2, 3), False)
    assert found.scores[0].between == pytest.approx(one.std(ddof=1))
    assert found.samples == {"em": 120} == found.groups
    # independent samples within a method: its test error is far below that of a single run
    assert found.scores[0].test_error < 0.045
    assert 0 < difference.replicate_share <= 1


def test_steps_of_the_same_trainings_are_paired(board: Path) -> None:
    (found,) = compared(board, "m@runs/a*").differences
    assert (found.paired, found.verdict, found.replicates) == (True, "better", (3, 3))
    several = compared(board, "m@runs/b*", "m@runs/a/*/step-200", paired=True).differences[0]
    assert (several.paired, several.replicates) == (True, (2, 2))  # the seeds 2 and 9
    with pytest.raises(UserError, match="fewer than two common values"):
        compared(board, "m@runs/a/*/step-200", "m@runs/c*", paired=True)


def test_a_method_with_one_run_is_not_tested(board: Path) -> None:
    found = compared(board, "m@runs/b*", "m@runs/c*")
    (difference,) = found.differences
    assert (difference.verdict, difference.low, difference.p_value) == ("no test", None, None)
    assert difference.reason.endswith("has one run: this compares checkpoints, not methods")
    with pytest.raises(UserError, match="no method has two runs"):
        compared(board, "m@runs/c*")


def test_without_rows_the_interval_is_for_new_seeds_alone(board: Path) -> None:
    with_rows = compared(board, "m@runs/b*", "m@runs/a/*/step-200").differences[0]
    for rows in board.rglob("*.parquet"):
        rows.unlink()
    found = compared(board, "m@runs/b*", "m@runs/a/*/step-200")
    (difference,) = found.differences
    assert difference.fixed_test_set and not with_rows.fixed_test_set
    assert (difference.replicate_share, found.samples) == (None, {})
    values = [np.array(list(score.values.values())) for score in found.scores]
    wanted = seed_difference(*values, None, 0)
    assert (difference.low, difference.high) == (wanted.low, wanted.high)
    assert difference.difference == pytest.approx(with_rows.difference)


def test_samples_that_failed_in_a_run_are_excluded_from_all(tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    stored = []
    for name, chance in (("a", 0.4), ("b", 0.6)):
        for seed in (0, 1):
            values = seeded(rng, chance, 50)
            values[7 * seed] = None if name == "a" else values[7 * seed]
            add_run(tmp_path, f"{name}/seed-{seed}", values)
            stored.append(values)
    found = compared(tmp_path, "m@*")
    assert (found.samples, found.excluded) == ({"em": 48}, {"em": 2})
    kept = [at for at in range(50) if at not in (0, 7)]
    means = [np.mean([values[at] for at in kept]) for values in stored]
    assert [v for score in found.scores for v in score.values.values()] == pytest.approx(means)


def test_runs_that_are_not_comparable_are_refused(board: Path) -> None:
    other = replace(TASK, data_hash="e" * 8)
    add_run(board, "runs/d/seed-1/step-200", [1.0] * 120, task=other)
    add_run(board, "runs/d/seed-2/step-200", [1.0] * 120, task=other)
    with pytest.raises(UserError, match="cannot be compared"):
        compared(board, "m@runs/d*", "m@runs/b*")
    # without names, the runs that are comparable with the latest
    kept = replicated_runs(SEEDS, board, "t")
    assert {run.record.task.data_hash for run in kept} == {"e" * 8}


def test_without_names_all_methods_with_two_runs_are_compared(board: Path) -> None:
    found = methods(replicated_runs(SEEDS, board, None), SEEDS)
    assert [len(method.runs) for method in found] == [3, 3, 2]
    with pytest.raises(UserError, match="two comparable runs"):
        replicated_runs("c/seed-*", board, "t")


def test_a_pattern_of_runs(board: Path) -> None:
    found = find_matching_runs("m@runs/a/seed-*/step-200", board)
    places = [run.record.model.checkpoint for run in found]
    assert places == [f"runs/a/seed-{seed}/step-200" for seed in (2, 9, 10)]
    assert find_matching_runs("run03", board)[0].record.run == "run03"
    with pytest.raises(DataError, match="has a model that matches"):
        find_matching_runs("m@runs/x*", board)


def test_the_command(board: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["compare", "--replicates", SEEDS, "--out", str(board)]) == 0
    text = capsys.readouterr().out
    assert "C  m@runs/b/seed-*/step-200  seeds 2, 9" in text
    assert "seeds paired: B - A" in text and "seeds independent: C - A, C - B" in text
    assert "B - A: with 3 seeds each, a difference below" in text
    names = ["m@runs/b/*", "m@runs/c/*"]
    assert main(["compare", *names, "--replicates", SEEDS, "--out", str(board)]) == 4
    assert "this compares checkpoints, not methods" in capsys.readouterr().out
    assert main(["compare", "--replicates", SEEDS, "--out", str(board), "--json"]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    assert len(found["differences"]) == 3 and found["key"] == SEEDS


@pytest.mark.parametrize(
    ("typed", "words"),
    [
        (["--replicates", "lr"], "no run has this model option (the options are none)"),
        (["--replicates", "lr-*"], "no checkpoint contains it; the checkpoints are runs/a/seed-"),
        (["--replicates", "*"], "write one * and the text next to it"),
        (["--replicates", SEEDS, "--judge", "m"], "give one of them"),
        (["run00", "run01", "--paired"], "--paired needs --replicates KEY"),
        ([], "compare needs at least two runs"),
    ],
)
def test_refusals(
    board: Path, capsys: pytest.CaptureFixture[str], typed: list[str], words: str
) -> None:
    assert words in refusal(capsys, "compare", *typed, "--out", str(board))


def test_committed_records_without_rows(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    """The seeds 1 and 2 of leaderboards/seeds, next to an invented method at other values."""
    source = ROOT / "leaderboards/seeds/runs/shapes-motion"
    shutil.copytree(source, tmp_path / "runs/shapes-motion")
    runs = find_matching_runs("video-nano@*", tmp_path)
    for at, run in enumerate(runs):
        accuracy = run.record.scores["accuracy@1"]
        lower = replace(
            accuracy, value=(accuracy.value or 0) - 0.4 - 0.01 * at, low=None, high=None
        )
        model = model_info("other", checkpoint=f"o-seed{at}", hash=f"o{at}")
        changed = {"scores": {"accuracy@1": lower}, "model": model, "run": f"other{at}"}
        write_record_alone(tmp_path, replace(run.record, **changed))
    command = ["compare", "--replicates", "seed*", "--out", str(tmp_path), "--metric", "accuracy@1"]
    assert main([*command, "-t", "shapes-motion"]) == 0
    text = capsys.readouterr().out
    assert "video-nano@runs/seeds/video-nano-seed*/step-1400  seeds 1, 2" in text
    assert "on these same samples, because rows are missing: accuracy@1" in text
    assert "0.6760" in text  # (0.590 + 0.762) / 2, by leaderboards/seeds/shapes-motion.md
