"""The metric SPIDEr for captions: the mean of CIDEr-D and SPICE."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.cider import cider
from mmbench.metrics.captions.jar import by_jar
from mmbench.metrics.captions.spice import spice
from mmbench.protocols import Metric
from mmbench.stats import score
from mmbench.types import Prediction, Score

_PARTS: dict[str, Metric] = {"spice": spice, "cider": cider}  # the one that may be missing first


@by_jar(best=5.5)
def spider(predictions: Sequence[Prediction]) -> Score:
    """SPIDEr: (CIDEr-D + SPICE) / 2, averaged over captions.

    Range [0, 5.5], higher is better. Rows: the value of each caption; CIDEr's document frequencies
    are those of the whole evaluated set, as in `cider`. Details: `cider` and `spice` of each
    caption. Raises the errors of `spice`: without its jar, its models or Java, SPIDEr has no value.
    Source: Liu et al. 2017, arXiv 1612.00370; aac-metrics 0.6.0 `spider`.
    """
    parts = {name: metric(predictions) for name, metric in _PARTS.items()}
    details = {name: part.rows[:, 0] for name, part in parts.items()}
    return score(
        spider_rows(details["cider"], details["spice"]),
        signature="tokens=ptb,cider=evaluated set,spice=1.0",
        reason=parts["cider"].reason,
        details={name: values.tolist() for name, values in details.items()},
    )


def spider_rows(cider: NDArray[np.float64], spice: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the SPIDEr of each caption [n], from its CIDEr-D and its SPICE [n]."""
    return np.asarray((cider + spice) / 2)
