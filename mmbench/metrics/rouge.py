"""ROUGE-L of captions."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.metrics.caption_words import Tokens, corpus_of
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_BETA_SQUARED = 1.2**2


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def rouge_l(predictions: Sequence[Prediction]) -> Score:
    """ROUGE-L: F of the longest common subsequence with the references, mean over captions.

    Precision (by the caption's length) and recall (by the reference's) are each the highest over
    the references, perhaps of two different ones; F = (1 + b²)·P·R / (R + b²·P) with b = 1.2.
    An empty caption counts, as one empty word. Range [0, 1], higher is better. Raises DataError for
    a sample without references.
    Source: Lin 2004, ROUGE; pycocoevalcap 1.2 `rouge.py`, on its PTB tokens.
    """
    corpus = corpus_of(predictions)
    rows = [_f(candidate, references) for candidate, references in corpus.pairs()]
    return score(rows, signature="tokens=ptb,beta=1.2")


def _f(candidate: Tokens, references: list[Tokens]) -> float:
    from rapidfuzz.distance import LCSseq

    candidate = candidate or [""]
    common = [LCSseq.similarity(candidate, reference or [""]) for reference in references]
    precision = max(common) / len(candidate)
    recall = max(c / (len(r) or 1) for c, r in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA_SQUARED) * precision * recall / (recall + _BETA_SQUARED * precision)
