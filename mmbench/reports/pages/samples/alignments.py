"""Alignments of transcripts in the details of samples: the errors that an error rate counts."""

from __future__ import annotations

from itertools import groupby

from mmbench.comparison.run_sample import RunSample
from mmbench.errors import MissingExtra
from mmbench.metrics.speech.alignment import ErrorRate, Step, align
from mmbench.text.alternatives import pieces_of

Errors = list[tuple[str, str, str]]

_LONGEST = 20_000  # characters of a transcript and its reference together; alignment is quadratic


def alignment(sample: RunSample, rate: ErrorRate | None) -> Errors:
    """Return the alignment of a transcript with its reference: operation, reference, transcript.

    Consecutive tokens with the same operation are joined. Return [] if there is no transcript, if
    the texts are very long, or if the package of the normaliser is not installed.
    """
    output, target = sample.output, sample.target
    if rate is None or not isinstance(output, str) or not _is_reference(target):
        return []
    if len(output) + len(str(target)) > _LONGEST:
        return []
    try:
        steps = align(output, target, rate).steps
    except MissingExtra:
        return []
    between = "" if rate.characters else " "
    return [_joined(list(group), between) for _, group in groupby(steps, lambda s: s.operation)]


def _is_reference(target: object) -> bool:
    return isinstance(target, str) or pieces_of(target) is not None


def _joined(steps: list[Step], between: str) -> tuple[str, str, str]:
    references = between.join(step.reference for step in steps)
    hypotheses = between.join(step.hypothesis for step in steps)
    return steps[0].operation, references, hypotheses
