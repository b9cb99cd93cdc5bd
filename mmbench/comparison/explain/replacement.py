"""The chain of replacements. After each, the metric is computed again and the change recorded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import ABSENT
from mmbench.comparison.explain.conversion import parsed_answer
from mmbench.comparison.explain.counterparts import Counterpart
from mmbench.comparison.explain.explanation import Cause, Divergence, SampleView, Step
from mmbench.comparison.explain.rescoring import Measured, Placed
from mmbench.comparison.explain.results import OurResult
from mmbench.comparison.samples.output_text import class_name, output_text
from mmbench.stats.folds import Floats
from mmbench.types import Prediction, Ranking

Scorer = Callable[[Sequence[Placed]], Measured]
Mask = NDArray[np.bool_]

_NO_CHANGE = 1e-12  # differences of values that come from the order of a sum


class Chain:
    """The samples that both results scored, with the stages that were replaced so far.

    `values` and `targets` hold the replaced answers and references, ABSENT for ours. `measured` is
    the measurement after the last step. `undefined` has the reason why a stage was not replaced.
    """

    def __init__(self, ours: OurResult, pairs: Sequence[Counterpart], scorer: Scorer) -> None:
        self.ours, self.pairs, self.scorer = ours, list(pairs), scorer
        self.values: list[Any] = [ABSENT] * len(pairs)
        self.targets: list[Any] = [ABSENT] * len(pairs)
        self.steps: list[Step] = []
        self.divergences: list[Divergence] = []
        self.undefined: dict[str, str] = {}
        self.measured = scorer(self.items())
        self.own_scores = self.measured.each()

    def items(self) -> list[Placed]:
        """Return the samples with the answers and references that were replaced so far."""
        triples = zip(self.pairs, self.values, self.targets, strict=True)
        return [pair.prediction(value, target) for pair, value, target in triples]

    def replace(
        self,
        cause: Cause,
        detail: str,
        differing: Mask,
        *,
        values: Sequence[Any] = (),
        targets: Sequence[Any] = (),
        scorer: Scorer | None = None,
    ) -> None:
        """Replace answers, references or the scorer; record a step if something differs.

        ABSENT in `values` and `targets` [n] keeps the earlier one. `differing` [n] marks the
        samples on which the results differ at this stage. Nothing is replaced if the metric then
        has no value, as an error rate has none if all references are empty.
        """
        before = self.values, self.targets, self.scorer
        self.values = _updated(self.values, values)
        self.targets = _updated(self.targets, targets)
        self.scorer = scorer or self.scorer
        measured = self.scorer(self.items())
        if np.isnan(measured.value):
            self.values, self.targets, self.scorer = before
            self.undefined[cause] = "our metric has no value with theirs"
            return
        self._record(cause, detail, differing, measured)

    def replace_scores(self, detail: str, differing: Mask, measured: Measured) -> None:
        """Replace the rows by those of their scores per sample, and record a step.

        Only the samples in `differing` are listed, because their scores may be rounded.
        """
        self._record("metric", detail, differing, measured, moved=differing)

    def add(self, cause: Cause, detail: str, before: float, after: float, samples: int = 0) -> None:
        """Record a step whose samples are not listed."""
        self.steps.append(Step(cause, detail, before, after, samples, samples))

    def _record(
        self,
        cause: Cause,
        detail: str,
        differing: Mask,
        measured: Measured,
        moved: Mask | None = None,
    ) -> None:
        before, self.measured = self.measured, measured
        moved = _moved(before, measured) if moved is None else moved
        if not (differing | moved).any() and abs(measured.value - before.value) <= _NO_CHANGE:
            return
        self.steps.append(
            Step(
                cause,
                detail,
                before.value,
                measured.value,
                int(moved.sum()),
                int((differing | moved).sum()),
            )
        )
        changes = _changes(before, measured)
        order = sorted(
            np.flatnonzero(differing | moved).tolist(),
            key=lambda at: (-_size(changes, at), not moved[at], at),
        )
        self.divergences += [self._divergence(cause, at, changes) for at in order]

    def _divergence(self, cause: Cause, at: int, changes: Floats | None) -> Divergence:
        pair = self.pairs[at]
        score = None if self.own_scores is None else _number(self.own_scores[at])
        change = None if changes is None else _number(changes[at])
        return divergence(self.ours, pair, cause, change, score)


def divergence(
    ours: OurResult,
    pair: Counterpart,
    cause: Cause,
    change: float | None = None,
    our_score: float | None = None,
) -> Divergence:
    """Return a sample of both results as an explanation shows it."""
    own, sample = pair.item.prediction, pair.sample
    view = our_view(ours, pair.place, own, our_score) if pair.place is not None else None
    theirs = SampleView(
        sample.prompt or None,
        json_value(sample.raw, ours.labels),
        json_value(sample.extracted, ours.labels),
        json_value(sample.reference, ours.labels),
        pair.score,
        sample.error,
    )
    return Divergence(
        cause, own.id, pair.place, change, view or SampleView(error=own.error or ""), theirs
    )


def our_view(
    ours: OurResult, place: int, prediction: Prediction, score: float | None
) -> SampleView:
    """Return one of our samples as an explanation shows it."""
    return SampleView(
        ours.prompts.texts[place] if ours.prompts.texts else None,
        json_value(prediction.value, ours.labels),
        None if prediction.error else json_value(parsed_answer(prediction), ours.labels),
        json_value(prediction.target, ours.labels),
        score,
        prediction.error or "",
    )


def json_value(value: Any, labels: Sequence[str]) -> Any:
    """Return a value that can be encoded as JSON; a class, or scores of classes, by its name."""
    if isinstance(value, Ranking):
        return {"ranks": value.ranks, "grades": value.grades, "top": value.top}
    if isinstance(value, np.ndarray):
        return output_text(value.tolist(), labels)
    if labels and isinstance(value, int) and not isinstance(value, bool):
        return class_name(value, labels)
    return None if value is ABSENT else value


def _updated(old: list[Any], new: Sequence[Any]) -> list[Any]:
    if not new:
        return old
    return [one if other is ABSENT else other for one, other in zip(old, new, strict=True)]


def _moved(before: Measured, after: Measured) -> Mask:
    """Return a mask of the samples whose row or value changed."""
    first, second = before.each(), after.each()
    if first is not None and second is not None:
        return ~np.isclose(first, second, rtol=0, atol=_NO_CHANGE, equal_nan=True)
    if before.rows.shape != after.rows.shape:
        return np.ones(len(after.rows), np.bool_)
    same = np.isclose(before.rows, after.rows, rtol=0, atol=_NO_CHANGE, equal_nan=True)
    return np.asarray(~same.all(axis=1))


def _changes(before: Measured, after: Measured) -> Floats | None:
    first, second = before.each(), after.each()
    return None if first is None or second is None else second - first


def _size(changes: Floats | None, at: int) -> float:
    return 0.0 if changes is None or np.isnan(changes[at]) else abs(float(changes[at]))


def _number(value: float) -> float | None:
    return float(value) if np.isfinite(value) else None
