"""Rows of runs that are simulated many times, with known values."""

import numpy as np

from mmbench.stats.folds import Floats


def simulated_rows(
    rng: np.random.Generator, kind: str, chances: Floats, groups: int, size: int = 1
) -> Floats:
    """Return rows [groups * size, runs] of 0 and 1 with these expected values.

    The runs of a sample agree more than chance would have it. `latent`: a sample has a difficulty,
    and samples of a group have a common part of it. `rare`: the runs are copies of one run, in
    which few samples are changed, so that pairs of runs disagree on few samples.
    """
    from scipy.special import ndtri

    runs = len(chances)
    n = groups * size
    if kind == "rare":
        rare = 0.02
        base = rng.random((n, 1)) < chances.max()
        changed = rng.random((n, runs)) < rare
        own = rng.random((n, runs)) < (chances - (1 - rare) * chances.max()) / rare
        return np.where(changed, own, base).astype(float)
    shared = np.sqrt(0.6) * rng.standard_normal((n, 1))
    of_group = np.sqrt(0.2) * rng.standard_normal((groups, runs)).repeat(size, axis=0)
    noise = np.sqrt(0.2) * rng.standard_normal((n, runs))
    return np.asarray(shared + of_group + noise < ndtri(chances), float)
