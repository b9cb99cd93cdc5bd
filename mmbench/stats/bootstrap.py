"""Confidence intervals by the bootstrap over groups of samples.

Five captions of one image, or all utterances of one speaker, are not independent samples. So the
bootstrap draws whole groups with replacement; each resample has as many groups as the data. A
resample gives each group a weight, the number of times that the group was drawn, and the value is
recomputed with these weights. All metrics of a run share the draws; one matrix product computes all
folds that need only weighted sums.

The 95 % interval is the percentile interval with expanded quantiles: the level α/2 becomes Φ(√(g /
(g - 1)) · t), where g is the number of groups and t is the α/2 quantile of Student's distribution
with g - 1 degrees of freedom. Plain percentiles are too narrow for few groups (Hesterberg 2014,
"What Teachers Should Know about the Bootstrap", arXiv:1411.5279, the "expanded percentile
interval").

There is no interval for a NaN value, for a single group, or for a fold of the whole set. Nor is
there an interval for a value outside its own interval, such as a small calibration error, which
repeated rows can only raise. If all resamples give the same value, there is no interval either: a
sample without errors does not prove that errors are impossible. This last rule has two exceptions.
A median that many rows share has an interval of width 0. A mean of rows from 0 to 1 that are all
correct or all wrong has the exact interval for g successes (or none) in g trials (Clopper and
Pearson 1934, Biometrika 26): for 100 % of 20 groups, it is 0.832 to 1. If a group has several rows,
or if rows are fractional, this interval is too wide rather than too narrow.

Folds that repeated rows raise have intervals by the jackknife instead (`mmbench.stats.jackknife`).
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np

from mmbench.columns import equal
from mmbench.stats.folds import Floats
from mmbench.stats.jackknife import is_jackknifed, jackknife_spread, values_without_blocks
from mmbench.stats.resampler import Resampler
from mmbench.stats.sums import Groups
from mmbench.types import Score

LEVEL = 0.95
UNDEFINED = 0.05  # the largest share of resamples without a value for which an interval exists

# The interval (low, high) and "", or None and the reason.
Interval = tuple[tuple[float, float] | None, str]


def intervals(
    scores: Sequence[Score], groups: Sequence[Groups], *, seed: int = 0
) -> list[Interval]:
    """Return, for each score, its 95 % interval and a reason.

    If a score has no interval, the interval is None and the reason explains it. For each score,
    `groups` has the group of each row: a column of names, or an array of numbers. Groups are drawn
    in the order of these names or numbers. Scores with the same groups share the draws. A score
    that already has an interval keeps it.
    """
    results: list[Interval] = [(score.interval, "") for score in scores]
    shared: dict[tuple[object, ...], list[tuple[Groups, list[int]]]] = {}
    for at, (score, own) in enumerate(zip(scores, groups, strict=True)):
        if score.interval is None and score.fold != "whole" and score.value == score.value:
            candidates = shared.setdefault((len(own), *own[:1]), [])  # few candidates to compare
            members = next((members for other, members in candidates if equal(own, other)), None)
            if members is None:
                candidates.append((own, [at]))
            else:
                members.append(at)
    for own, members in chain.from_iterable(shared.values()):
        resampler = Resampler(own, seed=seed)
        if resampler.groups < 2:
            results = [(None, _ONE) if i in members else f for i, f in enumerate(results)]
            continue
        drawn_members = [at for at in members if not is_jackknifed(scores[at].fold)]
        values = resampler.values([(scores[at].fold, scores[at].rows) for at in drawn_members])
        for at, drawn in zip(drawn_members, values, strict=True):
            results[at] = _interval(scores[at], drawn, resampler.groups)
        for at in set(members).difference(drawn_members):
            results[at] = _jackknife_interval(scores[at], resampler)
    return results


_ONE = "no interval: all samples are in one group"


def _jackknife_interval(score: Score, resampler: Resampler) -> Interval:
    """Return the interval of a score by the jackknife, within the range of the score."""
    tables = [(score.fold, score.rows)]
    (without,) = values_without_blocks(
        tables, resampler.code, resampler.groups, seed=resampler.seed
    )
    spread = jackknife_spread(score.value, without, LEVEL)
    if spread is None:
        return None, "no interval: leaving samples out does not change the value"
    if score.worst is None or score.best is None:
        return (spread.low, spread.high), ""
    lowest, highest = sorted((score.worst, score.best))
    return (max(spread.low, lowest), min(spread.high, highest)), ""


def _interval(score: Score, drawn: Floats, groups: int) -> Interval:
    if constant(drawn):
        ends = clopper_pearson(score, groups)
        if score.fold.endswith("median") and (score.rows[:, 0] != score.rows[0, 0]).any():
            ends = score.value, score.value  # so many rows share this value that it cannot change
        return (ends, "") if ends else (None, "no interval: every resample gives the same value")
    ends = expanded_percentile(drawn, groups)
    if ends is None:
        return None, "no interval: many resamples have no value"
    slack = 1e-12 * max(1.0, abs(score.value))
    if not ends[0] - slack <= score.value <= ends[1] + slack:
        return None, "no interval: biased under resampling"
    return ends, ""


def constant(drawn: Floats) -> bool:
    """Return whether all resamples give the same value, up to rounding."""
    low, high = float(drawn.min()), float(drawn.max())
    return low == high or bool(high - low <= 1e-12 * max(1.0, float(np.abs(drawn).max())))


def expanded_percentile(
    drawn: Floats, groups: int, level: float = LEVEL
) -> tuple[float, float] | None:
    """Return the expanded percentile interval of resampled values [b].

    `groups` is the number of groups that were drawn, `level` the confidence level. Return None for
    fewer than two groups, or if too many values are not finite.
    """
    from scipy.special import ndtr, stdtrit

    finite = drawn[np.isfinite(drawn)]
    if groups < 2 or len(finite) < (1 - UNDEFINED) * len(drawn):
        return None
    t = stdtrit(groups - 1, (1 - level) / 2)
    tail = float(ndtr(np.sqrt(groups / (groups - 1)) * t))
    low, high = np.quantile(finite, [tail, 1 - tail])
    return float(low), float(high)


def clopper_pearson(score: Score, groups: int) -> tuple[float, float] | None:
    """Return the interval of Clopper and Pearson for a mean that is 0 or 1.

    All rows must be at the same end of the range [0, 1]; return None for any other score. The
    interval is conservative: it bounds the probability of a row that is not at this end, and the
    true mean is no farther from the end than this probability.
    """
    range_ends = {score.worst, score.best}
    mean = score.fold.rpartition(":")[2] == "mean" and not score.fold.startswith("split-sum")
    if not mean or range_ends != {0.0, 1.0} or score.value not in range_ends:
        return None
    bound = 1 - float(((1 - LEVEL) / 2) ** (1 / groups))
    return (0.0, bound) if score.value == 0 else (1 - bound, 1.0)
