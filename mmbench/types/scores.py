"""Scores: a value with its per-sample rows, and the stored form."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Score(Struct, frozen=True):
    """A value, its per-sample rows [n, c] float64, and the fold that computes it from the rows.

    `fold` names a function in `mmbench.stats.folds`, so the value can be recomputed from stored
    rows without the metric's code. `worst` and `best` are the ends of the metric's range, None for
    an open end. `interval` is set by a metric that cannot be resampled by samples alone (by raters
    as well as items). `reason` says why `value` is NaN, or why it has no interval.
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


class ScoreInfo(Struct, frozen=True):
    """The stored form of a score. NaN is null; `low` and `high` are the 95 % interval.

    `n` samples were measured, in `groups` groups; `failed` were not. `bounds` are the lowest and
    the highest possible value without failures: with all failed samples wrong or right, and all
    failed documents of a corpus ranked in the worst or the best way.
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


class PublishedInfo(Struct, frozen=True):
    """A published score with the measured one, and the verdict in words."""

    metric: str
    value: float
    measured: float | None
    tolerance: float
    verdict: str
    model: str = ""
    source: str = ""
