"""Their samples in the form that our metric takes, each with our sample."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import numpy as np
from msgspec.structs import replace

from mmbench.columns import ABSENT
from mmbench.comparison.explain.conversion import answer_value, target_value
from mmbench.comparison.explain.rescoring import Measured, Placed
from mmbench.comparison.explain.results import OurResult, TheirResult, TheirSample
from mmbench.stats.folds import Floats
from mmbench.types import Prediction

_INNER = {"mean", "median", "class-mean"}  # folds with the value of a sample in column 0


class Counterpart(NamedTuple):
    """A sample of the other result. `place` is the position of our sample, None if we have none.

    `answer` is their raw answer, `parsed` the answer that their harness extracted, and `target`
    their reference, each in the form that our metric takes, or ABSENT. `item` is our sample, or one
    of the same form if `place` is None. `score` is their score of the sample as a fraction.
    """

    place: int | None
    sample: TheirSample
    item: Placed
    answer: Any
    parsed: Any
    target: Any
    score: float | None = None

    @property
    def final(self) -> Any:
        """The answer that they scored: the extracted answer if their file has it."""
        return self.answer if self.parsed is ABSENT else self.parsed

    def prediction(self, value: Any, target: Any) -> Placed:
        """Return our sample with another answer and reference; ABSENT keeps ours."""
        own = self.item.prediction
        changed = replace(
            own,
            value=own.value if value is ABSENT else value,
            target=own.target if target is ABSENT else target,
            error=None,
            scores=own.scores if value is ABSENT or isinstance(value, np.ndarray) else "",
            tags=own.tags if self.place is not None else self.sample.tags,
        )
        return self.item._replace(prediction=changed)


def counterparts(
    ours: OurResult, theirs: TheirResult, places: Sequence[int | None]
) -> list[Counterpart]:
    """Return their samples, converted to the form that our metric takes."""
    form = next((item for item in ours.items if not item.prediction.error), ours.items[0])
    return [
        _counterpart(ours, sample, place, form)
        for sample, place in zip(theirs.samples, places, strict=True)
    ]


def _counterpart(
    ours: OurResult, sample: TheirSample, place: int | None, form: Placed
) -> Counterpart:
    item = form if place is None else ours.items[place]
    if place is None:
        direction, split, ident = sample.key or (item.direction, item.split, sample.id)
        empty = replace(item.prediction, id=ident, error="not in this run")
        item = Placed(direction, split, empty)
    own = item.prediction
    if sample.key:  # a run of mmbench has the form of our metric already
        parsed = ABSENT if sample.extracted is None else sample.extracted
        answer = ABSENT if sample.error else sample.raw
        target = ABSENT if sample.reference is None else sample.reference
        return Counterpart(place, sample, item, answer, parsed, target)
    like = form.prediction if own.error else own
    shape = replace(like, target=own.target) if place is not None and _has_target(own) else like
    convert = partial(
        answer_value,
        ours=shape,
        relevant=ours.relevant.get(own.id),
        labels=ours.labels,
        strip=ours.strips_reasoning,
    )
    target = target_value(sample.reference, shape, ours.labels)
    return Counterpart(place, sample, item, convert(sample.raw), convert(sample.extracted), target)


def _has_target(prediction: Prediction) -> bool:
    return prediction.target is not None


def with_their_scores(measured: Measured, pairs: Sequence[Counterpart]) -> Measured | None:
    """Return the measurement with their scores in place of ours.

    A rate becomes the number of edits that gives this rate over the words of the reference. Return
    None if the rows of the metric do not follow from the score of a sample.
    """
    split = measured.fold.startswith("split-")
    width = measured.rows.shape[1] - split
    inner = measured.fold.rpartition(":")[2]
    rows = measured.rows.copy()
    for at, pair in enumerate(pairs):
        if pair.sample.metric_row is not None and pair.sample.metric_row.shape == (width,):
            rows[at, :width] = pair.sample.metric_row
        elif pair.score is not None:
            if inner not in {*_INNER, "ratio"}:
                return None
            rows[at, 0] = pair.score * (_length(rows[at]) if inner == "ratio" else 1)
    return measured._replace(rows=rows)


def _length(row: Floats) -> float:
    """Return the denominator of a rate; 1 for an empty reference, where the rate counts edits."""
    return float(row[1]) if row[1] > 0 else 1.0
