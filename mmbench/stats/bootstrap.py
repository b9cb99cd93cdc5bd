"""Intervals by the bootstrap over groups: what samples share is drawn, and with it all of them.

Five captions of one image, or all that one speaker says, are not five independent facts. So groups
are drawn with replacement, as many as there are, and each resample is a weighting of the groups:
the value is folded again under each. The draws are made once and serve every metric of a run; all
folds of weighted sums are one matrix product.

The 95 % interval is the percentile interval with expanded quantiles: the level α/2 becomes
Φ(√(g / (g - 1)) · t), with t the α/2 quantile of Student's distribution with g - 1 degrees, because
plain percentiles are too narrow where groups are few (Hesterberg 2014, "What Teachers Should Know
about the Bootstrap", arXiv:1411.5279, the "expanded percentile interval").

There is none for a value that is NaN, for a single group, for a fold of the whole set, or for a
value outside its own interval (a small calibration error, which repeated rows only raise); nor
where every resample gives the same value: no error here is no proof that there is none elsewhere.
Two exceptions: a median that many rows share is sure, from itself to itself; and a mean of rows
from 0 to 1 that are all right or all wrong has the exact interval for g of g (Clopper and Pearson
1934, Biometrika 26), so that 100 % of 20 groups reads 0.832 to 1. With several rows in a group, or
with parts of a point, this errs on the wide side.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

from mmbench.stats.folds import fold_many
from mmbench.stats.sums import CHUNK, codes, group_sums
from mmbench.types import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.stats.folds import Floats

LEVEL = 0.95
RESAMPLES = 1000
_CACHED = 1 << 16  # numbers drawn at a time, so that counting them stays within a core's cache
_UNDEFINED = 0.05  # the largest share of resamples without a value that an interval may rest on

# (low, high), or None and the reason in words.
Interval = tuple[tuple[float, float] | None, str]


class Resampler:
    """The draws of one bootstrap: `counts` [b, g] uint8 says how often each group was drawn.

    `groups` names the group of each row; rows of every table that is given must be in that order.
    """

    def __init__(self, groups: Sequence[str], *, seed: int = 0, resamples: int = RESAMPLES) -> None:
        self.code, self.groups = codes(groups)
        self.counts = _draws(self.groups, seed, resamples)

    def values(self, tables: Sequence[tuple[str, Floats]]) -> list[Floats]:
        """The value of each (fold, rows [n, c]) in every resample: an array [b] for each."""
        import numpy as np

        sums = [group_sums(fold, rows, self.code, self.groups) for fold, rows in tables]
        by_sums = [s for s in sums if s is not None]
        by_rows = [table for table, s in zip(tables, sums, strict=True) if s is None]
        folded = iter(self._rows(by_rows))
        if not by_sums:
            return list(folded)
        stacked = np.column_stack([s.table for s in by_sums])
        totals = np.concatenate([weights @ stacked for weights in self._weights(self.groups)])
        ends = np.cumsum([s.table.shape[1] for s in by_sums])
        own = iter(np.split(totals, ends[:-1], axis=1))
        with np.errstate(invalid="ignore", divide="ignore"):
            return [next(folded) if s is None else s.fold(next(own)) for s in sums]

    def _rows(self, tables: Sequence[tuple[str, Floats]]) -> list[Floats]:
        """Folds that need the rows one by one: the weight of a row is that of its group."""
        import numpy as np

        if not tables:
            return []
        blocks = [
            [fold_many(fold, rows, weights[:, self.code]) for fold, rows in tables]
            for weights in self._weights(len(self.code))
        ]
        return [np.concatenate(values) for values in zip(*blocks, strict=True)]

    def _weights(self, width: int) -> Iterator[Floats]:
        import numpy as np

        step = max(1, CHUNK // max(1, width))
        for start in range(0, len(self.counts), step):
            yield self.counts[start : start + step].astype(np.float64)


def _draws(groups: int, seed: int, resamples: int) -> NDArray[np.uint8]:
    import numpy as np

    rng = np.random.default_rng(seed)
    counts = np.empty((resamples, groups), np.uint8)
    step = max(1, _CACHED // max(1, groups))
    for start in range(0, resamples, step):
        size = min(step, resamples - start)
        drawn = rng.integers(groups, size=(size, groups)) if groups else np.empty((size, 0), int)
        drawn += np.arange(size)[:, None] * groups
        found = np.bincount(drawn.ravel(), minlength=size * groups)
        counts[start : start + size] = found.reshape(size, groups)
    return counts


def intervals(
    scores: Sequence[Score],
    groups: Sequence[Sequence[str]],
    *,
    seed: int = 0,
    resamples: int = RESAMPLES,
) -> list[Interval]:
    """The 95 % interval of each score, or None and why. `groups` names for each its rows' groups.

    Scores whose rows have the same groups share the draws. A score that brings its own interval
    keeps it.
    """
    found: list[Interval] = [(score.interval, "") for score in scores]
    shared: dict[tuple[str, ...], list[int]] = {}
    for at, (score, names) in enumerate(zip(scores, groups, strict=True)):
        if score.interval is None and score.fold != "whole" and score.value == score.value:
            shared.setdefault(tuple(names), []).append(at)
    for names, members in shared.items():
        if len(set(names)) < 2:
            found = [(None, _ONE) if i in members else f for i, f in enumerate(found)]
            continue
        resampler = Resampler(names, seed=seed, resamples=resamples)
        values = resampler.values([(scores[at].fold, scores[at].rows) for at in members])
        for at, drawn in zip(members, values, strict=True):
            found[at] = _of(scores[at], drawn, resampler.groups)
    return found


_ONE = "no interval: all samples are of one group"


def _of(score: Score, drawn: Floats, groups: int) -> Interval:
    if constant(drawn):
        ends = at_the_end(score, groups)
        if score.fold.endswith("median") and (score.rows[:, 0] != score.rows[0, 0]).any():
            ends = score.value, score.value  # so many rows have this value that none moves it
        return (ends, "") if ends else (None, "no interval: every resample gives the same value")
    ends = expanded_percentile(drawn, groups)
    if ends is None:
        return None, "no interval: many resamples have no value"
    slack = 1e-12 * max(1.0, abs(score.value))
    if not ends[0] - slack <= score.value <= ends[1] + slack:
        return None, "no interval: biased under resampling"
    return ends, ""


def constant(drawn: Floats) -> bool:
    """Whether every resample gives the same value, but for rounding."""
    import numpy as np

    low, high = float(drawn.min()), float(drawn.max())
    return low == high or bool(high - low <= 1e-12 * max(1.0, float(np.abs(drawn).max())))


def expanded_percentile(
    drawn: Floats, groups: int, level: float = LEVEL
) -> tuple[float, float] | None:
    """The interval of resampled values [b] of so many groups; None where too many are NaN."""
    import numpy as np
    from scipy.special import ndtr, stdtrit

    there = drawn[np.isfinite(drawn)]
    if groups < 2 or len(there) < (1 - _UNDEFINED) * len(drawn):
        return None
    t = stdtrit(groups - 1, (1 - level) / 2)
    tail = float(ndtr(np.sqrt(groups / (groups - 1)) * t))
    low, high = np.quantile(there, [tail, 1 - tail])
    return float(low), float(high)


def at_the_end(score: Score, groups: int, level: float = LEVEL) -> tuple[float, float] | None:
    """Clopper and Pearson's interval where every row stands at one end of a range from 0 to 1.

    The mean is then no nearer to the other end than the share of rows that do not stand there.
    """
    ends = {score.worst, score.best}
    mean = score.fold.rpartition(":")[2] == "mean" and not score.fold.startswith("split-sum")
    if not mean or ends != {0.0, 1.0} or score.value not in ends:
        return None
    reach = 1 - float(((1 - level) / 2) ** (1 / groups))
    return (0.0, reach) if score.value == 0 else (1 - reach, 1.0)
