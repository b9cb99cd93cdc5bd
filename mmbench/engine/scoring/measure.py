"""Scores of predictions with confidence intervals, by direction and by tag."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench import metric_names, stats
from mmbench.columns import ABSENT, column, count_distinct, entries, rows_not_none, take_rows
from mmbench.engine.score_names import macro_name
from mmbench.engine.scoring.estimates import (
    MeasuredDirection,
    estimates,
    join_scores,
)
from mmbench.engine.scoring.features import FeatureExtractor, MetricOptions
from mmbench.engine.scoring.retrieval_bounds import refold
from mmbench.metrics.speech.long_form import mixed_recording, options_in_signature
from mmbench.text import listed
from mmbench.types import Directions, Score, ScoreInfo

Breakdowns = dict[str, dict[str, dict[str, ScoreInfo]]]


class Measured(NamedTuple):
    """The scores of a run: by full name, by tag and value, and with their rows.

    `scores` maps full names to scores, `breakdowns` maps each tag and each of its values to scores,
    and `metrics` has every score with the rows from which it was computed.
    """

    scores: dict[str, ScoreInfo]
    breakdowns: Breakdowns
    metrics: list[MeasuredDirection]

    @property
    def rejected(self) -> list[tuple[str, str]]:
        """The (id, reason) of each sample with an output that a metric could not score."""
        return list(
            {i: why for scored in self.metrics for i, why in scored.rejected.items()}.items()
        )


def measure(
    metrics: Sequence[str],
    directions: Directions,
    *,
    breakdowns: Sequence[str] = (),
    headline: str = "",
    signature: str = "",
    feature_extractor: FeatureExtractor | None = None,
    options: MetricOptions | None = None,
    seed: int = 0,
) -> Measured:
    """Score each metric in each direction: `recall@1[text-to-image]`.

    Failed predictions are counted but not scored; they widen the bounds of a score. For each tag in
    `breakdowns`, every metric is also computed over the samples of each value of the tag. The mean
    over the values, `exact_match{macro:subject}`, is added if there are several values or if it is
    the `headline`. A metric that lacks a library, a program or a file gets no value, and a reason
    that says what to install. Raises Missing if no metric could be computed.
    """
    scored_metrics, missing = estimates(metrics, directions, feature_extractor, options)
    scored_metrics = [_with_breakdown_notes(scored, breakdowns) for scored in scored_metrics]
    by_tags = [
        (scored, tag, _parts(scored, tag)) for scored in scored_metrics for tag in breakdowns
    ]
    macros = [
        _macro(scored, tag, by_value)
        for scored, tag, by_value in by_tags
        if len(by_value) > 1 or (by_value and headline == macro_name(scored.name, tag))
    ]
    parts = [(tag, value, part) for _, tag, by_value in by_tags for value, part in by_value.items()]
    listed = [*scored_metrics, *macros]
    infos = _infos([*listed, *(scored for _, _, scored in parts)], signature, seed)
    scores = dict(zip([scored.name for scored in listed], infos, strict=False))
    scores |= {name: _unmeasured(name, str(error)) for name, error in missing.items()}
    for scored, tag, _ in by_tags:
        if macro_name(scored.name, tag) == headline and (name := _mixed_recording(scored, tag)):
            scores[headline] = _unmeasured(scored.metric, _several(tag, name))
    by_tag: Breakdowns = {}
    for (tag, value, scored), info in zip(parts, infos[len(listed) :], strict=True):
        by_tag.setdefault(tag, {}).setdefault(value, {})[scored.name] = info
    return Measured(scores, by_tag, scored_metrics)


def _parts(scored: MeasuredDirection, tag: str) -> dict[str, MeasuredDirection]:
    """Return a score over the samples of each value of a tag.

    The result is empty for a metric without rows, and for an error rate of joined recordings of
    which one has several values.
    """
    if scored.score.fold == "whole" or _mixed_recording(scored, tag):
        return {}
    values = _values(scored, tag)
    different = sorted(set(values) - {""})
    return {str(value): _part(scored, tag, value, values == value) for value in different}


def _values(scored: MeasuredDirection, tag: str) -> NDArray[Any]:
    tags = entries(column(scored.predictions, "tags"), tag)
    return np.array(["" if value is ABSENT else value for value in tags], dtype=object)


def _mixed_recording(scored: MeasuredDirection, tag: str) -> str:
    """Return a recording with several values of a tag, if the score joins recordings; else ""."""
    options = options_in_signature(scored.score.signature)
    if options is None:
        return ""
    return mixed_recording(options, column(scored.predictions, "tags"), list(_values(scored, tag)))


def _with_breakdown_notes(
    scored: MeasuredDirection, breakdowns: Sequence[str]
) -> MeasuredDirection:
    """Return a score whose reason says why it has no breakdown by a tag."""
    mixed = {tag: _mixed_recording(scored, tag) for tag in breakdowns}
    notes = [
        f"no breakdown by {tag}: recording {name} has several"
        for tag, name in mixed.items()
        if name
    ]
    if not notes:
        return scored
    reason = "; ".join(filter(None, [scored.score.reason, *notes]))
    return scored._replace(score=msgspec.structs.replace(scored.score, reason=reason))


def _several(tag: str, recording: str) -> str:
    return f"no breakdown by {tag}: recording {recording} has several"


def _part(
    scored: MeasuredDirection, tag: str, value: str, inside: NDArray[np.bool_]
) -> MeasuredDirection:
    """Return the score over the samples with one value of a tag; `inside` [n] masks their rows."""
    rows = np.flatnonzero(inside)
    return scored._replace(
        score=refold(scored.score, rows),
        predictions=take_rows(scored.predictions, rows),
        positions=take_rows(scored.positions, rows),
        total=len(rows),
        extremes=scored.extremes and scored.extremes.within(tag, value),
    )


def _macro(
    scored: MeasuredDirection, tag: str, parts: dict[str, MeasuredDirection]
) -> MeasuredDirection:
    """Return the mean of a score over the values of a tag."""

    def over_values(scores: Sequence[Score]) -> Score:
        score = stats.over_splits(scores)
        reason = "" if math.isfinite(score.value) else _without_value(tag, parts)
        return msgspec.structs.replace(
            score, signature=f"macro={tag},{score.signature}", reason=reason or score.reason
        )

    name, own = macro_name(scored.name, tag), list(parts.values())
    return join_scores(own, over_values, name=name, total=scored.total)


def _without_value(tag: str, parts: dict[str, MeasuredDirection]) -> str:
    """Return which values of a tag have no score, and why the first has none."""
    undefined = {value: part for value, part in parts.items() if math.isnan(part.score.value)}
    why = stats.undefined_reason(next(iter(undefined.values())).score) if undefined else ""
    return f"no value for {tag} {listed([*undefined])}: {why}" if why else ""


def _infos(scored_metrics: list[MeasuredDirection], signature: str, seed: int) -> list[ScoreInfo]:
    groups = [scored.groups for scored in scored_metrics]
    intervals = stats.intervals([scored.score for scored in scored_metrics], groups, seed=seed)
    # Metrics of the same predictions share a column of groups, which is counted once.
    sizes = {key: count_distinct(own) for key, own in {id(own): own for own in groups}.items()}
    several = zip(scored_metrics, groups, intervals, strict=True)
    return [_info(s, sizes[id(own)], signature, *interval) for s, own, interval in several]


def _unmeasured(name: str, reason: str) -> ScoreInfo:
    """Return a score without value and signature, for a metric that cannot run here."""
    better = metric_names.metric_info(name).better or "higher"
    return ScoreInfo(None, None, None, 0, 0, "", better, "mean", reason=reason)


def _info(
    scored: MeasuredDirection,
    groups: int,
    signature: str,
    interval: tuple[float, float] | None,
    reason: str,
) -> ScoreInfo:
    score, predictions = scored.score, scored.predictions
    n = len(predictions) - len(rows_not_none(column(predictions, "error")))
    missing = scored.total - n
    low, high = interval or (None, None)
    return ScoreInfo(
        value=score.value if math.isfinite(score.value) else None,
        low=low,
        high=high,
        n=n,
        groups=groups,
        signature=f"{score.signature},{signature}" if signature else score.signature,
        better=score.better,
        fold=score.fold,
        failed=missing,
        bounds=scored.extremes.bounds if scored.extremes else stats.bounds(score, missing),
        reason=_reason(score, reason),
    )


def _reason(score: Score, interval: str) -> str:
    """Return the remarks on a score and the reason `interval`, or why it has no value.

    `interval` is the reason why the score has no confidence interval, or "".
    """
    if not math.isfinite(score.value):
        return stats.undefined_reason(score)
    return "; ".join(filter(None, (score.reason, interval)))
