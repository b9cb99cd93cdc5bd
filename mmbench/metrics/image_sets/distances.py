"""Metrics that compare a set of generated images with a set of real images, by model features.

The argument of a metric selects the features. `@tf`: the Inception network of 2015-12-05 after
TensorFlow's bilinear resize, as in torch-fidelity. `@clean`: the same network after clean-fid's
bicubic resize. Any other argument is the name of a model that embeds images. Features are not
normalised (except for `cmmd`). The two sets may differ in size. Each metric gives one value for the
whole set, not one per sample; it has a confidence interval only if the metric itself computes one.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import numpy as np
from msgspec.structs import replace

from mmbench.metrics.image_sets.features import (
    FILES,
    IMAGE,
    SETS,
    batches,
    drawn_set,
    invalid_reason,
    set_score,
    stack,
    two_sets,
)
from mmbench.metrics.image_sets.frechet import Moments, frechet_distance
from mmbench.metrics.image_sets.kernel import gaussian, polynomial_subsets
from mmbench.metrics.image_sets.prdc import prdc_coverage, prdc_density, prdc_precision, prdc_recall
from mmbench.protocols import declare
from mmbench.types import Array, FeatureRequest, Features, Prediction, Score

__all__ = [
    "Moments",
    "cmmd",
    "fid",
    "frechet_distance",
    "inception_score",
    "kid",
    "prdc_coverage",
    "prdc_density",
    "prdc_precision",
    "prdc_recall",
]

_SUBSETS, _SUBSET, _SEED = 100, 1000, 2020
_SPLITS = 10
_SIGMA, _SCALE = 10.0, 1000.0

_LOGITS = FeatureRequest(
    contents=drawn_set,
    modalities={"drawn": IMAGE},
    model="inception",
    options={"resize": "tf", "layer": "logits_unbiased"},
    files=FILES,
    normalise=False,
)
_CLIP = FeatureRequest(
    contents=two_sets,
    modalities={"drawn": IMAGE, "real": IMAGE},
    model="clip@openai/clip-vit-large-patch14-336",
    files=FILES,
)


@declare(unit="distance", better="lower", best=0, kinds={"drawing"}, wants=SETS)
def fid(predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]) -> Score:
    """Fréchet distance of the features of generated and real images (`fid@tf`: FID).

    The value is |m₁ - m₂|² + tr(Σ₁ + Σ₂ - 2 (Σ₁Σ₂)^½), where m₁ and m₂ are the means of the two
    sets and Σ₁ and Σ₂ their covariances (ddof = 1), in float64. Range [0, ∞), lower is better.
    Features [k, d] float32. NaN with fewer than two images in a set. The value decreases with the
    number of images, so values for different numbers of images are not comparable. The value is
    biased under resampling, so it has no interval.
    Source: Heusel et al. 2017, arXiv 1706.08500; torch-fidelity `fid_statistics_to_metric`,
    clean-fid `frechet_distance`; Parmar et al. 2022, arXiv 2104.11222, for `@clean`.
    """
    sides = {name: _moments(predictions, features, name) for name in ("drawn", "real")}
    value, reason = math.nan, _missing_reason(sides)
    if not reason:
        value = frechet_distance(sides["drawn"], sides["real"])
        reason = "no interval: biased under resampling"
    return set_score(value, f"features={argument},ddof=1", reason)


def _moments(predictions: Sequence[Prediction], features: Sequence[Features], name: str) -> Moments:
    """Return the moments of the features of the set `name`, "drawn" or "real".

    The features are added in batches, so that the memory is O(d²).
    """
    moments: Moments | None = None
    for batch in batches(predictions, features, name):
        moments = moments or Moments(batch.shape[1])
        with np.errstate(invalid="ignore"):  # the caller reports it
            moments.update(batch)
    return moments or Moments(0)


def _missing_reason(sides: Mapping[str, Moments]) -> str:
    """Return the reason why the distance between two sets has no value, or ""."""
    if any(moments.count < 2 for moments in sides.values()):
        counts = " and ".join(str(moments.count) for moments in sides.values())
        return f"at least 2 drawn and 2 real images are needed, but there are {counts}"
    invalid = [name for name, moments in sides.items() if not np.isfinite(moments.scatter).all()]
    return f"a feature of a {invalid[0]} image is not finite" if invalid else ""


@declare(unit="distance", better="lower", kinds={"drawing"}, wants=SETS)
def kid(predictions: Sequence[Prediction], argument: str, *, features: Sequence[Features]) -> Score:
    """Kernel distance of the features of generated and real images (`kid@tf`: KID).

    The value is the unbiased squared maximum mean discrepancy of the kernel (x·y/d + 1)³, averaged
    over 100 random subsets of 1,000 images from each set (or of the size of the smaller set, if
    that is less). Features [k, d] float32. Range (-∞, ∞), with expectation 0 for equal
    distributions; lower is better. NaN with fewer than two images in a set.
    The interval is a delete-d jackknife: value ± 1.96 · sd · √(m/(n - m) + 1/100), where m is the
    size of the subsets, n the size of the smaller set, and sd the standard deviation over the
    subsets. There is no interval if n = m.
    Source: Bińkowski et al. 2018, arXiv 1801.01401; clean-fid `kernel_distance`; torch-fidelity
    `kid_features_to_metric`, with its seed, on images in the order of a hash of their ids; for the
    interval, Shao and Wu 1989, Annals of Statistics 17(3).
    """
    drawn, real = (stack(predictions, features, name)[0] for name in ("drawn", "real"))
    fewer = min(len(drawn), len(real))
    size = min(fewer, _SUBSET)
    signature = f"features={argument},kernel=poly3,subsets={_SUBSETS}x{size},seed={_SEED}"
    reason = invalid_reason({"drawn": 2, "real": 2}, drawn=drawn, real=real)
    if reason:
        return set_score(math.nan, signature, reason)
    values = polynomial_subsets(drawn, real, subsets=_SUBSETS, size=size, seed=_SEED)
    value = float(values.mean())
    if size == fewer:
        return set_score(value, signature, f"no interval: each subset of {size} is a whole set")
    half_width = 1.96 * float(values.std(ddof=1)) * math.sqrt(size / (fewer - size) + 1 / _SUBSETS)
    return replace(
        set_score(value, f"{signature},interval=jackknife", ""),
        interval=(value - half_width, value + half_width),
    )


@declare(unit="distance", better="lower", best=0, kinds={"drawing"}, wants=_CLIP)
def cmmd(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """CLIP maximum mean discrepancy of generated and real images.

    The value is 1,000 times the squared discrepancy of the kernel exp(-|x - y|² / 2σ²), σ = 10,
    over all pairs (the biased estimate, as in the official code), on CLIP ViT-L/14-336 features of
    length 1, [k, 768] float32. Range [0, 40), 0 for equal sets, lower is better. NaN if a set is
    empty.
    Source: Jayasumana et al. 2024, arXiv 2401.09603; google-research `cmmd/distance.py`.
    """
    drawn, real = (stack(predictions, features, name)[0] for name in ("drawn", "real"))
    value, reason = math.nan, invalid_reason({"drawn": 1, "real": 1}, drawn=drawn, real=real)
    if not reason:
        value = _SCALE * gaussian(drawn, real, sigma=_SIGMA)
        reason = "no interval: biased under resampling"
    return set_score(value, f"sigma={_SIGMA:g},scale={_SCALE:g},estimate=biased", reason)


@declare(unit="score", better="higher", worst=1, kinds={"drawing"}, wants=_LOGITS)
def inception_score(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """Inception score of generated images: exp of the mean divergence of p(y|x) from p(y).

    Features [k, 1008] float32 are the logits of the Inception network without the bias. The score
    is the mean over 10 splits of the images, in the order of a hash of their ids. Range [1, 1008],
    higher is better. NaN with fewer images than splits. There is no interval, because p(y) is
    estimated from the images, and a resample repeats images.
    Source: Salimans et al. 2016, arXiv 1606.03498; torch-fidelity `isc_features_to_metric`, which
    shuffles the images with a seed before it splits them.
    """
    logits, _ = stack(predictions, features, "drawn")
    value, reason = math.nan, invalid_reason({"drawn": _SPLITS}, drawn=logits)
    if not reason:
        edges = [i * len(logits) // _SPLITS for i in range(_SPLITS + 1)]
        value = float(np.mean([_split_score(part) for part in np.split(logits, edges[1:-1])]))
        reason = "no interval: biased under resampling"
    return set_score(value, f"splits={_SPLITS}", reason)


def _split_score(logits: Array) -> float:
    shifted = logits.astype(np.float64)
    shifted -= shifted.max(axis=1, keepdims=True)
    log_p = shifted - np.log(np.exp(shifted).sum(axis=1, keepdims=True))
    p = np.exp(log_p)
    mean = p.mean(axis=0)
    log_mean = np.log(mean, out=np.zeros_like(mean), where=mean > 0)
    return float(np.exp((p * (log_p - log_mean)).sum(axis=1).mean()))
