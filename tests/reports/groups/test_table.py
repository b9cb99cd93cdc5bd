"""The table of a group: a hand count of its means, and what has none."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmbench.cli import main
from mmbench.cli.output.comparisons.group_table import group_lines
from mmbench.reports.groups.markdown_page import group_page
from mmbench.reports.groups.notes import group_notes
from mmbench.reports.groups.table import GroupRow, GroupTable, group_table
from mmbench.task_groups import GroupTask, TaskGroup
from mmbench.types import OUTPUTS, RunRecord
from tests.support.boards import model_info, plain_score, record, task_info
from tests.support.command_line import refusal
from tests.support.files import write_file

GROUP = TaskGroup("g", (GroupTask("a"), GroupTask("b", weight=3)))


def run(task: str, value: float | None, model: str = "m", **changes: Any) -> RunRecord:
    score = plain_score(value, **({"low": None, "high": None, "n": 10} | changes))
    name, place = f"{task}-{model}-{value}", task_info(fingerprint=task, data_hash=task)
    return record(name, model=model_info(model), scores={"recall@1": score}, task=place)


def table(*runs: tuple[str, RunRecord], group: TaskGroup = GROUP, **more: Any) -> GroupTable:
    records: dict[str, list[RunRecord]] = {}
    for task, one in runs:
        records.setdefault(task, []).append(one)
    return group_table(group, records, **more)


def row(found: GroupTable, model: str = "m") -> GroupRow:
    return next(row for row in found.rows if row.model == model)


def test_the_means_by_hand() -> None:
    """(0.2 + 3 · 0.6) / 4 = 0.5 with the weights, (10 · 0.2 + 90 · 0.6) / 100 = 0.56 by samples."""
    runs = ("a", run("a", 0.2, low=0.1, high=0.4)), ("b", run("b", 0.6, n=90, low=0.5, high=0.7))
    found = row(table(*runs))
    assert found.mean.value == pytest.approx(0.5)
    assert found.mean.low == pytest.approx(0.5 - ((0.1 / 4) ** 2 + (0.3 / 4) ** 2) ** 0.5)
    assert found.mean.high == pytest.approx(0.5 + ((0.2 / 4) ** 2 + (0.3 / 4) ** 2) ** 0.5)
    assert found.by_samples.value == pytest.approx(0.56)
    assert found.reason == ""


def test_a_missing_task_is_named_and_never_averaged_over() -> None:
    runs = ("a", run("a", 0.2)), ("b", run("b", 0.6)), ("a", run("a", 0.9, "other"))
    found = table(*runs)
    assert [one.model for one in found.rows] == ["m", "other"]
    other = row(found, "other")
    assert (other.mean.value, other.by_samples.value) == (None, None)
    assert other.reason == "no comparable run of b"
    assert [score and score.value for score in other.scores] == [0.9, None]


def test_a_run_without_a_value_has_no_mean() -> None:
    found = table(("a", run("a", None)), ("b", run("b", 0.6)))
    assert row(found).mean.value is None
    assert row(found).reason == "no value for a"


def test_rows_are_ordered_by_the_mean() -> None:
    runs = [(t, run(t, v, m, better="lower"))
            for m, v in (("x", 0.3), ("y", 0.1), ("z", 0.2)) for t in "ab"]  # fmt: skip
    assert [one.model for one in table(*runs).rows] == ["y", "z", "x"]


@pytest.mark.parametrize(
    ("score", "better", "reason"),
    [
        ("wer[none]", "lower", r"recall@1 of a \(fraction, higher .* and wer\[none\] of b .*lower"),
        ("cider", "higher", r"recall@1 of a .* and cider of b \(score, higher is better\) cannot"),
        ("accuracy@1", "higher", ""),
    ],
)
def test_scales_are_not_mixed(score: str, better: Any, reason: str) -> None:
    other = record("r", task=task_info(fingerprint="b"), model=model_info("m"),
                   scores={score: plain_score(0.5, better=better)}, headline=score)  # fmt: skip
    found = table(("a", run("a", 0.2)), ("b", other))
    if not reason:
        assert row(found).mean.value is not None
        return
    assert row(found).mean.value is None
    assert re.search(reason, found.reason)
    assert "cannot be averaged" in group_page(found)


def test_runs_on_other_data_share_no_column() -> None:
    """The table shows the larger data; with `newest`, the data of the run just finished."""
    task = task_info(fingerprint="a", data_hash="small", data={"corpus": 5})
    small = record("late", 0.9, model=model_info("m"), task=task)
    runs = ("a", run("a", 0.2)), ("a", small), ("b", run("b", 0.6))
    assert row(table(*runs)).scores[0].value == 0.2  # type: ignore[union-attr]
    assert row(table(*runs, newest={"late"})).scores[0].value == 0.9  # type: ignore[union-attr]


def test_runs_with_other_metrics_share_a_column() -> None:
    """The run of n has one more metric, and the last run only another, by `rescore --metric`."""
    more = run("a", 0.3, "n")
    more = replace(more, scores={**more.scores, "mrr": plain_score(0.7)})
    rescored = replace(run("a", 0.9), headline="mrr", scores={"mrr": plain_score(0.9)})
    runs = ("a", run("a", 0.2)), ("a", more), ("b", run("b", 0.6)), ("b", run("b", 0.4, "n"))
    found = table(*runs, ("a", rescored))
    assert [column.score for column in found.columns] == ["recall@1", "recall@1"]
    assert (row(found).mean.value, row(found, "n").mean.value) == pytest.approx((0.5, 0.375))


def test_two_scores_of_a_task_have_their_names() -> None:
    both = run("a", 0.2)
    both = replace(both, scores={**both.scores, "mrr": plain_score(0.6)})
    group = TaskGroup("g", (GroupTask("a"), GroupTask("a", "mrr")))
    found = table(("a", both), group=group)
    titles = ["a recall@1", "a mrr"]
    assert found.titles == titles
    assert row(found).mean.value == pytest.approx(0.4)
    assert f"| {' | '.join(titles)} |" in group_page(found)


def test_outputs_that_were_scored_belong_together_by_their_name() -> None:
    """The hash of such a model is that of the file with its outputs, which is one for each task."""
    runs = [
        (task, replace(run(task, 0.5), model=model_info("m", hash=file, adapter=OUTPUTS)))
        for task, file in (("a", "one"), ("b", "two"))
    ]
    assert row(table(*runs)).mean.value == 0.5


def test_models_with_one_name_and_other_weights_are_told_apart() -> None:
    runs = [
        (task, replace(run(task, value), model=model_info("m", hash=digest)))
        for digest, value in (("0123456789", 0.2), ("9876543210", 0.4))
        for task in "ab"
    ]
    found = table(*runs)
    assert [one.model for one in found.rows] == ["m (98765432)", "m (01234567)"]
    assert [one.mean.value for one in found.rows] == pytest.approx([0.4, 0.2])


def test_notes_are_the_same_everywhere() -> None:
    """Failed samples and missing means; names are escaped by each output in its own way."""
    failed = run("a", 0.2, "m|<b>", failed=3), run("b", 0.6, "m|<b>")
    found = table(("a", failed[0]), ("b", failed[1]), ("a", run("a", 0.1, "x")),
                  ("a", run("a", 0.1, "y")))  # fmt: skip
    assert group_notes(found)[:2] == [
        "x, y have no mean: no comparable run of b",
        "m|<b>: 3 samples of a failed",
    ]
    assert "- m\\|\\<b\\>: 3 samples of a failed\n" in group_page(found)
    assert "m|<b>: 3 samples of a failed" in group_lines(found, None)


def test_a_command_runs_a_group(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out = ["--out", str(tmp_path / "board")]
    command = ["run", "-m", "random", "-m", "oracle", "-t", "group:nano", "--limit", "5", *out]
    assert main([*command, "--quiet"]) == 0
    printed = capsys.readouterr().out
    lines = printed.partition("group nano: ")[2].splitlines()
    assert lines[3].split()[:3] == ["oracle", "(baseline)", "1.0000"]
    assert "5 of 1000 corpus samples" in printed
    assert (tmp_path / "board" / "group-nano.md").exists()
    assert main(["leaderboard", "show", "group:nano", "--json", *out]) == 0
    (found,) = json.loads(capsys.readouterr().out)
    values = [score["value"] for score in found["rows"][1]["scores"]]
    assert found["rows"][1]["mean"]["value"] == pytest.approx(sum(values) / 2)
    assert main(["leaderboard", "build", "group:nano", *out]) == 0
    assert main(["compare", "random", "oracle", "-t", "group:nano", *out]) == 0
    assert "\nmean " in capsys.readouterr().out


def test_what_cannot_be_compared_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = ["--out", str(tmp_path)]
    flags = ["compare", "random", "oracle", "-t", "group:nano", *out]
    assert "group nano: task shapes-retrieval: " in refusal(capsys, *flags)
    assert "--metric compares runs of one task" in refusal(capsys, *flags, "--metric", "mrr")
    file = write_file(tmp_path / "bad.yaml", "tasks: [shapes-retrieval]")
    message = refusal(capsys, "run", "-m", "random", "-t", f"group:{file}", *out)
    assert "a group has at least two tasks" in message
