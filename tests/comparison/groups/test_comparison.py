"""Two models over a group: the mean of the paired differences, by hand."""

from __future__ import annotations

from pathlib import Path

import pytest
from msgspec.structs import replace

from mmbench.comparison.groups.comparison import compare_group
from mmbench.errors import DataError, UserError
from mmbench.task_groups import GroupTask, TaskGroup
from tests.support.boards import TASK, coins, model_info, write_run

GROUP = TaskGroup("g", (GroupTask("t"), GroupTask("u", weight=2)))


def write(out: Path, task: str, model: str, values: list[float], **more: object) -> None:
    named = replace(TASK, name=task, fingerprint=task, data_hash=task)
    write_run(out, f"{task}-{model}", {"recall@1": values}, task=named,
              model=model_info(model, hash=model), **more)  # type: ignore[arg-type]  # fmt: skip


def write_board(out: Path, better: float) -> None:
    for task, n in (("t", 100), ("u", 300)):
        write(out, task, "base", coins(n, 0.5))
        write(out, task, "new", coins(n, 0.5 + better))


def test_the_mean_difference(tmp_path: Path) -> None:
    write_board(tmp_path, 0.2)
    found = compare_group("base", "new", GROUP, out=tmp_path)
    scores = [pair.scores[0] for pair in found.tasks]
    first, second = (score.difference or 0 for score in scores)
    assert found.difference == pytest.approx((first + 2 * second) / 3)
    low = [(s.difference or 0) - (s.low or 0) for s in scores]
    expected = found.difference - ((low[0] / 3) ** 2 + (2 * low[1] / 3) ** 2) ** 0.5
    assert found.low == pytest.approx(expected)
    assert found.verdict == "better"
    back = compare_group("new", "base", GROUP, out=tmp_path)
    assert back.difference == pytest.approx(-found.difference)
    assert back.verdict == "worse"


def test_equal_runs_do_not_differ(tmp_path: Path) -> None:
    write_board(tmp_path, 0)
    found = compare_group("base", "new", GROUP, out=tmp_path)
    assert (found.difference, found.verdict) == (0, "no difference")


def test_a_missing_run_is_named(tmp_path: Path) -> None:
    write(tmp_path, "t", "base", coins(9, 0.5))
    with pytest.raises(DataError, match=r"group g: task t: run 'new'"):
        compare_group("base", "new", GROUP, out=tmp_path)
    write(tmp_path, "t", "new", coins(9, 0.5))
    with pytest.raises(DataError, match=r"group g: task u: task 'u' has no runs"):
        compare_group("base", "new", GROUP, out=tmp_path)


def test_a_missing_score_is_named(tmp_path: Path) -> None:
    write_board(tmp_path, 0.1)
    group = TaskGroup("g", (GroupTask("t"), GroupTask("u", "recall@5")))
    with pytest.raises(UserError, match="u-base has no score recall@5; `mmbench rescore u-base "):
        compare_group("base", "new", group, out=tmp_path)


def test_a_run_that_was_rescored_by_other_metrics_hides_none(tmp_path: Path) -> None:
    """Such a run has another headline, and is the latest of its model."""
    write_board(tmp_path, 0.2)
    before = compare_group("base", "new", GROUP, out=tmp_path)
    task = replace(TASK, name="t", fingerprint="t", data_hash="t")
    write_run(tmp_path, "t-rescored", {"mrr": coins(100, 0.1)}, task=task,
              model=model_info("base", hash="base"), created="2027-01-01")  # fmt: skip
    assert compare_group("base", "new", GROUP, out=tmp_path) == before


def test_a_run_of_another_task_is_refused(tmp_path: Path) -> None:
    write_board(tmp_path, 0.2)
    file = str(tmp_path / "runs" / "t" / "t-base.json")
    with pytest.raises(UserError, match=r"task u: .*t-base\.json is a run of t; give a model"):
        compare_group(file, "new", GROUP, out=tmp_path)


def test_scales_are_not_mixed(tmp_path: Path) -> None:
    write_board(tmp_path, 0.1)
    for model in ("base", "new"):
        write(tmp_path, "v", model, coins(50, 0.5), better="lower")
    group = TaskGroup("g", (GroupTask("t"), GroupTask("v")))
    with pytest.raises(UserError, match=r"group g: recall@1 of t .* cannot be averaged"):
        compare_group("base", "new", group, out=tmp_path)
