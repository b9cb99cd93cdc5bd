"""The Fréchet distance as packages compute it, of means and covariances."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.official import library

Floats = NDArray[np.float64]
Moments = tuple[Floats, Floats, Floats, Floats]


def _torch_fidelity_fid(moments: Moments) -> float:
    sides = [{"mu": moments[i], "sigma": moments[i + 1]} for i in (0, 2)]
    module = library("torch_fidelity.metric_fid")
    found = module.fid_statistics_to_metric(*sides, False)
    return float(found[module.KEY_METRIC_FID])


def _pytorch_fid(moments: Moments) -> float:
    return float(library("pytorch_fid.fid_score").calculate_frechet_distance(*moments))


def _clean_fid(moments: Moments) -> float:
    return float(library("cleanfid.fid").frechet_distance(*moments))


def _torchmetrics_fid(moments: Moments) -> float:
    torch, module = library("torch"), library("torchmetrics.image.fid")
    return float(module._compute_fid(*map(torch.from_numpy, moments)))


def root_of_symmetric(moments: Moments) -> float:
    """The trace of (A^½ B A^½)^½, by eigenvalues of symmetric matrices; A = Q Λ Qᵀ."""
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
