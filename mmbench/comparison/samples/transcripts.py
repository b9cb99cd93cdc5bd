"""Alignments of the transcripts of a run with their references."""

from __future__ import annotations

from mmbench.engine.scoring.long_texts import truncate_long_texts
from mmbench.metrics.speech.alignment import Alignment, ErrorRate, align, is_reference
from mmbench.types import Prediction


def is_transcript(output: object, target: object) -> bool:
    """Return whether an error rate can align an output with its reference, both as stored."""
    return isinstance(output, str) and is_reference(target)


def transcript_alignment(
    output: object, target: object, rate: ErrorRate | None
) -> Alignment | None:
    """Return the alignment whose errors an error rate counts.

    A long output is truncated as the metric truncates it. Return None without a rate, and for an
    output or a reference that is no transcript. Raises MissingExtra if the package of the
    normaliser is not installed.
    """
    if rate is None or not is_transcript(output, target):
        return None
    (scored,) = truncate_long_texts([Prediction("", output, target)])
    return align(scored.value, target, rate)
