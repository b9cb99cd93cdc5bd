"""CIDEr-D of captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.caption_words import corpus_of
from mmbench.metrics.ngrams import Counts, Grams, distinct
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_SIGMA = 6.0

Floats = NDArray[np.float64]


@declare(unit="score", better="higher", worst=0, best=10, kinds={"writing"})
def cider(predictions: Sequence[Prediction]) -> Score:
    """CIDEr-D: 10 x the mean cosine of tf-idf n-gram vectors, n from 1 to 4, over the references.

    A candidate's weights are clipped at the reference's, and each cosine is multiplied by
    exp(-d² / 72) for a difference of d **bigrams**. idf = log(captions / those with the n-gram
    in a reference), over the **whole evaluated set**: the value of a caption depends on the
    others, and a set of one image has idf 0 and so CIDEr 0, which the reason of the score says.
    Rows: the value of each caption, with the idf of the whole set, which stays fixed when captions
    are drawn again. An empty caption counts as 0. Range [0, 10], higher is better. Raises DataError
    for a sample without references.
    Source: Vedantam et al. 2015, arXiv 1411.5726; pycocoevalcap 1.2 `cider_scorer.py`.
    """
    rows = _rows(corpus_of(predictions).grams) if predictions else np.empty(0)
    signature = "tokens=ptb,n=4,sigma=6,idf=evaluated set,held fixed in resampling"
    return score(rows, signature=signature, reason=_reason(len(rows)))


def _reason(images: int) -> str:
    if images != 1:
        return ""
    return (
        "CIDEr of a single image is always 0: the weight of an n-gram is log(images / images that"
        " have it in a reference) = log(1 / 1) = 0; score two images or more"
    )


def _rows(grams: Grams) -> Floats:
    n = grams.candidates
    bigrams = np.maximum(grams.lengths - 1, 0)
    away = bigrams[grams.owner[n:]] - bigrams[n:]
    cosines = [_cosines(order, grams) for order in grams.orders]
    each = np.mean(cosines, axis=0) * np.exp(-(away**2) / (2 * _SIGMA**2))
    counts = np.diff(grams.starts, append=len(each))
    return np.asarray(10 * np.add.reduceat(each, grams.starts) / counts)


def _cosines(order: Counts, grams: Grams) -> Floats:
    """Clipped cosine of each reference [references] with its candidate."""
    n, split, found = grams.candidates, order.split, order.partner >= 0
    weight = order.count * _idf(order, grams)[order.gram]
    norm = np.sqrt(np.bincount(order.caption, weight**2, minlength=len(grams.owner)))
    theirs, ours = weight[split:][found], weight[order.partner[found]]
    reference = order.caption[split:][found] - n
    product = np.bincount(reference, np.minimum(ours, theirs) * theirs, len(grams.owner) - n)
    scale = norm[n:] * norm[grams.owner[n:]]
    return np.asarray(np.divide(product, scale, out=np.zeros(len(scale)), where=scale > 0))


def _idf(order: Counts, grams: Grams) -> Floats:
    """log(samples) - log(those with the gram in a reference), which is one where none has it."""
    size = int(order.gram.max(initial=0)) + 1
    owner = grams.owner[order.caption[order.split :]]
    pairs, _ = distinct(owner * size + order.gram[order.split :])
    having = np.bincount(pairs % size, minlength=size)
    return np.asarray(np.log(grams.candidates) - np.log(np.maximum(having, 1)))
