"""Precision, recall, density and coverage of a set of generated images and a set of real images.

The ball of an image extends to its fifth nearest neighbour in its own set. Each metric is a ratio
of sums over an averaged set: the generated images (precision, density) or the real images (recall,
coverage). The row of a prediction is [hits, images], for density [balls, 5 · images]. It is [0, 0]
if the prediction has no image in the averaged set.
"""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike

from mmbench.metrics.image_sets.balls import Neighbourhoods, neighbourhoods
from mmbench.metrics.image_sets.features import SETS, invalid_reason, stack
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Array, Features, Prediction, Score

_NEAREST = 5

# Cache of the last comparison, which four metrics share.
_LAST: dict[bytes, Neighbourhoods] = {}


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"drawing"}, wants=SETS)
def prdc_precision(
    predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]
) -> Score:
    """Share of generated images that are in the ball of any real image.

    A ball extends to the 5th nearest neighbour in its set. Range [0, 1], higher is better. NaN
    without a generated image, or with five or fewer real images. The interval treats the balls as
    fixed.
    Source: Kynkäänniemi et al. 2019, arXiv 1904.06991; clovaai `prdc.compute_prdc`.
    """
    return _measure("precise", predictions, argument, features)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"drawing"}, wants=SETS)
def prdc_recall(
    predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]
) -> Score:
    """Share of real images that are in the ball of any generated image.

    A ball extends to the 5th nearest neighbour in its set. Range [0, 1], higher is better. NaN
    without a real image, or with five or fewer generated images. The interval treats the balls as
    fixed.
    Source: Kynkäänniemi et al. 2019, arXiv 1904.06991; clovaai `prdc.compute_prdc`.
    """
    return _measure("recalled", predictions, argument, features)


@declare(unit="score", better="higher", worst=0, kinds={"drawing"}, wants=SETS)
def prdc_density(
    predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]
) -> Score:
    """Mean number of real images whose ball contains a generated image, divided by 5.

    The mean is over the generated images. A ball extends to the 5th nearest neighbour in its set.
    Range [0, ∞), with expectation 1 for equal distributions; higher is better. NaN without a
    generated image, or with five or fewer real images. The interval treats the balls as fixed.
    Source: Naeem et al. 2020, arXiv 2002.09797; clovaai `prdc.compute_prdc`.
    """
    return _measure("dense", predictions, argument, features)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"drawing"}, wants=SETS)
def prdc_coverage(
    predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]
) -> Score:
    """Share of real images with a generated image in their ball.

    A ball extends to the 5th nearest neighbour in its set. Range [0, 1], higher is better. NaN
    without a generated image, or with five or fewer real images. The interval treats the balls and
    the generated images as fixed.
    Source: Naeem et al. 2020, arXiv 2002.09797; clovaai `prdc.compute_prdc`.
    """
    return _measure("covered", predictions, argument, features)


def _measure(
    quantity: Literal["precise", "dense", "recalled", "covered"],
    predictions: Sequence[Prediction],
    argument: str,
    features: Sequence[Features],
) -> Score:
    (drawn, drawn_owners), (real, real_owners) = (
        stack(predictions, features, name) for name in ("drawn", "real")
    )
    least = {"drawn": 1, "real": 1} | {"drawn" if quantity == "recalled" else "real": _NEAREST + 1}
    reason = invalid_reason(least, drawn=drawn, real=real)
    rows = np.full((len(predictions), 2), np.nan)
    if not reason:
        owners = drawn_owners if quantity in ("precise", "dense") else real_owners
        hits: ArrayLike = getattr(_compare(drawn, real), quantity)
        rows[:] = 0.0
        each = np.full(len(owners), _NEAREST if quantity == "dense" else 1)
        np.add.at(rows, owners, np.column_stack([hits, each]))
    return score(
        rows,
        fold_name="ratio",
        signature=f"features={argument},nearest={_NEAREST},balls=fixed",
        reason=reason,
    )


def _compare(drawn: Array, real: Array) -> Neighbourhoods:
    state = blake2b(repr((drawn.shape, real.shape)).encode())
    for vectors in (drawn, real):
        state.update(np.ascontiguousarray(vectors).data)
    key = state.digest()
    if key not in _LAST:
        neighbours = neighbourhoods(drawn, real, _NEAREST)
        _LAST.clear()
        _LAST[key] = neighbours
    return _LAST[key]
