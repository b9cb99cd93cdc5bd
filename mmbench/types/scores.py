"""Scores: a metric's value with per-sample rows, and the form that records store."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Score(Struct, frozen=True):
    """A metric's value, its per-sample rows [n, c] float64, and the name of its fold.

    The fold is the function in `mmbench.stats.folds` that computes the value from the rows, so that
    the value can be recomputed from stored rows without the metric's code. `worst` and `best` are
    the ends of the metric's range, None for an open end. `interval` is set only by a metric that
    computes its own confidence interval, because resampling the samples alone would be wrong (human
    ratings are resampled by rater as well). `reason` says why `value` is NaN, or why the score has
    no interval. `details` are further values of each row, by name, for people who read the samples:
    the parsed answer (`answer`), the number of `insertions` …
    """

    value: float
    rows: NDArray[np.float64]
    fold: str
    signature: str
    better: Literal["higher", "lower"]
    reason: str = ""
    worst: float | None = None
    best: float | None = None
    interval: tuple[float, float] | None = None
    details: Mapping[str, Sequence[Any]] = field(default_factory=dict)


class ScoreInfo(Struct, frozen=True):
    """A score as a record stores it. NaN is null; `low` and `high` are the 95 % interval.

    `n` is the number of measured samples, in `groups` groups; `failed` is the number of samples
    that could not be measured. `bounds` are the lowest and the highest value that would be possible
    if nothing had failed: all failed samples are taken as wrong or as correct, and all failed
    documents of a corpus are given the worst or the best rank.
    """

    value: float | None
    low: float | None
    high: float | None
    n: int
    groups: int
    signature: str
    better: Literal["higher", "lower"]
    fold: str
    failed: int = 0
    bounds: tuple[float, float] | None = None
    reason: str = ""


class EstimateInfo(Struct, frozen=True):
    """The estimate of a score on all samples, from a run on a part of them.

    `low` and `high` are the 95 % interval of the value that a run on all samples would have.
    `plain` is the number of samples with which an estimate without the `baseline` (the id of a run,
    "" for none) and without `strata` (names of tags) would be as precise. `reason` says why there
    is no estimate, or what it leaves out.
    """

    value: float | None = None
    low: float | None = None
    high: float | None = None
    plain: int | None = None
    baseline: str = ""
    strata: list[str] = field(default_factory=list)
    reason: str = ""


class PublishedInfo(Struct, frozen=True):
    """A published score, the measured score next to it, and the verdict as text."""

    metric: str
    value: float
    measured: float | None
    tolerance: float
    verdict: str
    model: str = ""
    source: str = ""
