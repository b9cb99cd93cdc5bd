"""Metrics of transcripts: how many words or letters have to be changed to get what was said.

A value and a target are texts. Counts are summed over the corpus and divided once; the mean of
the rates of utterances would be another number. A reference that is empty after the normaliser has
no rate: it is skipped, and `reason` says how many were. Alignments are those of jiwer.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any, NamedTuple

import numpy as np

from mmbench.metrics.normalisers import described, normalise
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score


class Edits(NamedTuple):
    """How one hypothesis comes from its reference, in words or letters."""

    hits: int
    substitutions: int
    deletions: int
    insertions: int

    @property
    def edits(self) -> int:
        """All that has to be changed."""
        return self.substitutions + self.deletions + self.insertions

    @property
    def reference(self) -> int:
        """The length of the reference."""
        return self.hits + self.substitutions + self.deletions

    @property
    def said(self) -> int:
        """The length of the hypothesis."""
        return self.hits + self.substitutions + self.insertions


def wer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Word error rate: edits / words of the references, over the corpus.

    Range [0, ∞), lower is better: insertions can make it more than 1. Rows are [edits, reference
    words]. `normaliser` is one of `mmbench.metrics.normalisers`. Source: NIST sclite; jiwer `wer`.
    """
    rows = [[e.edits, e.reference] for e in _words(predictions, normaliser)]
    return _rate(rows, f"unit=word,{described(normaliser)}")


def cer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Character error rate: as `wer`, of characters, over the corpus; a space is a character.

    Range [0, ∞), lower is better. Rows are [edits, reference characters]. Source: jiwer `cer`.
    """
    rows = [[e.edits, e.reference] for e in _characters(predictions, normaliser)]
    return _rate(rows, f"unit=character,{described(normaliser)}")


def mer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Match error rate: edits / (edits + hits), over the corpus. Range [0, 1], lower is better.

    Rows are [edits, edits + hits]. Source: Morris, Maier and Green 2004 (Interspeech); jiwer `mer`.
    """
    rows = [[e.edits, e.edits + e.hits] for e in _words(predictions, normaliser)]
    return _rate(rows, f"unit=word,alignment=jiwer,{described(normaliser)}", worst=1)


def wil(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Word information lost: 1 - H² / (N · P), over the corpus. Range [0, 1], lower is better.

    H hits, N words of the references, P words that were said: the columns of a row. Source: Morris,
    Maier and Green 2004 (Interspeech); jiwer `wil`.
    """
    rows = [[e.hits, e.reference, e.said] for e in _words(predictions, normaliser)]
    signature = f"unit=word,alignment=jiwer,{described(normaliser)}"
    return _rate(rows, signature, "wil", worst=1)


def rtfx(predictions: Sequence[Prediction]) -> Score:
    """Seconds of sound per second of computing, over the corpus. Range [0, ∞), higher is better.

    Rows are [audio_seconds, compute_seconds], from the tags of these names; NaN, with the reason,
    where a prediction has not both as numbers. In a run of a model: what the run measured over the
    answers that it computed. The inverse of the real-time factor. Source: Open ASR Leaderboard
    (Hugging Face), RTFx.
    """
    rows = np.array([_seconds(p) for p in predictions]).reshape(-1, 2)
    lost = int(np.isnan(rows).any(axis=1).sum())
    missing = "without the tags audio_seconds and compute_seconds as numbers"
    reason = f"{count(lost, 'prediction')} {missing}" if lost else ""
    return score(rows, fold_name="ratio", signature="over=corpus", reason=reason, worst=0)


def _seconds(prediction: Prediction) -> list[float]:
    try:
        found = [float(prediction.tags[f"{of}_seconds"]) for of in ("audio", "compute")]
    except (KeyError, ValueError):
        return [math.nan, math.nan]
    return found if all(0 <= value < math.inf for value in found) else [math.nan, math.nan]


def _rate(
    rows: list[list[int]], signature: str, fold_name: str = "ratio", worst: float | None = None
) -> Score:
    empty = sum(not any(row) for row in rows)
    skipped = f"{count(empty, 'empty reference')} skipped" if empty else ""
    return score(
        rows,
        fold_name=fold_name,
        better="lower",
        signature=f"{signature},empty-references=skipped",
        reason=skipped,
        worst=worst,
        best=0,
    )


def _words(predictions: Sequence[Prediction], normaliser: str) -> list[Edits]:
    from jiwer import process_words

    return _aligned(predictions, normaliser, process_words)


def _characters(predictions: Sequence[Prediction], normaliser: str) -> list[Edits]:
    from jiwer import process_characters

    return _aligned(predictions, normaliser, process_characters)


def _aligned(
    predictions: Sequence[Prediction], normaliser: str, process: Callable[..., Any]
) -> list[Edits]:
    """Counts of each prediction, all zero for an empty reference, by one call of jiwer."""
    texts = [(normalise(normaliser, p.target), normalise(normaliser, p.value)) for p in predictions]
    there = [at for at, (reference, _) in enumerate(texts) if reference.strip()]
    found = [Edits(0, 0, 0, 0)] * len(texts)
    if there:
        output = process([texts[at][0] for at in there], [texts[at][1] for at in there])
        for at, chunks in zip(there, output.alignments, strict=True):
            found[at] = _edits(chunks)
    return found


def _edits(chunks: Sequence[Any]) -> Edits:
    lengths = {"equal": 0, "substitute": 0, "delete": 0, "insert": 0}
    for chunk in chunks:
        reference = chunk.ref_end_idx - chunk.ref_start_idx
        lengths[chunk.type] += reference or chunk.hyp_end_idx - chunk.hyp_start_idx
    return Edits(*lengths.values())
