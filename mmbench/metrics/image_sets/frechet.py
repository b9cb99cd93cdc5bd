"""The Fréchet distance between two normal distributions, from their means and covariances."""

from __future__ import annotations

import math

import numpy as np
from numpy.typing import NDArray

from mmbench.types import Array

Floats = NDArray[np.float64]

# Rows converted to float64 at a time, to limit memory.
_ROWS = 4096
# Relative precision of the trace of a root: a negative value within it counts as zero.
_ROUNDING = 1e-9


class Moments:
    """The count, mean [d] and scatter [d, d] of vectors that are added in batches, in float64.

    The scatter, Σ (x - mean)(x - mean)ᵀ, is relative to the running mean, so that an offset much
    larger than the spread does not reduce precision. The memory is O(d²) for any number of vectors.
    Source: Chan, Golub and LeVeque 1983, The American Statistician 37(3).
    """

    def __init__(self, width: int) -> None:
        self.count = 0
        self.mean: Floats = np.zeros(width)
        self.scatter: Floats = np.zeros((width, width))

    @classmethod
    def from_rows(cls, features: Array | Floats) -> Moments:
        """Return the moments of all rows of features [n, d]."""
        moments = cls(features.shape[1])
        for start in range(0, len(features), _ROWS):
            moments.update(features[start : start + _ROWS])
        return moments

    def update(self, batch: Array | Floats) -> None:
        """Add the rows of a batch [n, d]."""
        if len(batch):
            rows = np.asarray(batch, dtype=np.float64)
            mean = rows.mean(axis=0)
            spread = rows - mean
            self._add(len(rows), mean, spread.T @ spread)

    def merge(self, other: Moments) -> None:
        """Add the vectors of another Moments object."""
        self._add(other.count, other.mean, other.scatter)

    @property
    def covariance(self) -> Floats:
        """The covariance [d, d] with ddof = 1; NaN for fewer than two vectors."""
        if self.count < 2:
            return np.full_like(self.scatter, np.nan)
        return self.scatter / (self.count - 1)

    def _add(self, count: int, mean: Floats, scatter: Floats) -> None:
        if not count:
            return
        total = self.count + count
        gap = mean - self.mean
        self.scatter += scatter + np.outer(gap, gap * (self.count * count / total))
        self.mean += gap * (count / total)
        self.count = total


def frechet_distance(moments_a: Moments, moments_b: Moments) -> float:
    """Return |m₁ - m₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½), from the moments of two sets.

    This is the squared 2-Wasserstein distance between two normal distributions. Range [0, ∞), lower
    is better; NaN if a set has fewer than two vectors, or values that are not finite. With Σ = F
    Fᵀ, the trace of the root is the sum of the singular values of F₁ᵀF₂. These are the square roots
    of the eigenvalues of Σ₁Σ₂, but are more precise than the square roots of computed eigenvalues.
    Covariances may be singular.
    Source: Dowson and Landau 1982, J. Multivariate Analysis 12(3); Heusel et al. 2017, arXiv
    1706.08500; torch-fidelity `fid_statistics_to_metric`.
    """
    from scipy.linalg import svdvals

    first, second = moments_a.covariance, moments_b.covariance
    gap = moments_a.mean - moments_b.mean
    spread = float(np.trace(first) + np.trace(second))
    if not math.isfinite(spread + float(gap @ gap)):
        return math.nan
    mixed = _factor(first).T @ _factor(second)
    root = float(svdvals(mixed).sum()) if mixed.size else 0.0
    shape = spread - 2.0 * root
    return float(gap @ gap) + (0.0 if abs(shape) < _ROUNDING * spread and shape < 0 else shape)


def _factor(covariance: Floats) -> Floats:
    """Return F [d, r] with F Fᵀ = the covariance, of rank r.

    F comes from a pivoted Cholesky factorisation, which stops at the rank. The correlation matrix
    is factorised instead of the covariance, so that features of small scale are as precise as
    features of large scale.
    """
    from scipy.linalg.lapack import dpstrf

    scale = np.sqrt(np.diagonal(covariance))
    scale = np.where(scale > 0, scale, 1.0)
    lower, pivots, rank, _ = dpstrf(covariance / np.outer(scale, scale), lower=1)
    factor = np.empty((len(scale), rank))
    factor[pivots - 1] = np.tril(lower)[:, :rank]
    return factor * scale[:, None]
