"""Metrics of transcripts: error rates of words and characters.

The value of a prediction is a transcript. Its target is a text, or a reference with alternatives
(`mmbench.text.alternatives`). Rates are ratios of counts that are summed over the corpus, which
differ from the mean rate of the utterances. If a reference is empty, or empty after normalisation,
all words of the hypothesis are insertions, as in jiwer 4.0 and NIST's sclite. A corpus without
reference words has the value NaN, with a reason. jiwer computes the alignments; references with
alternatives are aligned by `mmbench.metrics.speech.edits`. `open_asr_2026` differs in both: samples
without reference words are left out, and compounds are merged (`mmbench.metrics.speech.open_asr`).
With options, the utterances of each recording are joined before they are aligned
(`mmbench.metrics.speech.long_form`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter

import msgspec
import numpy as np

from mmbench.metrics.speech import open_asr
from mmbench.metrics.speech.alignment import ErrorRate
from mmbench.metrics.speech.counts import error_counts, reference_notes
from mmbench.metrics.speech.edits import Edits
from mmbench.metrics.speech.long_form import check_join, over_recordings
from mmbench.metrics.speech.normalisers import normaliser_signature
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.types import Prediction, Score

_CHARACTERS, _ALIGNED = "unit=character", "unit=word,alignment=jiwer"  # in signatures


@declare(unit="fraction", better="lower", best=0, kinds={"writing"}, check_options=check_join)
@over_recordings
def wer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Word error rate: edits / reference words, both summed over the corpus.

    Range [0, ∞), lower is better; with insertions it can exceed 1. Rows are [edits, reference
    words]; the row of an empty reference has 0 words. `normaliser` is a name from
    `mmbench.metrics.speech.normalisers`. The options `recording` and `order`, names of tags, join
    the utterances of each recording before they are aligned, also in the other error rates. Source:
    NIST sclite; jiwer `wer`.
    """
    return _rate(predictions, normaliser, lambda one: [one.edits, one.reference], "unit=word")


@declare(unit="fraction", better="lower", best=0, kinds={"writing"}, check_options=check_join)
@over_recordings
def cer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Character error rate: like `wer`, over characters instead of words; spaces count.

    Range [0, ∞), lower is better. Rows are [edits, reference characters]. Source: jiwer `cer`.
    """
    return _rate(predictions, normaliser, lambda one: [one.edits, one.reference], _CHARACTERS)


@declare(
    unit="fraction", better="lower", worst=1, best=0, kinds={"writing"}, check_options=check_join
)
@over_recordings
def mer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Match error rate: edits / (edits + hits), over the corpus. Range [0, 1], lower is better.

    Rows are [edits, edits + hits]. Source: Morris, Maier and Green 2004 (Interspeech); jiwer `mer`.
    """
    return _rate(predictions, normaliser, lambda one: [one.edits, one.edits + one.hits], _ALIGNED)


@declare(
    unit="fraction", better="lower", worst=1, best=0, kinds={"writing"}, check_options=check_join
)
@over_recordings
def wil(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Word information lost: 1 - H² / (N · P), over the corpus. Range [0, 1], lower is better.

    The columns of a row are H hits, N words of the reference and P words of the hypothesis. The
    value is 1 if only the hypotheses, or only the references, have words. Source: Morris, Maier and
    Green 2004 (Interspeech); jiwer `wil`.
    """
    row = attrgetter("hits", "reference", "hypothesis_length")
    return _rate(predictions, normaliser, row, _ALIGNED, "wil")


@declare(
    unit="fraction", better="lower", worst=1, best=0, kinds={"writing"}, check_options=check_join
)
@over_recordings
def substitution_rate(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Substituted words / reference words, over the corpus. Range [0, 1], lower is better.

    The rates of substitutions, deletions and insertions add up to `wer`. Rows are [substitutions,
    reference words]. Among alignments with equally few edits, the numbers depend on the program
    that aligns, which the signature names. Source: NIST sclite; jiwer `process_words`.
    """
    return _rate(predictions, normaliser, lambda one: [one.substitutions, one.reference], _ALIGNED)


@declare(
    unit="fraction", better="lower", worst=1, best=0, kinds={"writing"}, check_options=check_join
)
@over_recordings
def deletion_rate(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Deleted words / reference words, over the corpus: like `substitution_rate`.

    Range [0, 1], lower is better. Rows are [deletions, reference words].
    """
    return _rate(predictions, normaliser, lambda one: [one.deletions, one.reference], _ALIGNED)


@declare(unit="fraction", better="lower", best=0, kinds={"writing"}, check_options=check_join)
@over_recordings
def insertion_rate(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Inserted words / reference words, over the corpus: like `substitution_rate`.

    Range [0, ∞), lower is better. Rows are [insertions, reference words].
    """
    return _rate(predictions, normaliser, lambda one: [one.insertions, one.reference], _ALIGNED)


@declare(unit="seconds of audio per second", better="higher", worst=0, kinds={"writing"})
def rtfx(predictions: Sequence[Prediction]) -> Score:
    """Seconds of audio per second of computing, over the corpus. Range [0, ∞), higher is better.

    This is the inverse of the real-time factor. Rows are [audio_seconds, compute_seconds], from the
    tags with these names; NaN, with a reason, if a prediction lacks either number. When mmbench
    runs a model, it measures both numbers for the outputs that it computes. Source: Open ASR
    Leaderboard (Hugging Face), RTFx.
    """
    rows = np.array([_seconds(p) for p in predictions]).reshape(-1, 2)
    missing = int(np.isnan(rows).any(axis=1).sum())
    without = "without the tags audio_seconds and compute_seconds as numbers"
    reason = f"{count(missing, 'prediction')} {without}" if missing else ""
    return score(rows, fold_name="ratio", signature="over=corpus", reason=reason)


def _seconds(prediction: Prediction) -> list[float]:
    try:
        seconds = [float(prediction.tags[f"{part}_seconds"]) for part in ("audio", "compute")]
    except (KeyError, ValueError):
        return [math.nan, math.nan]
    return seconds if all(0 <= value < math.inf for value in seconds) else [math.nan, math.nan]


def _rate(
    predictions: Sequence[Prediction],
    normaliser: str,
    row: Callable[[Edits], Sequence[int]],
    unit: str,
    fold_name: str = "ratio",
) -> Score:
    """Return the Score of an error rate; `row` converts the edit counts of a prediction to its row.

    `unit` is words or characters. The reason of the Score explains a NaN value, or is a note on the
    references.
    """
    rate = ErrorRate(normaliser, characters=unit == _CHARACTERS)
    counts = error_counts(predictions, rate)
    rows = list(map(row, counts))
    signature = _signature(rate, unit)
    note = reference_notes(predictions, rate, counts)
    names = ("substitutions", "deletions", "insertions")
    details = {name: [getattr(one, name) for one in counts] for name in names}
    scored = score(rows, fold_name=fold_name, signature=signature, reason=note, details=details)
    if not rows or not math.isnan(scored.value):
        return scored
    reason = f"no rate: {count(len(rows), 'reference')} without a word"
    return msgspec.structs.replace(scored, reason=reason)


def _signature(rate: ErrorRate, unit: str) -> str:
    normaliser = normaliser_signature(rate.normaliser)
    if rate.normaliser != open_asr.NAME:
        return f"{unit},{normaliser},empty-references=inserted"
    aligned, compounds = (
        unit.replace("=jiwer", "=kaldialign"),
        "merged" if rate.merges else "separate",
    )
    return f"{aligned},{normaliser},compounds={compounds},empty-references=dropped,remarks=dropped"
