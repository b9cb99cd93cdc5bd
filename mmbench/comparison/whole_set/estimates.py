"""The estimates of the scores of a run on a part of the samples."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from mmbench.comparison.comparability import depends_on_set
from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows, ScoreRows
from mmbench.comparison.whole_set.strata import FEWEST, Strata, stratum_controls
from mmbench.engine.score_names import score_info, split_name
from mmbench.engine.speed import COLUMN
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints, codes
from mmbench.stats.survey import Control, DrawnRows, estimate_whole, has_influences
from mmbench.storage.records import StoredRun
from mmbench.text import count
from mmbench.types import EstimateInfo, PartInfo, RunRecord, ScoreInfo


class _Corrections(NamedTuple):
    """What an estimate is corrected by: the rows of a baseline on all samples, and strata."""

    baseline: RunRows | None
    strata: Strata | None


def estimates(
    run: StoredRun, baseline: StoredRun | None, strata: Strata | None = None
) -> dict[str, EstimateInfo]:
    """Return the estimate of each score of a run on a part of the samples, by name.

    A score without an estimate has an EstimateInfo with a reason. `baseline` is a run on all
    samples, which makes the estimates more precise; it is used for the scores that it has. `strata`
    are tags of the samples, which also do.
    """
    record, part = run.record, run.record.task.part
    assert part is not None
    names = [name for name, score in record.scores.items() if score.value is not None]
    reasons = {name: _no_estimate(name, record.scores[name]) for name in names}
    own = RunRows(run, [name for name in names if not reasons[name]])
    others = None
    if baseline is not None:
        common = [n for n in names if not reasons[n] and _has_same(baseline.record, record, n)]
        others = RunRows(baseline, common)
    found, by = {}, _Corrections(others, strata)
    for name in names:
        reason = reasons[name]
        found[name] = EstimateInfo(reason=reason) if reason else _estimate(name, own, by, part)
    return found


def _no_estimate(name: str, score: ScoreInfo) -> str:
    """Return why a score has no estimate for all samples; "" if it may have one."""
    if name == COLUMN:
        return "it is the speed of the run"
    if score.fold == "whole":
        return "it has one value for the whole set, and no rows per sample"
    if depends_on_set(score.signature):
        return "its rows depend on all evaluated samples"
    if not has_influences(score.fold):
        return f"its fold {score.fold} is not a function of sums over the samples"
    return ""


def _has_same(baseline: RunRecord, record: RunRecord, name: str) -> bool:
    scores = baseline.scores
    has_value = name in scores and scores[name].value is not None
    return has_value and baseline.measured_as(name) == record.measured_as(name)


def _estimate(name: str, own: RunRows, by: _Corrections, part: PartInfo) -> EstimateInfo:
    rows = own.score_rows(name)
    if rows is None:
        return EstimateInfo(reason="it has no rows per sample")
    controls, baseline = _baseline_controls(name, own, by.baseline, rows)
    stratified = _stratified(name, own, by.strata, rows)
    info = score_info(name)
    found = estimate_whole(
        _drawn(own, name, rows.rows, rows.places),
        part.groups / part.of_groups,
        controls=[*controls, *stratified.controls],
        ends=(info.worst, info.best) if info else (None, None),
    )
    if found is None:
        return EstimateInfo(reason="too few groups of samples have a value")
    low, high, plain = found.low, found.high, round(found.plain * part.samples / part.groups)
    failed = len(rows.all_places) - len(rows.places)
    left_out = [f"{count(failed, 'failed sample')} left out"] if failed else []
    reason = "; ".join([*left_out, *stratified.notes])
    return EstimateInfo(
        found.value, low, high, min(part.of, plain), baseline, stratified.names, reason
    )


def _baseline_controls(
    name: str, own: RunRows, others: RunRows | None, rows: ScoreRows
) -> tuple[list[Control], str]:
    """Return the score of the baseline as a control, and the id of its run; ([], "") without."""
    if others is None or not _has_same(others.record, own.record, name):
        return [], ""
    joined = join(own, others, name, places_in(own, others))
    if joined is None or len(joined.rows_a) != len(rows.rows):
        return [], ""
    whole = others.record.scores[name].value or 0.0
    drawn = _drawn(own, name, joined.rows_b, joined.places_a)
    return [Control(drawn, whole)], others.record.run


class _Stratified(NamedTuple):
    """The controls of the strata of a score, the tags that they use, and notes on them."""

    controls: list[Control]
    names: list[str]
    notes: list[str]


def _stratified(name: str, own: RunRows, strata: Strata | None, rows: ScoreRows) -> _Stratified:
    found = _Stratified([], [], [])
    if strata is None or not len(rows.places):
        return found
    group, groups = codes(own.groups.take(rows.places))
    most = max(2, groups // (FEWEST * len(strata.names)))
    for tag in strata.names:
        values = own.tag_values(tag, rows.places)
        sizes = strata.sizes(tag, within=split_name(name, ()).tag)
        controls, note = stratum_controls(tag, values, sizes, group, most)
        found.controls.extend(controls)
        found.names.extend([tag] if controls else [])
        found.notes.extend([note] if note else [])
    return found


def _drawn(run: RunRows, name: str, rows: Floats, places: Ints) -> DrawnRows:
    groups: Sequence[str] = run.groups.take(places)
    return DrawnRows(run.record.scores[name].fold, rows, codes(groups)[0])
