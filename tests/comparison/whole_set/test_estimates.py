"""Estimates of a run on a part of the samples, from stored rows."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from mmbench.comparison.whole_set.estimates import estimates
from mmbench.stats import fold
from mmbench.storage.records import StoredRun, stored_run
from mmbench.types import EstimateInfo, PartInfo, RunRecord, TaskInfo
from tests.support.boards import TASK, coins, write_run

N, DRAWN = 200, 40
IDS = [f"s{i:04}" for i in range(N)]
ROWS = np.sort(np.random.default_rng(0).permutation(N)[:DRAWN])
PART = PartInfo(DRAWN, N, DRAWN, N, 0, TASK.data_hash)
WHOLE_TASK = replace(TASK, data={"sample": N})
PART_TASK = replace(TASK, data_hash="p" * 8, data={"sample": DRAWN}, part=PART)
BASELINE, CANDIDATE = coins(N, 0.6), coins(N, 0.65)
CANDIDATE[:10] = [1 - value for value in CANDIDATE[:10]]


def part_run(out: Path, values: Any = None, task: TaskInfo = PART_TASK) -> StoredRun:
    own = [CANDIDATE[row] for row in ROWS] if values is None else values
    ids = [IDS[row] for row in ROWS]
    return stored_run(write_run(out, "part", {"exact_match": own}, ids=ids, task=task), out)


def baseline_run(out: Path, values: Any = None) -> StoredRun:
    own = {"exact_match": BASELINE if values is None else values}
    return stored_run(write_run(out, "base", own, ids=IDS, task=WHOLE_TASK), out)


def estimate(run: StoredRun, baseline: StoredRun | None = None) -> EstimateInfo:
    return estimates(run, baseline)["exact_match"]


def test_a_baseline_corrects_for_an_easy_part(tmp_path: Path) -> None:
    run = part_run(tmp_path)
    plain, better = estimate(run), estimate(run, baseline_run(tmp_path))
    y, x = np.array(CANDIDATE)[ROWS], np.array(BASELINE)[ROWS]
    slope = np.cov(x, y)[0, 1] / x.var(ddof=1)
    expected = y.mean() + slope * (np.mean(BASELINE) - x.mean())
    assert plain.value == pytest.approx(y.mean())
    assert better.value == pytest.approx(expected)
    assert better.baseline == "base"
    assert plain.plain == DRAWN
    assert better.plain is not None
    assert better.plain > DRAWN
    assert width(better) < width(plain)


def width(one: EstimateInfo) -> float:
    assert one.low is not None
    assert one.high is not None
    return one.high - one.low


def test_a_part_of_all_samples_has_the_exact_score(tmp_path: Path) -> None:
    task = replace(PART_TASK, part=replace(PART, samples=N, groups=N))
    made = write_run(tmp_path, "part", {"exact_match": CANDIDATE}, ids=IDS, task=task)
    found = estimate(stored_run(made, tmp_path), baseline_run(tmp_path))
    exact = pytest.approx(fold("mean", np.array(CANDIDATE)[:, None]))
    assert (found.value, found.low, found.high) == (exact, exact, exact)


def test_failed_samples_are_left_out_and_counted(tmp_path: Path) -> None:
    values = [None, None, *(CANDIDATE[row] for row in ROWS[2:])]
    found = estimate(part_run(tmp_path, values), baseline_run(tmp_path))
    assert found.reason == "2 failed samples left out"
    assert found.value is not None


def test_a_baseline_that_failed_on_drawn_samples_is_not_used(tmp_path: Path) -> None:
    values: list[float | None] = [*BASELINE]
    values[ROWS[0]] = None
    assert estimate(part_run(tmp_path), baseline_run(tmp_path, values)).baseline == ""


def changed(record: RunRecord, **fields: Any) -> RunRecord:
    return replace(record, scores={"exact_match": replace(record.scores["exact_match"], **fields)})


def test_a_baseline_that_was_measured_in_another_way_is_not_used(tmp_path: Path) -> None:
    base = baseline_run(tmp_path)
    other = base._replace(record=changed(base.record, signature="x=1"))
    assert estimate(part_run(tmp_path), other).baseline == ""


@pytest.mark.parametrize(
    ("fields", "reason"),
    [
        ({"fold": "whole"}, "it has one value for the whole set, and no rows per sample"),
        ({"fold": "median"}, "its fold median is not a function of sums over the samples"),
        ({"signature": "n=4,idf=evaluated set"}, "its rows depend on all evaluated samples"),
    ],
)
def test_some_scores_have_no_estimate(tmp_path: Path, fields: dict[str, str], reason: str) -> None:
    run = part_run(tmp_path)
    found = estimate(run._replace(record=changed(run.record, **fields)))
    assert found == EstimateInfo(reason=reason)
