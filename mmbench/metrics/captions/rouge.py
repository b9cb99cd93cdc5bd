"""The metric ROUGE-L for captions."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.captions.corpus import corpus_of
from mmbench.metrics.captions.ngrams import Captions
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_BETA_SQUARED = 1.2**2
_EMPTY = [-1]  # one word that no caption has


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def rouge_l(predictions: Sequence[Prediction]) -> Score:
    """ROUGE-L: F-measure of the longest common subsequence (LCS) with the references, averaged.

    P = LCS / caption length and R = LCS / reference length are each the maximum over the
    references, possibly of two different references; F = (1 + b²)·P·R / (R + b²·P) with b = 1.2. An
    empty caption counts as one empty word. Range [0, 1], higher is better. Raises DataError for a
    sample without references.
    Source: Lin 2004, ROUGE; pycocoevalcap 1.2 `rouge.py`, on its PTB tokens.
    """
    rows = _rows(corpus_of(predictions).tokens)
    return score(rows, signature="tokens=ptb,beta=1.2")


def _rows(tokens: Captions) -> NDArray[np.float64]:
    n, starts = tokens.candidates, tokens.starts
    lengths = np.maximum(tokens.lengths, 1)
    common = np.array([k for block in tokens.blocks() for k in _common(block)], np.int64)
    precision = np.maximum.reduceat(common, starts) / lengths[:n]
    recall = np.maximum.reduceat(common / lengths[n:], starts)
    above, below = (1 + _BETA_SQUARED) * precision * recall, recall + _BETA_SQUARED * precision
    return np.divide(above, below, out=np.zeros(n), where=below > 0)


def _common(block: Captions) -> list[int]:
    """Return, for each reference, the LCS length of the reference and its candidate."""
    from rapidfuzz.distance import LCSseq

    captions = [numbers or _EMPTY for numbers in block.each()]
    pairs = zip(block.owner.tolist(), captions[block.candidates :], strict=True)
    return [LCSseq.similarity(captions[owner], reference) for owner, reference in pairs]
