"""The Fréchet distance of two feature sets from their moments, compared with two other methods."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import partial
from statistics import median
from time import perf_counter
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from benchmarks.rows import Row
from mmbench.metrics.image_sets.frechet import Moments, frechet_distance

Features = NDArray[np.float32]
Result = TypeVar("Result")

# Limits of the ratios. mmbench is exact for singular covariances, where the other methods lose
# digits; it must still be much faster than a matrix square root and about as fast as eigenvalues.
SQRTM, EIGVALS = 0.7, 1.5


def rows(quick: bool = False) -> list[Row]:
    width, repeats = (512, 3) if quick else (2048, 1)
    # imports scipy
    frechet_distance(*(Moments.from_rows(_features(seed, 9, 8)) for seed in (0, 1)))
    many, few = (_case(width, images, repeats) for images in (3 * width, width // 2))
    return [*many, *few, _stream(width, 3 * width)]


def _case(width: int, images: int, repeats: int) -> list[Row]:
    first, second = (Moments.from_rows(_features(seed, images, width)) for seed in (0, 1))
    methods = {
        "sqrtm (pytorch-fid, clean-fid)": (_by_sqrtm, SQRTM),
        "eigvals (torch-fidelity, torchmetrics)": (_by_eigvals, EIGVALS),
    }
    compared = [frechet_distance, *(method for method, _ in methods.values())]
    (ours, value), *others = _interleaved(repeats, [partial(w, first, second) for w in compared])
    return [
        Row(
            f"FID of 2 x {images:,} x {width} from moments / {name}",
            ours, seconds, ours / seconds, limit,
            note=f"relative difference {abs(other - value) / value:.1e}",
        )
        for (name, (_, limit)), (seconds, other) in zip(methods.items(), others, strict=True)
    ]  # fmt: skip


def _stream(width: int, images: int) -> Row:
    """Measure moments in one pass against the bare product that each covariance needs."""
    features = _features(0, images, width)
    wide = features.astype(np.float64)
    methods: list[Callable[[], object]] = [
        lambda: Moments.from_rows(features),
        lambda: wide.T @ wide,
    ]
    (ours, _), (bare, _) = _interleaved(5, methods)
    return Row(f"moments of {images:,} x {width} / the bare product",
               ours, bare, ours / bare, 3.0)  # fmt: skip


def _features(seed: int, images: int, width: int) -> Features:
    """Return non-negative, correlated features with variances over four orders of magnitude."""
    draws = np.random.default_rng(seed)
    mixing = np.random.default_rng(9).standard_normal((width, width)) / width**0.5
    scales = np.logspace(0, -2, width)
    mixed = (draws.standard_normal((images, width)) * scales) @ mixing + 0.1 * seed * scales
    features: Features = np.maximum(mixed, 0).astype(np.float32)
    return features


def _by_sqrtm(first: Moments, second: Moments) -> float:
    from scipy.linalg import sqrtm

    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # singular, as fewer images than features always are
        root = sqrtm(first.covariance @ second.covariance)
    return _total(first, second, float(np.trace(root).real))


def _by_eigvals(first: Moments, second: Moments) -> float:
    values = np.linalg.eigvals(first.covariance @ second.covariance)
    return _total(first, second, float(np.sqrt(values.astype(complex)).real.sum()))


def _total(first: Moments, second: Moments, root: float) -> float:
    apart = first.mean - second.mean
    traces = np.trace(first.covariance) + np.trace(second.covariance)
    return float(apart @ apart + traces - 2 * root)


def _interleaved(
    repeats: int, methods: Sequence[Callable[[], Result]]
) -> list[tuple[float, Result]]:
    """Return the median seconds and the result of each method."""
    seconds: list[list[float]] = [[] for _ in methods]
    results: dict[int, Result] = {}
    for _ in range(repeats):
        for i, method in enumerate(methods):
            start = perf_counter()
            results[i] = method()
            seconds[i].append(perf_counter() - start)
    return [(median(times), results[i]) for i, times in enumerate(seconds)]
