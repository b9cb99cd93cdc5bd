"""Conformance cases of image-set metrics: other packages on the same features."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, measured
from mmbench.conformance.packages import library
from mmbench.metrics.image_sets.features import stack
from mmbench.metrics.image_sets.kernel import polynomial_subsets
from mmbench.types import Features, Prediction

Floats = NDArray[np.float64]
Sides = tuple[NDArray[np.float32], NDArray[np.float32]]


def normal(seed: int, n: int, d: int, offset: float = 0.0) -> NDArray[np.float32]:
    """Return correlated normal features [n, d] float32 with mean `offset`."""
    draws = np.random.default_rng(seed)
    return (draws.normal(size=(n, d)) @ draws.normal(size=(d, d)) + offset).astype(np.float32)


def _full() -> Iterator[Sides]:
    yield normal(0, 500, 48), normal(1, 400, 48, 0.3)
    yield normal(2, 90, 3), normal(3, 200, 3)
    same = normal(4, 120, 16)
    yield same, same + np.float32(0.01)


def _singular() -> Iterator[Sides]:
    """Yield two pairs of image sets with singular covariances.

    In the first pair, the sets have fewer images than features. In the second pair, one feature is
    constant and one is repeated.
    """
    yield normal(5, 20, 32), normal(6, 24, 32, 0.5)
    drawn, real = normal(7, 100, 8), normal(8, 100, 8, 0.2)
    drawn[:, 3] = real[:, 3] = 1.0
    drawn[:, 5], real[:, 5] = drawn[:, 4], real[:, 4]
    yield drawn, real


SETS: dict[str, Callable[[], Iterator[Sides]]] = {"full": _full, "singular": _singular}
DESCRIPTIONS = {
    "full": "generated: 3 pairs of sets, 3 to 48 features",
    "singular": "generated: 2 pairs of sets with singular covariances",
}


def _set_predictions(
    drawn: NDArray[np.float32], real: NDArray[np.float32]
) -> tuple[list[Prediction], list[Features]]:
    """Return predictions and features as in a run, one for each generated and each real image."""
    none = np.empty((0, drawn.shape[1]), np.float32)
    features = [{"drawn": row[None], "real": none} for row in drawn]
    features += [{"drawn": none, "real": row[None]} for row in real]
    return [Prediction(str(i)) for i in range(len(features))], features


def value(name: str, drawn: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """Return the value of the metric called `name` for the features of two sets of images.

    `drawn` are the features of generated images, `real` the features of real images.
    """
    return measured(name, *_set_predictions(drawn, real)).value


def in_order(drawn: NDArray[np.float32], real: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """Return the features in float64, in the order that metrics use for subsets and splits."""
    ordered = [stack(*_set_predictions(drawn, real), name)[0] for name in ("drawn", "real")]
    return ordered[0].astype(np.float64), ordered[1].astype(np.float64)


CLOUDS = "generated: 300 and 250 images, 12 features"


def clouds() -> Sides:
    """Return generated and real features with nearest-neighbour balls that partly overlap."""
    draws = np.random.default_rng(15)
    drawn, real = draws.normal(size=(300, 12)) * 0.9, draws.normal(size=(250, 12)) + 0.2
    return drawn.astype(np.float32), real.astype(np.float32)


Moments = tuple[Floats, Floats, Floats, Floats]


def _torch_fidelity_fid(moments: Moments) -> float:
    sides = [{"mu": moments[i], "sigma": moments[i + 1]} for i in (0, 2)]
    module = library("torch_fidelity.metric_fid")
    result = module.fid_statistics_to_metric(*sides, False)
    return float(result[module.KEY_METRIC_FID])


def _pytorch_fid(moments: Moments) -> float:
    return float(library("pytorch_fid.fid_score").calculate_frechet_distance(*moments))


def _clean_fid(moments: Moments) -> float:
    return float(library("cleanfid.fid").frechet_distance(*moments))


def _torchmetrics_fid(moments: Moments) -> float:
    torch, module = library("torch"), library("torchmetrics.image.fid")
    return float(module._compute_fid(*map(torch.from_numpy, moments)))


def root_of_symmetric(moments: Moments) -> float:
    """Return the Fréchet distance between two normal distributions.

    `moments` is (mean, covariance A, mean, covariance B). The trace of (A^½ B A^½)^½ is computed
    from eigenvalues, with A = Q Λ Qᵀ.
    """
    mean, first, other, second = moments
    scales, vectors = np.linalg.eigh(first)
    root = vectors * np.sqrt(np.maximum(scales, 0)) @ vectors.T
    inner = np.linalg.eigvalsh(root @ second @ root)
    gap = mean - other
    trace = np.sqrt(np.maximum(inner, 0)).sum()
    return float(gap @ gap + np.trace(first) + np.trace(second) - 2 * trace)


PACKAGES = {
    "torch_fidelity": (_torch_fidelity_fid, "fid_statistics_to_metric"),
    "pytorch-fid": (_pytorch_fid, "calculate_frechet_distance"),
    "clean-fid": (_clean_fid, "frechet_distance"),
    "torchmetrics": (_torchmetrics_fid, "_compute_fid"),
}

_SUBSET, _SUBSETS = 100, 100


def _fid(theirs: Callable[[Moments], float], sets: str, _: Path) -> LargestDifference:
    pairs = list(SETS[sets]())
    expected = [theirs(_moments(*pair)) for pair in pairs]
    return LargestDifference(
        max_difference([value("fid@clip", *pair) for pair in pairs], expected), DESCRIPTIONS[sets]
    )


def _moments(drawn: NDArray[np.float32], real: NDArray[np.float32]) -> Moments:
    one, other = drawn.astype(np.float64), real.astype(np.float64)
    cov = partial(np.cov, rowvar=False)
    return one.mean(axis=0), cov(one), other.mean(axis=0), cov(other)


def _kid_subsets(_: Path) -> LargestDifference:
    """Compare KID on subsets of 100 images, because the default of 1,000 takes a minute."""
    torch = library("torch")
    sides = normal(9, 400, 8), normal(10, 300, 8, 0.2)
    module = library("torch_fidelity.metric_kid")
    exact = [side.astype(np.float64) for side in sides]
    result = module.kid_features_to_metric(*map(torch.from_numpy, exact), **_KID)
    theirs = [result[module.KEY_METRIC_KID_MEAN], result[module.KEY_METRIC_KID_STD]]
    ours = polynomial_subsets(*sides, subsets=_SUBSETS, size=_SUBSET, seed=2020)
    inputs = f"generated: 400 and 300 images, {_SUBSETS} subsets of {_SUBSET}"
    return LargestDifference(max_difference([ours.mean(), ours.std()], theirs), inputs)


_KID = {
    "kid_kernel": "poly",
    "kid_kernel_poly_degree": 3,
    "kid_kernel_poly_gamma": None,
    "kid_kernel_poly_coef0": 1,
    "kid_subsets": _SUBSETS,
    "kid_subset_size": _SUBSET,
    "rng_seed": 2020,
    "verbose": False,
}


def _kid(theirs: Callable[[Floats, Floats], float], _: Path) -> LargestDifference:
    """Compare `kid` with the function `theirs`, on pairs of sets of equal size.

    For sets of equal size, every subset is the whole set.
    """
    pairs = [(normal(11, 60, 8), normal(12, 60, 8, 0.4)), (normal(13, 200, 64),) * 2]
    expected = [theirs(one.astype(np.float64), other.astype(np.float64)) for one, other in pairs]
    inputs = "generated: 2 pairs of sets of equal size, one pair identical"
    return LargestDifference(
        max_difference([value("kid@clip", *pair) for pair in pairs], expected), inputs
    )


def _clean_kid(drawn: Floats, real: Floats) -> float:
    return float(library("cleanfid.fid").kernel_distance(drawn, real, num_subsets=1))


def _torchmetrics_kid(drawn: Floats, real: Floats) -> float:
    torch, module = library("torch"), library("torchmetrics.image.kid")
    return float(module.poly_mmd(torch.from_numpy(real), torch.from_numpy(drawn)))


def _inception_score(_: Path) -> LargestDifference:
    torch, module = library("torch"), library("torch_fidelity.metric_isc")
    ours, theirs = [], []
    for n, classes in ((10, 5), (57, 30), (400, 1008)):
        logits, none = normal(14, n, classes), np.empty((0, classes), np.float32)
        ordered = torch.from_numpy(in_order(logits, none)[0])
        result = module.isc_features_to_metric(ordered, 10, False)
        theirs.append(result[module.KEY_METRIC_ISC_MEAN])
        ours.append(value("inception_score", logits, none))
    return LargestDifference(
        max_difference(ours, theirs), "generated: 10, 57 and 400 images; the same order for both"
    )


_PRDC = ("precision", "recall", "density", "coverage")


def _prdc(quantity: str, _: Path) -> LargestDifference:
    drawn, real = clouds()
    exact = real.astype(np.float64), drawn.astype(np.float64)
    expected = library("prdc").compute_prdc(*exact, nearest_k=5)
    return LargestDifference(
        max_difference(value(f"prdc_{quantity}@clip", drawn, real), expected[quantity]), CLOUDS
    )


def _fidelity_prc(quantity: str, _: Path) -> LargestDifference:
    torch, (drawn, real) = library("torch"), clouds()
    module = library("torch_fidelity.metric_prc")
    sides = (torch.from_numpy(side.astype(np.float64)) for side in (drawn, real))
    expected = module.calculate_precision_recall_full(*sides, neighborhood=5)[_PRDC.index(quantity)]
    return LargestDifference(
        max_difference(value(f"prdc_{quantity}@clip", drawn, real), expected), CLOUDS
    )


def _cmmd(_: Path) -> LargestDifference:
    """Compare `cmmd` with its definition, computed from the difference of each pair of vectors."""
    drawn, real = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in clouds())

    def mean(one: Floats, other: Floats) -> float:
        gaps = one[:, None].astype(np.float64) - other[None].astype(np.float64)
        return float(np.exp(-(gaps**2).sum(axis=2) / (2 * 10.0**2)).mean())

    theirs = 1000 * (mean(drawn, drawn) + mean(real, real) - 2 * mean(drawn, real))
    return LargestDifference(
        max_difference(value("cmmd", drawn, real), theirs), f"{CLOUDS}, of length 1"
    )


_FLOAT32 = 1e-6
CASES = [
    *(
        Case("fid", DEFINITION, partial(_fid, root_of_symmetric, sets), tolerance)
        for sets, tolerance in (("full", 1e-9), ("singular", 1e-6))
    ),
    *(
        Case("fid", reference, partial(_fid, function, sets), tolerance, package)
        for package, (function, reference) in PACKAGES.items()
        for sets, tolerance in (("full", 1e-9), ("singular", 1e-4))
    ),
    Case("kid", "kid_features_to_metric", _kid_subsets, package="torch_fidelity"),
    Case("kid", "kernel_distance", partial(_kid, _clean_kid), package="clean-fid"),
    Case("kid", "poly_mmd", partial(_kid, _torchmetrics_kid), package="torchmetrics"),
    Case("inception_score", "isc_features_to_metric", _inception_score, package="torch_fidelity"),
    *(
        Case(f"prdc_{quantity}", "compute_prdc", partial(_prdc, quantity), package="prdc")
        for quantity in _PRDC
    ),
    *(
        Case(
            f"prdc_{quantity}",
            "calculate_precision_recall_full",
            partial(_fidelity_prc, quantity),
            _FLOAT32,
            "torch_fidelity",
        )
        for quantity in _PRDC[:2]
    ),
    Case("cmmd", DEFINITION, _cmmd),
]
