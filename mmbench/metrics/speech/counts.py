"""Numbers of errors of transcripts against their references, and notes on the references."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmbench.errors import DataError
from mmbench.metrics.speech.alignment import (
    ErrorRate,
    align,
    is_dropped,
    normalised_pieces,
    tokens_of,
)
from mmbench.metrics.speech.edits import NO_EDITS, Edits, fewest_edits
from mmbench.metrics.speech.normalisers import deletes_marks, normalise
from mmbench.metrics.speech.spacing import spacing_note
from mmbench.text import count
from mmbench.text.alternatives import has_alternatives, pieces_of, reference_text
from mmbench.types import Prediction


def error_counts(predictions: Sequence[Prediction], rate: ErrorRate) -> list[Edits]:
    """Count the errors of each prediction, in words or characters, as the error rate does.

    Raises DataError for a list of references.
    """
    for p in predictions:
        if isinstance(p.target, list):
            raise DataError(
                f"sample {p.id} has a list of references; an error rate needs a single one"
            )
    scored = [at for at, p in enumerate(predictions) if not is_dropped(p.target, rate.normaliser)]
    count_edits = _merged_edits if rate.merges else _edits
    counts = dict(zip(scored, count_edits([predictions[at] for at in scored], rate), strict=True))
    return [counts.get(at, NO_EDITS) for at in range(len(predictions))]


def _merged_edits(predictions: Sequence[Prediction], rate: ErrorRate) -> list[Edits]:
    return [align(p.value, p.target, rate).edits for p in predictions]


def _edits(predictions: Sequence[Prediction], rate: ErrorRate) -> list[Edits]:
    """Count errors without compounds. One jiwer call aligns all references without alternatives."""
    hypotheses = [normalise(rate.normaliser, p.value) for p in predictions]
    choices = [pieces_of(p.target) for p in predictions]
    plain = [at for at, pieces in enumerate(choices) if pieces is None]
    references = [normalise(rate.normaliser, predictions[at].target) for at in plain]
    aligned = _aligned(references, [hypotheses[at] for at in plain], rate.characters)
    edits = dict(zip(plain, aligned, strict=True))
    for at, pieces in enumerate(choices):
        if pieces is not None:
            network = normalised_pieces(pieces, rate.normaliser)
            tokens = tokens_of(hypotheses[at], rate.characters)
            edits[at] = fewest_edits(network, tokens, characters=rate.characters)
    return [edits[at] for at in range(len(predictions))]


def _aligned(references: list[str], hypotheses: list[str], characters: bool) -> list[Edits]:
    from jiwer import process_characters, process_words

    if not references:
        return []
    output = (process_characters if characters else process_words)(references, hypotheses)
    return [_edits_of(chunks) for chunks in output.alignments]


def _edits_of(chunks: Sequence[Any]) -> Edits:
    lengths = {"equal": 0, "substitute": 0, "delete": 0, "insert": 0}
    for chunk in chunks:
        reference = chunk.ref_end_idx - chunk.ref_start_idx
        lengths[chunk.type] += reference or chunk.hyp_end_idx - chunk.hyp_start_idx
    return Edits(*lengths.values())


def reference_notes(
    predictions: Sequence[Prediction], rate: ErrorRate, counts: Sequence[Edits]
) -> str:
    """Return notes on properties of the references that affect the meaning of a rate; else ""."""
    normaliser = rate.normaliser
    targets = [p.target for p in predictions]
    empty = [one.insertions for one in counts if not one.reference]
    dropped = sum(is_dropped(target, normaliser) for target in targets)
    braced = sum(isinstance(target, str) and has_alternatives(target) for target in targets)
    marked = sum(deletes_marks(normaliser, reference_text(target)) for target in targets)
    notes = []
    if dropped:
        notes.append(
            f"leaves out {count(dropped, 'sample')} of {len(targets):,} as the leaderboard does:"
            " the reference is empty or a remark"
        )
    if any(empty):
        insertions = count(sum(empty), "insertion")
        notes.append(f"includes {insertions} against {count(len(empty), 'empty reference')}")
    if braced:
        references = count(braced, "reference")
        notes.append(
            f"braces and slashes of {references} are words; only .trn files have alternatives"
        )
    if marked:
        references = count(marked, "reference")
        notes.append(
            f"{normaliser} deletes vowel signs of {references}; wer[multilingual] and"
            " cer[multilingual] keep them"
        )
    if not rate.characters:
        notes.append(spacing_note(map(reference_text, targets)))
    return "; ".join(filter(None, notes))
