"""Alignments of transcripts in the details of samples: the errors that an error rate counts."""

from __future__ import annotations

from itertools import groupby

from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.transcripts import transcript_alignment
from mmbench.errors import MissingExtra
from mmbench.metrics.speech.alignment import ErrorRate, Step

Errors = list[tuple[str, str, str]]

_LONGEST = 20_000  # characters of a transcript and its reference together; alignment is quadratic


def alignment(sample: RunSample, rate: ErrorRate | None) -> Errors:
    """Return the alignment of a transcript with its reference: operation, reference, transcript.

    Consecutive tokens with the same operation are joined. Return [] if there is no transcript, if
    the texts are very long, or if the package of the normaliser is not installed.
    """
    output, target = sample.output, sample.target
    if len(str(output)) + len(str(target)) > _LONGEST:
        return []
    try:
        aligned = transcript_alignment(output, target, rate)
    except MissingExtra:
        return []
    if aligned is None:
        return []
    between = "" if aligned.characters else " "
    groups = groupby(aligned.steps, lambda step: step.operation)
    return [_joined(list(group), between) for _, group in groups]


def _joined(steps: list[Step], between: str) -> tuple[str, str, str]:
    references = between.join(step.reference for step in steps)
    hypotheses = between.join(step.hypothesis for step in steps)
    return steps[0].operation, references, hypotheses
