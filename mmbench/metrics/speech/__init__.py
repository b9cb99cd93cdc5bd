"""Metrics of transcripts: error rates of words and characters.

The value of a prediction is a transcript. Its target is a text, or a reference with alternatives
(`mmbench.text.alternatives`). Rates are ratios of counts that are summed over the corpus, which
differ from the mean rate of the utterances. If a reference is empty, or empty after normalisation,
all words of the hypothesis are insertions, as in jiwer 4.0 and NIST's sclite. A corpus without
reference words has the value NaN, with a reason. jiwer computes the alignments; references with
alternatives are aligned by `mmbench.metrics.speech.edits`. With options, the utterances of each
recording are joined before they are aligned (`mmbench.metrics.speech.long_form`).
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from operator import attrgetter
from typing import Any

import msgspec
import numpy as np

from mmbench.errors import DataError
from mmbench.metrics.speech.alignment import normalised_pieces, tokens_of
from mmbench.metrics.speech.edits import Edits, fewest_edits
from mmbench.metrics.speech.long_form import check_join, over_recordings
from mmbench.metrics.speech.normalisers import deletes_marks, normalise, normaliser_signature
from mmbench.metrics.speech.spacing import spacing_note
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.text.alternatives import first_reading, has_alternatives, pieces_of
from mmbench.types import Prediction, Score

_CHARACTERS, _ALIGNED = "unit=character", "unit=word,alignment=jiwer"  # in signatures


@declare(unit="fraction", better="lower", best=0, kinds={"writing"}, check_options=check_join)
@over_recordings
def wer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Word error rate: edits / reference words, both summed over the corpus.

    Range [0, ∞), lower is better; with insertions it can exceed 1. Rows are [edits, reference
    words]; the row of an empty reference has 0 words. `normaliser` is a name from
    `mmbench.metrics.speech.normalisers`. Source: NIST sclite; jiwer `wer`.
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
    counts = _counts(predictions, normaliser, characters=unit == _CHARACTERS)
    rows = list(map(row, counts))
    signature = f"{unit},{normaliser_signature(normaliser)},empty-references=inserted"
    spacing = "" if unit == _CHARACTERS else spacing_note(_text(p.target) for p in predictions)
    note = "; ".join(filter(None, [_note(predictions, normaliser, counts), spacing]))
    names = ("substitutions", "deletions", "insertions")
    details = {name: [getattr(one, name) for one in counts] for name in names}
    scored = score(rows, fold_name=fold_name, signature=signature, reason=note, details=details)
    if not rows or not math.isnan(scored.value):
        return scored
    reason = f"no rate: {count(len(rows), 'reference')} without a word"
    return msgspec.structs.replace(scored, reason=reason)


def _note(predictions: Sequence[Prediction], normaliser: str, counts: Sequence[Edits]) -> str:
    """Return a note on properties of the references that affect the meaning of a rate; else ""."""
    empty = [one.insertions for one in counts if not one.reference]
    notes = []
    if any(empty):
        insertions = count(sum(empty), "insertion")
        notes.append(f"includes {insertions} against {count(len(empty), 'empty reference')}")
    braced = sum(isinstance(p.target, str) and has_alternatives(p.target) for p in predictions)
    if braced:
        references = count(braced, "reference")
        notes.append(
            f"braces and slashes of {references} are words; only .trn files have alternatives"
        )
    marked = sum(deletes_marks(normaliser, _text(p.target)) for p in predictions)
    if marked:
        references = count(marked, "reference")
        notes.append(
            f"{normaliser} deletes vowel signs of {references}; wer[multilingual] and"
            " cer[multilingual] keep them"
        )
    return "; ".join(notes)


def _text(target: Any) -> str:
    pieces = pieces_of(target)
    return str(target) if pieces is None else first_reading(pieces)


def _counts(
    predictions: Sequence[Prediction], normaliser: str, *, characters: bool = False
) -> list[Edits]:
    """Count the edits of each prediction, in words or, if `characters`, in characters.

    One jiwer call aligns all references without alternatives.
    """
    hypotheses = [normalise(normaliser, p.value) for p in predictions]
    for p in predictions:
        if isinstance(p.target, list):
            raise DataError(
                f"sample {p.id} has a list of references; an error rate needs a single one"
            )
    choices = [pieces_of(p.target) for p in predictions]
    plain = [at for at, pieces in enumerate(choices) if pieces is None]
    references = [normalise(normaliser, predictions[at].target) for at in plain]
    edits = dict(
        zip(plain, _aligned(references, [hypotheses[at] for at in plain], characters), strict=True)
    )
    for at, pieces in enumerate(choices):
        if pieces is not None:
            network = normalised_pieces(pieces, normaliser)
            tokens = tokens_of(hypotheses[at], characters)
            edits[at] = fewest_edits(network, tokens, characters=characters)
    return [edits[at] for at in range(len(predictions))]


def _aligned(references: list[str], hypotheses: list[str], characters: bool) -> list[Edits]:
    from jiwer import process_characters, process_words

    if not references:
        return []
    output = (process_characters if characters else process_words)(references, hypotheses)
    return [_edits(chunks) for chunks in output.alignments]


def _edits(chunks: Sequence[Any]) -> Edits:
    lengths = {"equal": 0, "substitute": 0, "delete": 0, "insert": 0}
    for chunk in chunks:
        reference = chunk.ref_end_idx - chunk.ref_start_idx
        lengths[chunk.type] += reference or chunk.hyp_end_idx - chunk.hyp_start_idx
    return Edits(*lengths.values())
