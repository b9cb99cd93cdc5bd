"""From per-sample rows to a number. A fold is known by its name, so that stored rows fold again.

| fold | value of rows [n, c] |
|---|---|
| `mean` | mean of column 0 |
| `median` | median of column 0 (the mean of the middle two for even n) |
| `split-mean:F` | the last column numbers the split of each row; mean over splits of fold F |

The fold of nothing is NaN, never 0.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

from mmbench.errors import UnknownName
from mmbench.types import Score

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import ArrayLike, NDArray

    Rows = NDArray[np.float64]

_SPLIT = "split-mean:"


def _mean(rows: Rows) -> float:
    return float(rows[:, 0].mean())


def _median(rows: Rows) -> float:
    import numpy as np

    return float(np.median(rows[:, 0]))


_FOLDS: dict[str, Callable[[Rows], float]] = {"mean": _mean, "median": _median}


def fold(name: str, rows: Rows) -> float:
    """Fold rows [n, c] float64 into one value. Raises UnknownName for a fold nobody has."""
    if name.startswith(_SPLIT):
        return _split_mean(name.removeprefix(_SPLIT), rows)
    if name not in _FOLDS:
        raise UnknownName("fold", name, _FOLDS)
    return _FOLDS[name](rows) if len(rows) else float("nan")


def _split_mean(inner: str, rows: Rows) -> float:
    import numpy as np

    splits = np.unique(rows[:, -1])
    values = [fold(inner, rows[rows[:, -1] == split, :-1]) for split in splits]
    return float(np.mean(values)) if values else float("nan")


def score(
    rows: ArrayLike,
    *,
    fold_name: str = "mean",
    better: Literal["higher", "lower"] = "higher",
    signature: str = "",
    reason: str = "",
) -> Score:
    """A Score from per-sample rows: [n] or [n, c]. What every metric ends with."""
    import numpy as np

    table = np.asarray(rows, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    full = f"fold={fold_name}" + (f",{signature}" if signature else "")
    return Score(fold(fold_name, table), table, fold_name, full, better, reason)


def over_splits(scores: Sequence[Score]) -> Score:
    """One metric, measured on each of several splits, as the mean over the splits.

    Rows are concatenated, with the number of the split as their last column.
    """
    import numpy as np

    first = scores[0]
    rows = [np.column_stack([s.rows, np.full(len(s.rows), i)]) for i, s in enumerate(scores)]
    name = f"{_SPLIT}{first.fold}"
    table = np.concatenate(rows)
    signature = f"splits={len(scores)},{first.signature}"
    reason = next((s.reason for s in scores if s.reason), "")
    return Score(fold(name, table), table, name, signature, first.better, reason)


def bounds(scored: Score, failed: int) -> tuple[float, float] | None:
    """The value if all `failed` samples had been worst, and best, for a mean of rates in [0, 1].

    None where nothing failed or a side has no limit (a mean rank has no worst value).
    """
    n = len(scored.rows)
    if not failed or not n or scored.fold != "mean" or scored.better != "higher":
        return None
    total = scored.value * n
    return total / (n + failed), (total + failed) / (n + failed)
