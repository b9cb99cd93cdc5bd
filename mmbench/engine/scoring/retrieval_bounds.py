"""Bounds of a retrieval score if samples failed.

The bounds are the scores under the worst and the best possible rankings of these samples.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple, Protocol

import msgspec
import numpy as np

from mmbench import metric_names, stats
from mmbench.columns import Places, column, entries, take_rows
from mmbench.columns import concatenate as join_sequences
from mmbench.search.extremes import best_case, is_uncertain, worst_case
from mmbench.types import Prediction, Ranking, Score


class Extremes(NamedTuple):
    """The scores if all failed samples had been ranked in the worst and in the best possible way.

    `predictions` has one prediction for each row of both scores, including failed predictions.
    """

    predictions: Sequence[Prediction]
    worst: Score
    best: Score

    @property
    def bounds(self) -> tuple[float, float] | None:
        """The lower and the higher of the two scores, or None if one of them is not finite."""
        low, high = sorted((self.worst.value, self.best.value))
        return (low, high) if math.isfinite(low) and math.isfinite(high) else None

    def within(self, tag: str, value: str) -> Extremes:
        """Return the extremes over the predictions whose tag called `tag` has the value `value`."""
        tags = entries(column(self.predictions, "tags"), tag)
        inside = np.flatnonzero([one == value for one in tags])
        scores = (refold(score, inside) for score in (self.worst, self.best))
        return Extremes(take_rows(self.predictions, inside), *scores)


class _BoundedScore(Protocol):
    """A score with its scored predictions, the count of all predictions, and its extremes."""

    @property
    def score(self) -> Score: ...
    @property
    def predictions(self) -> Sequence[Prediction]: ...
    @property
    def total(self) -> int: ...
    @property
    def extremes(self) -> Extremes | None: ...


def extremes(
    metric: str,
    predictions: Sequence[Prediction],
    options: Mapping[str, object] | None = None,
) -> Extremes | None:
    """Return a metric's scores under the worst and the best possible rankings.

    Return None if no prediction failed, if the predictions are not rankings, or if the metric has
    no rows of queries.

    A metric may declare `extremes`: two functions that take a ranking and the metric's argument and
    return the worst and the best ranking for this metric. They replace `worst_case` and
    `best_case`, which hold for any metric.
    """
    function, argument = metric_names.metric(metric)
    arguments = () if argument is None else (argument,)
    score = metric_names.with_options(metric, function, options or {})
    if not all(isinstance(_ranking(p), Ranking) for p in predictions):
        return None
    if not any(p.error or is_uncertain(p.value) for p in predictions):
        return None
    orders = metric_names.metric_info(metric).extremes or (worst_case, best_case)
    changed = ([_changed(p, order, arguments) for p in predictions] for order in orders)
    worst, best = (score(each, *arguments) for each in changed)
    if worst.fold == "whole":  # a value of all rankings, without rows of queries
        return None
    return Extremes(predictions, worst, best)


def join_extremes(
    parts: Sequence[_BoundedScore], join: Callable[[Sequence[Score]], Score]
) -> Extremes | None:
    """Return the extremes of several scores joined over directions or over splits.

    Return None if no prediction failed, or if a part has failed samples but no extremes.
    """
    if not any(part.extremes for part in parts):
        return None
    if any(part.extremes is None and part.total != len(part.predictions) for part in parts):
        return None
    each = [part.extremes or Extremes(part.predictions, part.score, part.score) for part in parts]
    predictions = join_sequences([one.predictions for one in each])
    return Extremes(predictions, join([e.worst for e in each]), join([e.best for e in each]))


def _ranking(prediction: Prediction) -> Ranking:
    """Return the ranking of a query; for a failed query, a ranking without retrieved documents."""
    ranking: Ranking = prediction.target if prediction.error else prediction.value
    return ranking


def _changed(
    prediction: Prediction, order: Callable[..., Ranking], arguments: tuple[object, ...]
) -> Prediction:
    ranking = order(_ranking(prediction), *arguments)
    return msgspec.structs.replace(prediction, value=ranking, error=None, target=None)


def refold(score: Score, rows: Places) -> Score:
    """Return the score over some of its rows, without details; `rows` [k] are their indices."""
    table = score.rows[rows]
    value = stats.fold(score.fold, table)
    reason = score.reason if math.isfinite(value) or not math.isfinite(score.value) else ""
    return msgspec.structs.replace(
        score, rows=table, value=value, interval=None, details={}, reason=reason
    )
