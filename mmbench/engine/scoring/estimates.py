"""Metric values in each retrieval direction, without confidence intervals."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from mmbench import stats
from mmbench.columns import Repeated, column, concatenate, pack
from mmbench.engine.score_names import sums_directions
from mmbench.engine.scoring.apply import apply
from mmbench.engine.scoring.features import FeatureExtractor, MetricOptions
from mmbench.engine.scoring.retrieval_bounds import Extremes, extremes, join_extremes
from mmbench.errors import Missing, UserError
from mmbench.text import count
from mmbench.types import Directions, Prediction, Score


class MeasuredDirection(NamedTuple):
    """The score of a metric in one direction, with one prediction for each row of the score.

    `positions` are the indices of `predictions` among the predictions of all directions and splits.
    `total` counts all predictions of the direction, including failed predictions. `rejected` maps
    ids of predictions that the metric could not score to reasons. `extremes` is not None only if
    failed samples leave rankings uncertain.
    """

    metric: str
    name: str  # with the direction: recall@1[text-to-image]
    direction: str
    score: Score
    predictions: Sequence[Prediction]
    positions: Sequence[int]
    total: int
    rejected: dict[str, str]
    extremes: Extremes | None = None

    @property
    def groups(self) -> Sequence[str]:
        """The group of each row's sample, or the id of a sample without a group."""
        groups, ids = column(self.predictions, "group"), column(self.predictions, "id")
        if isinstance(groups, Repeated) and not groups.only:
            return ids
        return pack([group or ident for group, ident in zip(groups, ids, strict=True)])


def join_scores(
    parts: Sequence[MeasuredDirection], join: Callable[[Sequence[Score]], Score], **changes: Any
) -> MeasuredDirection:
    """Join several scores to one: over splits, over directions or over the values of a tag.

    `join` computes the joined score. `changes` sets fields of the result; scores, predictions and
    counts are joined, and all other fields are those of the first part.
    """
    whole = parts[0]._replace(
        score=join([part.score for part in parts]),
        predictions=concatenate([part.predictions for part in parts]),
        positions=concatenate([part.positions for part in parts]),
        total=sum(part.total for part in parts),
        rejected={ident: why for part in parts for ident, why in part.rejected.items()},
        extremes=join_extremes(parts, join),
    )
    return whole._replace(**changes)


def estimates(
    metrics: Sequence[str],
    directions: Directions,
    feature_extractor: FeatureExtractor | None = None,
    options: MetricOptions | None = None,
) -> tuple[list[MeasuredDirection], dict[str, Missing]]:
    """Return each metric's score in each direction, and the Missing error of each other metric.

    A metric lacks a score if a library, program or file that it needs is missing; the errors are
    returned by metric name.

    `options` is the task's `metric_options`. Raises Missing if no metric could be computed.
    """
    scored_metrics: list[MeasuredDirection] = []
    missing: dict[str, Missing] = {}
    for name in metrics:
        try:
            scored_metrics += _score_directions(
                name, directions, feature_extractor, (options or {}).get(name, {})
            )
        except Missing as error:
            missing[name] = error
    if missing and not scored_metrics:
        raise next(iter(missing.values()))
    return scored_metrics, missing


def _score_directions(
    name: str,
    directions: Directions,
    feature_extractor: FeatureExtractor | None,
    options: Mapping[str, object],
) -> list[MeasuredDirection]:
    scored_metrics: list[MeasuredDirection] = []
    start = 0
    for direction, splits in directions.items():
        parts = []
        for split in splits:
            parts.append(_score_split(name, direction, split, start, feature_extractor, options))
            start += len(split)
        scored_metrics.append(
            parts[0] if len(parts) == 1 else join_scores(parts, stats.over_splits)
        )
    if not sums_directions(name, list(directions)):
        return scored_metrics
    return [join_scores(scored_metrics, stats.over_directions, name=name, direction="")]


def _score_split(
    name: str,
    direction: str,
    split: Sequence[Prediction],
    start: int,
    feature_extractor: FeatureExtractor | None,
    options: Mapping[str, object],
) -> MeasuredDirection:
    """Score one split; `start` is the index of its first prediction among all predictions."""
    score, used, positions, rejected = apply(name, split, feature_extractor, options)
    if score.fold != "whole" and len(score.rows) != len(used):
        raise UserError(
            f"metric {name} returned {count(len(score.rows), 'row')}"
            f" for {count(len(used), 'prediction')}; return one row per prediction"
        )
    full_name = f"{name}[{direction}]" if direction else name
    places, limits = array("q", (start + at for at in positions)), extremes(name, split, options)
    return MeasuredDirection(
        name, full_name, direction, score, used, places, len(split), rejected, limits
    )
