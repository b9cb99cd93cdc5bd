"""The result of an explanation: steps, points by cause, and samples on which two results differ."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any, Literal, get_args

from msgspec import Struct

Cause = Literal[
    "samples",
    "prompt",
    "raw answer",
    "extraction",
    "normalisation",
    "reference",
    "metric",
    "aggregation",
    "unexplained",
]
CAUSES: tuple[Cause, ...] = get_args(Cause)


class Step(Struct, frozen=True):
    """The replacement of one stage, and the value of the metric before and after it.

    `changed` is the number of samples with another value after the step, and `differing` the number
    of samples on which the two results differ at this stage. `detail` says what was replaced.
    """

    cause: Cause
    detail: str
    before: float
    after: float
    changed: int = 0
    differing: int = 0

    @property
    def moved(self) -> float:
        """The change in the value, as a fraction; 100 points are 1."""
        return self.after - self.before


class SampleView(Struct, frozen=True):
    """One sample in one of the two results; a field is None if the result does not contain it."""

    prompt: str | None = None
    raw: Any = None
    extracted: Any = None
    reference: Any = None
    score: float | None = None
    error: str = ""


class Divergence(Struct, frozen=True):
    """A sample on which the results differ at a stage, in both results.

    `change` is the change in the sample's own value, None if the metric has no value for a single
    sample. `row` is the position of the sample in our run, None for a sample of their result only.
    """

    cause: Cause
    id: str
    row: int | None
    change: float | None
    ours: SampleView
    theirs: SampleView


class Explanation(Struct, frozen=True):
    """The difference between our value of a metric and theirs, divided among causes.

    `theirs` is their value on our scale, and `stated` the number in their file, which differs if it
    is a percentage. `absent` says for each cause that cannot be examined what is missing. The
    samples in `divergences` are ordered by cause, with the largest changes first.
    """

    run: str
    other: str
    source: str
    task: str
    metric: str
    their_metric: str
    better: str
    ours: float
    theirs: float
    stated: float | None
    matched: int
    matched_by: str
    steps: list[Step]
    absent: dict[str, str]
    divergences: list[Divergence]
    unmatched: list[str]
    notes: list[str]

    @property
    def difference(self) -> float:
        """Their value minus our value."""
        return self.theirs - self.ours

    def points(self) -> dict[Cause, float]:
        """Return the points of each cause that has a step: 100 times the change in the value."""
        return {
            cause: 100 * sum(step.moved for step in self.steps if step.cause == cause)
            for cause in ordered(step.cause for step in self.steps)
        }


def ordered(causes: Iterable[Cause]) -> list[Cause]:
    """Return distinct causes in the order of the pipeline."""
    present = set(causes)
    return [cause for cause in CAUSES if cause in present]
