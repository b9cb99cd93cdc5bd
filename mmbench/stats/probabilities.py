"""Probabilities of classes from logits, in float64."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Numbers = NDArray[np.floating]
Floats = NDArray[np.float64]

_ROUNDING = 1e-6  # how far a mean in single precision may exceed 1
_SUM = 1e-2  # how far the sum of a half-precision model's probabilities may differ from 1


def softmax(logits: Numbers) -> Floats:
    """Return the softmax [..., c] over the last axis. A row with only -∞ becomes NaN."""
    wide = logits.astype(np.float64)
    with np.errstate(invalid="ignore"):  # -∞ - -∞
        powers = np.exp(wide - wide.max(axis=-1, keepdims=True))
        return np.asarray(powers / powers.sum(axis=-1, keepdims=True))


def sigmoid(logits: Numbers) -> Floats:
    """Return the logistic function of each logit.

    Probabilities close to 0 are precise enough to keep their order.
    """
    from scipy.special import expit

    return np.asarray(expit(logits.astype(np.float64)))


def probabilities(logits: Numbers, *, several: bool) -> Floats:
    """Convert logits to probabilities.

    The conversion is the sigmoid if a sample may have `several` labels, else the softmax over the
    last axis.
    """
    return sigmoid(logits) if several else softmax(logits)


def are_probabilities(scores: Numbers, *, several: bool) -> bool:
    """Return whether all scores [n, c] can be probabilities.

    All scores must lie in [0, 1]. Unless samples may have `several` labels, the scores of each
    sample must also sum to 1 within 0.01. Samples with a score that is not finite are ignored.
    """
    finite = scores[np.isfinite(scores).all(axis=1)]
    if not len(finite):
        return not len(scores)
    sums = finite.sum(axis=1, dtype=np.float64)
    whole = several or (np.abs(sums - 1) <= _SUM).all()
    return bool(finite.min() >= 0 and finite.max() <= 1 + _ROUNDING and whole)
