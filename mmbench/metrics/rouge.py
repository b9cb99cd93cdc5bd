"""ROUGE-L of captions."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.metrics.caption_words import Tokens, corpus_of
from mmbench.stats import score
from mmbench.types import Prediction, Score

_BETA_SQUARED = 1.2**2


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
    return score(rows, signature="tokens=ptb,beta=1.2", worst=0, best=1)


def _f(candidate: Tokens, references: list[Tokens]) -> float:
    candidate = candidate or [""]
    masks = _masks(candidate)
    common = [_common(masks, len(candidate), reference or [""]) for reference in references]
    precision = max(common) / len(candidate)
    recall = max(c / (len(r) or 1) for c, r in zip(common, references, strict=True))
    if not precision or not recall:
        return 0.0
    return (1 + _BETA_SQUARED) * precision * recall / (recall + _BETA_SQUARED * precision)


def _masks(words: Tokens) -> dict[str, int]:
    """The positions of each word, as bits."""
    masks: dict[str, int] = {}
    for position, word in enumerate(words):
        masks[word] = masks.get(word, 0) | 1 << position
    return masks


def _common(masks: dict[str, int], length: int, other: Tokens) -> int:
    """Length of the longest common subsequence, with a row of its table in the bits of an int.

    A zero bit is a position where the row steps up (Hyyrö 2004, bit-parallel LCS).
    """
    full = (1 << length) - 1
    row = full
    for word in other:
        if mask := masks.get(word):
            both = row & mask
            row = (row + both) | (row - both)
    return length - (row & full).bit_count()
