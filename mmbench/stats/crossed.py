"""The interval of a mean over items that several raters rated: over raters and over items.

Ratings share a rater, and they share an item: neither the ratings nor the items are independent
facts when the same people rated them all. The pigeonhole bootstrap draws raters and items apart,
each with replacement, and a rating counts as often as its rater times its item were drawn; the
value is computed again under these weights. Several ratings of an item by one rater are drawn
together. It never states too little variance in the long run
(Owen 2007, "The pigeonhole bootstrap", Annals of Applied Statistics 1(2), arXiv:0712.1111).

The 95 % interval is the expanded percentile interval of `mmbench.stats.bootstrap`, expanded for the
fewer of raters and items. A single rater, or a single item, cannot be drawn from and is held fixed.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from mmbench.stats.bootstrap import constant, expanded_percentile
from mmbench.stats.folds import Floats
from mmbench.stats.resampler import RESAMPLES, Resampler

_BLOCK = 50  # resamples at once, so that memory stays bounded


def crossed_interval(
    ratings: Iterable[tuple[str, str, float]], *, seed: int = 0, resamples: int = RESAMPLES
) -> tuple[float, float] | None:
    """The interval of the mean over items of each one's mean, from (item, rater, rating).

    The same for any order of the ratings. None for a single item of a single rater, and where all
    resamples are equal.
    """
    ordered = sorted(ratings)
    drawn = crossed_resamples(ordered, seed=seed, resamples=resamples)
    sizes = [len({pair[side] for pair in ordered}) for side in (0, 1)]
    fewest = min((size for size in sizes if size > 1), default=1)
    return None if constant(drawn) else expanded_percentile(drawn, fewest)


def crossed_resamples(
    ratings: list[tuple[str, str, float]], *, seed: int, resamples: int
) -> Floats:
    """The value of each resample [b]; NaN for one in which no item drawn has a rater drawn."""
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
