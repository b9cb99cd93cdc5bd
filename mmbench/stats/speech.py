"""The fold of word information lost.

| fold | columns of a row |
|---|---|
| `wil` | hits, words of the reference, words that were said |
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.stats.folds import sums

if TYPE_CHECKING:
    from mmbench.stats.folds import Floats


@sums("wil")
def _wil(totals: Floats, n: Floats) -> Floats:  # noqa: ARG001 - a fold takes both
    import numpy as np

    hits, reference, said = totals[:, 0], totals[:, 1], totals[:, 2]
    kept = np.where(said > 0, hits / reference * (hits / np.maximum(said, 1)), 0.0)
    return np.where(reference > 0, 1 - kept, np.nan)
