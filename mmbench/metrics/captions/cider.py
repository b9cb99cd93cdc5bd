"""The metric CIDEr-D for captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.corpus import corpus_of
from mmbench.metrics.captions.ngrams import Captions, Counts, counts, distinct, orders
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_SIGMA = 6.0

Floats = NDArray[np.float64]


@declare(unit="score", better="higher", worst=0, best=10, kinds={"writing"})
def cider(predictions: Sequence[Prediction]) -> Score:
    """CIDEr-D: 10 x the mean cosine of tf-idf n-gram vectors, n from 1 to 4, over the references.

    Each weight of a candidate is clipped at the weight in the reference, and each cosine is
    multiplied by exp(-d² / 72) for a difference of d **bigrams**. idf = log(captions / captions
    with the n-gram in a reference), over the **whole evaluated set**. So the value of a caption
    depends on the other captions, and a set of one image has idf 0 and CIDEr 0, with a reason.
    Rows: the value of each caption, with the idf of the whole set, which resampling does not
    change. An empty caption scores 0. Range [0, 10], higher is better. Raises DataError for a
    sample without references.
    Source: Vedantam et al. 2015, arXiv 1411.5726; pycocoevalcap 1.2 `cider_scorer.py`.
    """
    rows = _rows(corpus_of(predictions).words) if predictions else np.empty(0)
    signature = "tokens=ptb,n=4,sigma=6,idf=evaluated set,held fixed in resampling"
    return score(rows, signature=signature, reason=_reason(len(rows)))


def _reason(images: int) -> str:
    if images != 1:
        return ""
    return (
        "CIDEr of a single image is always 0: the weight of an n-gram is log(images / images that"
        " have it in a reference) = log(1 / 1) = 0; score two images or more"
    )


def _rows(words: Captions) -> Floats:
    n, starts = words.candidates, words.starts
    bigrams = np.maximum(words.lengths - 1, 0)
    length_gaps = bigrams[words.owner] - bigrams[n:]
    similarities = np.mean([_cosines(order) for order in orders(words)], axis=0)
    similarities *= np.exp(-(length_gaps**2) / (2 * _SIGMA**2))
    return np.asarray(
        10 * np.add.reduceat(similarities, starts) / np.diff(starts, append=len(similarities))
    )


def _cosines(order: Captions) -> Floats:
    """Return the clipped cosine of each reference [references] with its candidate."""
    frequency, log_size = _document_frequency(order), np.log(order.candidates)
    cosines = []
    for block in order.blocks():
        ngrams = counts(block)
        # An n-gram that occurs in no reference gets the weight of an n-gram that occurs in one.
        idf = log_size - np.log(np.maximum(frequency[ngrams.gram], 1))
        cosines.append(_clipped_cosines(ngrams, ngrams.count * idf, block))
    return np.concatenate(cosines)


def _document_frequency(order: Captions) -> NDArray[np.int32]:
    """Return, for each n-gram, the number of samples with this n-gram in a reference."""
    frequency = np.zeros(int(order.numbers.max(initial=0)) + 1, np.int32)
    for block in order.blocks():
        split = int(block.lengths[: block.candidates].sum())
        owner = np.repeat(block.owner, block.lengths[block.candidates :])
        pairs, _ = distinct(owner * len(frequency) + block.numbers[split:])
        np.add.at(frequency, pairs % len(frequency), 1)
    return frequency


def _clipped_cosines(ngrams: Counts, weight: Floats, captions: Captions) -> Floats:
    n, split, shared = captions.candidates, ngrams.split, ngrams.partner >= 0
    norm = np.sqrt(np.bincount(ngrams.caption, weight**2, len(captions.lengths)))
    reference_weights = weight[split:][shared]
    candidate_weights = weight[ngrams.partner[shared]]
    reference = ngrams.caption[split:][shared] - n
    product = np.bincount(
        reference,
        np.minimum(candidate_weights, reference_weights) * reference_weights,
        len(captions.owner),
    )
    scale = norm[n:] * norm[captions.owner]
    return np.asarray(np.divide(product, scale, out=np.zeros(len(scale)), where=scale > 0))
