"""SPIDEr-FL: SPIDEr with the penalty for captions that are not fluent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.cider import cider
from mmbench.metrics.captions.semantic.fluency import ERRORS, PENALISED, fluency_factors
from mmbench.metrics.captions.spice import spice
from mmbench.metrics.captions.spider import spider_rows
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Features, Prediction, Score


@declare(
    unit="score",
    better="higher",
    worst=0,
    best=5.5,
    kinds={"writing"},
    needs=("java", "pycocoevalcap"),
    slow=True,
    wants=ERRORS,
)
def spider_fl(predictions: Sequence[Prediction], *, features: Sequence[Features]) -> Score:
    """SPIDEr-FL: (CIDEr-D + SPICE) / 2 of a caption, times 0.1 if it is not fluent, averaged.

    A caption is not fluent as in `fluency_error_rate`. Range [0, 5.5], higher is better. Feature:
    `errors` [1, 6] float32, probabilities. Raises the errors of `spice`: without its jar, its
    models or Java, SPIDEr-FL has no value.
    Source: Zhou et al. 2022, arXiv 2110.04684 (penalty); aac-metrics 0.6.0
    `functional/spider_fl.py`.
    """
    spices, ciders = spice(predictions), cider(predictions)
    return score(
        penalised_spider(ciders.rows[:, 0], spices.rows[:, 0], features),
        signature=f"tokens=ptb,cider=evaluated set,spice=1.0,{PENALISED}",
        reason=ciders.reason,
    )


def penalised_spider(
    ciders: NDArray[np.float64], spices: NDArray[np.float64], features: Sequence[Features]
) -> NDArray[np.float64]:
    """Return the SPIDEr-FL [n] of captions, from their CIDEr-D [n], SPICE [n] and features."""
    return spider_rows(ciders, spices) * fluency_factors(features)
