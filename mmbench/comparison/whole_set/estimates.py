"""The estimates of the scores of a run on a part of the samples."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.comparison.comparability import depends_on_set
from mmbench.comparison.join import join, places_in
from mmbench.comparison.rows import RunRows, ScoreRows
from mmbench.engine.score_names import score_info
from mmbench.engine.speed import COLUMN
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints, codes
from mmbench.stats.survey import Control, DrawnRows, WholeValue, estimate_whole, has_influences
from mmbench.storage.records import StoredRun
from mmbench.text import count
from mmbench.types import EstimateInfo, PartInfo, RunRecord, ScoreInfo


def estimates(run: StoredRun, baseline: StoredRun | None) -> dict[str, EstimateInfo]:
    """Return the estimate of each score of a run on a part of the samples, by name.

    A score without an estimate has an EstimateInfo with a reason. `baseline` is a run on all
    samples, which makes the estimates more precise; it is used for the scores that it has.
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
    found = {}
    for name in names:
        reason = reasons[name]
        found[name] = EstimateInfo(reason=reason) if reason else _estimate(name, own, others, part)
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


def _estimate(name: str, own: RunRows, others: RunRows | None, part: PartInfo) -> EstimateInfo:
    rows = own.score_rows(name)
    if rows is None:
        return EstimateInfo(reason="it has no rows per sample")
    control, baseline = None, ""
    if others is not None and _has_same(others.record, own.record, name):
        joined = join(own, others, name, places_in(own, others))
        if joined is not None and len(joined.rows_a) == len(rows.rows):
            whole = others.record.scores[name].value or 0.0
            control = Control(_drawn(own, name, joined.rows_b, joined.places_a), whole)
            baseline = others.record.run
    info = score_info(name)
    drawn = _drawn(own, name, rows.rows, rows.places)
    found = estimate_whole(
        drawn,
        part.groups / part.of_groups,
        control=control,
        ends=(info.worst, info.best) if info else (None, None),
    )
    if found is None:
        return EstimateInfo(reason="too few groups of samples have a value")
    return _as_info(found, part, baseline, rows)


def _drawn(run: RunRows, name: str, rows: Floats, places: Ints) -> DrawnRows:
    groups: Sequence[str] = run.groups.take(places)
    return DrawnRows(run.record.scores[name].fold, rows, codes(groups)[0])


def _as_info(found: WholeValue, part: PartInfo, baseline: str, rows: ScoreRows) -> EstimateInfo:
    failed = len(rows.all_places) - len(rows.places)
    reason = f"{count(failed, 'failed sample')} left out" if failed else ""
    plain = min(part.of, round(found.plain * part.samples / part.groups))
    return EstimateInfo(found.value, found.low, found.high, plain, baseline, reason)
