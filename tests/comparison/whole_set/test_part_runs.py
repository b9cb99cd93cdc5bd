"""Runs on a part of the samples, next to runs on all samples: compared, but never listed."""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

import pytest
from msgspec.structs import replace

from mmbench.cli.output.ranking.table import ranking_lines
from mmbench.comparison.compare import compare_runs
from mmbench.comparison.gate import gate
from mmbench.comparison.history import history
from mmbench.comparison.intervals import comparison_without_rows
from mmbench.comparison.power.plan import plan
from mmbench.comparison.ranking.ranking import rankings
from mmbench.comparison.replicates.selection import replicated_runs
from mmbench.engine.recording.published import compare_published
from mmbench.errors import DataError, UserError
from mmbench.reports.board import build
from mmbench.reports.command import repeat_command
from mmbench.reports.exports.caveats import refuse_caveats
from mmbench.reports.groups.table import group_table
from mmbench.reports.pages.board_tables import data_statement
from mmbench.reports.sections import other_data
from mmbench.reports.selection import whole_board
from mmbench.storage.run_lookup import find_run
from mmbench.storage.run_patterns import find_matching_runs
from mmbench.task_groups import GroupTask, TaskGroup
from mmbench.types import LIMITED, Published, RunRecord, TaskInfo, TaskSpec
from tests.comparison.whole_set.test_estimates import (
    CANDIDATE,
    DRAWN,
    IDS,
    PART_TASK,
    ROWS,
    WHOLE_TASK,
    N,
    baseline_run,
    part_run,
)
from tests.support.boards import TASK, coins, model_info, write_run

LIMITED_TASK = replace(TASK, data_hash="l" * 8, data={"sample": 50})
EXTENT = f"{DRAWN} of {N} samples, drawn at random"


@pytest.fixture
def runs(tmp_path: Path) -> tuple[RunRecord, RunRecord]:
    return baseline_run(tmp_path).record, part_run(tmp_path).record


def test_common_samples_are_compared_and_the_comparison_says_so(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    for pair in (runs, runs[::-1]):
        (found,) = compare_runs(pair, out=tmp_path)
        (score,) = found.scores
        assert (score.n, score.failed) == (DRAWN, (0, 0, 0))
        assert found.notes == [
            f"run part is on {EXTENT}: compared on the samples that both runs have"
        ]
    (verdict,) = gate(*runs, ["exact_match: 50%"], out=tmp_path)
    assert EXTENT in verdict.message


def test_a_part_that_stopped_by_its_results_is_marked_in_comparisons(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    assert PART_TASK.part is not None
    stopped = replace(PART_TASK, part=replace(PART_TASK.part, stopped="fail: exact_match"))
    pair = runs[0], part_run(tmp_path, task=stopped).record
    (verdict,) = gate(*pair, ["exact_match: 50%"], out=tmp_path)
    assert f"{EXTENT}, stopped by its own results" in verdict.message


def test_a_comparison_warns_of_a_run_that_stopped_because_of_its_result(tmp_path: Path) -> None:
    assert PART_TASK.part is not None
    stopped = replace(PART_TASK.part, stopped="fail: exact_match, allowed 1%, against base")
    pair = baseline_run(tmp_path), part_run(tmp_path, task=replace(PART_TASK, part=stopped))
    warning = r"stopped when its verdict was known \(fail: exact_match.*: use the verdict itself"
    (found,) = compare_runs(pair, out=tmp_path)
    assert re.search(warning, found.notes[0])
    (verdict,) = gate(*pair, ["exact_match: 50%"], out=tmp_path)
    assert re.search(warning, verdict.message)


def test_rows_that_depend_on_the_set_are_not_compared(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    idf = [
        replace(
            one, scores={"exact_match": replace(one.scores["exact_match"], signature="idf=yes")}
        )
        for one in runs
    ]
    (score,) = compare_runs(idf, out=tmp_path)[0].scores
    assert score.verdict == "no test"
    assert score.reason.startswith("its rows depend on all evaluated samples")
    (ranking,) = rankings(idf, out=tmp_path)
    assert ranking.reason == score.reason
    assert [run.rank for run in ranking.runs] == [None, None]


def test_a_part_of_other_data_is_refused(tmp_path: Path) -> None:
    assert PART_TASK.part is not None
    other = replace(PART_TASK, part=replace(PART_TASK.part, data_hash="other"))
    pair = baseline_run(tmp_path).record, part_run(tmp_path, task=other).record
    with pytest.raises(UserError, match=r"data dddddddd \(200 samples\) against other \(200 sam"):
        compare_runs(pair, out=tmp_path)


def test_intervals_and_groups_of_tasks_refuse_a_part(runs: tuple[RunRecord, RunRecord]) -> None:
    with pytest.raises(UserError, match="cannot be compared: data"):
        comparison_without_rows(*runs, "rows are missing")


def test_no_board_page_or_history_lists_a_part(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    build(str(tmp_path))
    text = "".join((tmp_path / name).read_text() for name in ("t.md", "t.csv", "README.md"))
    assert "base" in text
    assert "part" not in text
    assert [run.record.run for run in whole_board(str(tmp_path)).runs] == ["base"]
    assert [point.run for point in history("t", out=tmp_path)[1]] == ["base"]
    column = group_table(TaskGroup("g", (GroupTask("t"),)), {"t": runs})
    assert [row.runs for row in column.rows] == [["base"]]


def test_best_and_a_model_prefer_runs_on_all_samples(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    assert find_run("best", tmp_path, "t").record.run == "base"
    assert find_run("m", tmp_path, "t").record.run == "base"
    assert find_run("part", tmp_path).record.task.part == runs[1].task.part


def limited(out: Path, run: str, task: TaskInfo, notes: Sequence[str] = ()) -> None:
    later = "2026-01-01T00:00:09.000+00:00"
    model = model_info(hash="base")
    values = {"exact_match": CANDIDATE[:50]}
    write_run(out, run, values, model=model, task=task, notes=[*notes], created=later)


@pytest.mark.parametrize("how", ["protocol", "note"])
def test_best_a_model_and_a_pattern_prefer_runs_without_a_limit(tmp_path: Path, how: str) -> None:
    protocol = {"sample": N} if how == "protocol" else {}
    notes = [f"{LIMITED}50 of 200 samples"] if how == "note" else []
    baseline_run(tmp_path)
    limited(tmp_path, "few", replace(LIMITED_TASK, protocol=protocol), notes)
    assert find_run("latest", tmp_path).record.run == "few"
    assert find_run("best", tmp_path, "t").record.run == "base"
    assert find_run("m", tmp_path, "t").record.run == "base"
    assert [run.record.run for run in find_matching_runs("m*", tmp_path)] == ["base"]


def test_a_plan_is_made_from_runs_on_all_samples(tmp_path: Path) -> None:
    baseline_run(tmp_path)
    write_run(tmp_path, "other", {"exact_match": CANDIDATE}, ids=IDS, task=WHOLE_TASK)
    part_run(tmp_path)
    limited(tmp_path, "few", replace(LIMITED_TASK, protocol={"sample": N}))
    found = plan("t", out=tmp_path)
    assert (found.samples, len(found.pairs)) == (N, 1)
    with pytest.raises(UserError, match=f"run part is on {EXTENT}; give a run on all samples"):
        plan("t", baseline="part", out=tmp_path)


def test_a_plan_is_not_made_from_a_part(tmp_path: Path) -> None:
    part_run(tmp_path)
    with pytest.raises(UserError, match=f"run part is on {EXTENT}; give a run on all samples"):
        plan("t", out=tmp_path)


def test_replicates_are_runs_on_all_samples(tmp_path: Path) -> None:
    for seed in (0, 1):
        model = model_info(checkpoint=f"a/seed-{seed}", hash=f"{seed}")
        whole = {"exact_match": coins(N, 0.5, seed)}
        write_run(tmp_path, f"whole{seed}", whole, ids=IDS, task=WHOLE_TASK, model=model)
        some = {"exact_match": [CANDIDATE[row] for row in ROWS]}
        ids, later = [IDS[row] for row in ROWS], "2026-01-01T00:00:09.000+00:00"
        write_run(tmp_path, f"p{seed}", some, ids=ids, task=PART_TASK, model=model, created=later)
    found = replicated_runs("seed-*", tmp_path, "t")
    assert sorted(run.record.run for run in found) == ["whole0", "whole1"]


def test_ranks_are_those_of_the_common_samples_and_say_so(
    tmp_path: Path, runs: tuple[RunRecord, RunRecord]
) -> None:
    third = write_run(tmp_path, "third", {"exact_match": coins(N, 0.5)}, ids=IDS, task=WHOLE_TASK)
    (found,) = rankings([*runs, third], out=tmp_path)
    note = f"run part is on {EXTENT}: compared on the samples that all runs have"
    assert (found.n, found.excluded, found.notes) == (DRAWN, 0, [note])
    assert note in ranking_lines(found, [*runs, third], None)
    idf = [
        replace(
            one, scores={"exact_match": replace(one.scores["exact_match"], signature="idf=yes")}
        )
        for one in (*runs, third)
    ]
    (found,) = rankings(idf, out=tmp_path)
    assert found.reason.startswith("its rows depend on all evaluated samples")


def test_a_task_with_only_parts_has_no_page_and_no_history(tmp_path: Path) -> None:
    part_run(tmp_path)
    assert build(str(tmp_path)).pages == []
    assert find_run("best", tmp_path, "t").record.run == "part"
    with pytest.raises(DataError, match=r"all runs of t in .* are on a part of the samples"):
        history("t", out=tmp_path)


def test_a_part_is_exported_only_with_its_caveat(runs: tuple[RunRecord, RunRecord]) -> None:
    assert other_data(runs[1]) == f"not comparable with runs on all samples: {EXTENT}"
    assert data_statement(runs[1]) == ("a part of the samples", EXTENT, "warn")
    with pytest.raises(DataError, match=f"run part: {EXTENT}; repeat with --anyway"):
        refuse_caveats(runs)


def test_published_scores_are_not_compared_with_a_part(runs: tuple[RunRecord, RunRecord]) -> None:
    known = Published("m", {"exact_match": sum(CANDIDATE) / N}, "a paper")
    spec = TaskSpec("t", "exact_match", {}, {}, ["exact_match"], "exact_match", published=[known])
    (entry,) = compare_published(spec, "m", runs[1].scores, runs[1].task, 0)
    assert entry.verdict == f"not comparable: {EXTENT}"


def test_the_command_repeats_the_part(runs: tuple[RunRecord, RunRecord]) -> None:
    assert f"--budget {DRAWN}" in repeat_command(runs[1]).text
