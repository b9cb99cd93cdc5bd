"""Generated pairs of sets of features."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import measured
from mmbench.metrics.image_sets.features import stack
from mmbench.types import Features, Prediction

Floats = NDArray[np.float64]
Sides = tuple[NDArray[np.float32], NDArray[np.float32]]


def normal(seed: int, n: int, d: int, offset: float = 0.0) -> NDArray[np.float32]:
    """Correlated features [n, d]."""
    draws = np.random.default_rng(seed)
    return (draws.normal(size=(n, d)) @ draws.normal(size=(d, d)) + offset).astype(np.float32)


def _full() -> Iterator[Sides]:
    yield normal(0, 500, 48), normal(1, 400, 48, 0.3)
    yield normal(2, 90, 3), normal(3, 200, 3)
    same = normal(4, 120, 16)
    yield same, same + np.float32(0.01)


def _singular() -> Iterator[Sides]:
    """Fewer images than features; a feature that is constant; one that another repeats."""
    yield normal(5, 20, 32), normal(6, 24, 32, 0.5)
    drawn, real = normal(7, 100, 8), normal(8, 100, 8, 0.2)
    drawn[:, 3] = real[:, 3] = 1.0
    drawn[:, 5], real[:, 5] = drawn[:, 4], real[:, 4]
    yield drawn, real


SETS: dict[str, Callable[[], Iterator[Sides]]] = {"full": _full, "singular": _singular}
TOLD = {
    "full": "generated: 3 pairs of sets, 3 to 48 features",
    "singular": "generated: 2 pairs of sets with singular covariances",
}


def _given(
    drawn: NDArray[np.float32], real: NDArray[np.float32]
) -> tuple[list[Prediction], list[Features]]:
    """A prediction for each drawn and each real image, as a run has them."""
    none = np.empty((0, drawn.shape[1]), np.float32)
    features = [{"drawn": row[None], "real": none} for row in drawn]
    features += [{"drawn": none, "real": row[None]} for row in real]
    return [Prediction(str(i)) for i in range(len(features))], features


def value(name: str, drawn: NDArray[np.float32], real: NDArray[np.float32]) -> float:
    """The value of the metric of a name."""
    return measured(name, *_given(drawn, real)).value


def in_order(drawn: NDArray[np.float32], real: NDArray[np.float32]) -> tuple[Floats, Floats]:
    """The features in the order in which the metric takes subsets and splits of them."""
    found = [stack(*_given(drawn, real), name)[0] for name in ("drawn", "real")]
    return found[0].astype(np.float64), found[1].astype(np.float64)


CLOUDS = "generated: 300 and 250 images, 12 features"


def clouds() -> Sides:
    """Drawn and real features whose balls overlap in part."""
    draws = np.random.default_rng(15)
    drawn, real = draws.normal(size=(300, 12)) * 0.9, draws.normal(size=(250, 12)) + 0.2
    return drawn.astype(np.float32), real.astype(np.float32)
