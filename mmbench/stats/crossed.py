"""The interval of a mean over items with several raters, for the variation of raters and of items.

Ratings of the same item, or by the same rater, are not independent. So the pigeonhole bootstrap
draws raters and items separately, each with replacement. The weight of a rating is the count of its
rater times the count of its item, and the value is recomputed with these weights. Several ratings
of an item by one rater are drawn together. On average, the bootstrap does not underestimate the
variance (Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2),
arXiv:0712.1111).

The 95 % interval is the expanded percentile interval of `mmbench.stats.bootstrap`, expanded for the
number of raters or of items, whichever is smaller. If there is only one rater, or only one item, it
is not resampled.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mmbench.stats.bootstrap import constant, expanded_percentile
from mmbench.stats.folds import Floats
from mmbench.stats.resampler import RESAMPLES, Resampler

_BLOCK = 50  # resamples at a time, to limit memory


def crossed_interval(
    ratings: Iterable[tuple[str, str, float]], *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """Return the interval of the mean of the item means, from (item, rater, rating) triples.

    The interval does not depend on the order of the ratings. Return None if there is only one item
    with only one rater, or if all resamples give the same value.
    """
    ordered = sorted(ratings)
    drawn = crossed_resamples(ordered, seed=seed, resamples=resamples)
    sizes = [len({pair[side] for pair in ordered}) for side in (0, 1)]
    fewest = min((size for size in sizes if size > 1), default=1)
    return None if constant(drawn) else expanded_percentile(drawn, fewest)


def crossed_resamples(
    ratings: list[tuple[str, str, float]], *, seed: int, resamples: int
) -> Floats:
    """Return the value of each resample [b], or NaN for a resample without a rating."""
    from scipy.sparse import coo_array

    items = Resampler([item for item, _, _ in ratings], seed=seed, resamples=resamples)
    raters = Resampler([rater for _, rater, _ in ratings], seed=seed + 1, resamples=resamples)
    shape, places = (raters.groups, items.groups), (raters.code, items.code)
    values = np.array([rating for _, _, rating in ratings])
    total = coo_array((values, places), shape).tocsr()
    number = coo_array((np.ones(len(values)), places), shape).tocsr()
    blocks = []
    for rater_weights, item_weights in zip(
        raters.weights(_BLOCK), items.weights(_BLOCK), strict=True
    ):
        n = rater_weights @ number
        mean = np.divide(rater_weights @ total, n, out=np.zeros_like(n), where=n > 0)
        weight = item_weights * (n > 0)
        with np.errstate(invalid="ignore"):
            blocks.append((weight * mean).sum(axis=1) / weight.sum(axis=1))
    return np.concatenate(blocks)
