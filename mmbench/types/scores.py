"""Numbers with the rows behind them, and as they are stored."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from msgspec import Struct

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


class Score(Struct, frozen=True):
    """A number, the per-sample rows [n, c] float64 behind it, and the name of the fold between.

    `fold` is a name in `mmbench.stats.folds`, so that stored rows fold again without the metric's
    code. `worst` and `best` are the ends of the metric's range, None where there is no end.
    `interval` is the metric's own where resampling the samples would not give it (raters as well as
    items). `reason` says why `value` is NaN, or why it has no interval.
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
    """A score as it is stored. NaN is null, with the reason; `low` and `high` its 95 % interval.

    `n` samples were measured, in `groups` groups; `failed` were not. `bounds` are the lowest and
    the highest value that the score could have without failures: had all failed samples been wrong
    or right, and all failed documents of a corpus been retrieved in the worst or the best way.
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
    """A published number beside the measured one, with the verdict in words."""

    metric: str
    value: float
    measured: float | None
    tolerance: float
    verdict: str
    model: str = ""
    source: str = ""
