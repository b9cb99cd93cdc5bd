"""A trial of a task's metrics on a baseline's predictions before the forward passes.

The trial finds faults that would otherwise stop a run at its end: a metric that does not fit the
task; a missing library, program or model of a metric; a headline without a value.
"""

from __future__ import annotations

import math

from mmbench import metric_names
from mmbench.engine.loading.prepare import PreparedRun
from mmbench.engine.scoring.estimates import estimates
from mmbench.engine.scoring.features import FeatureExtractor, MetricOptions
from mmbench.engine.speed import COLUMN
from mmbench.errors import Missing
from mmbench.types import Directions, Media

_FEW = 4  # samples on which every metric is tried


def try_metrics(
    prepared: PreparedRun, baseline: str | None, feature_extractor: FeatureExtractor, seed: int
) -> str:
    """Score a baseline; return the reason why the headline would have no value, or "".

    `baseline` is the name of the baseline that the run evaluates, or None if it evaluates a model.
    For a model, several baselines are tried, since a metric may have no value for one of them: a
    constant prediction has no correlation, and perfect predictions have an infinite d'. Models of
    metrics are looked up but not run. Raises UserError wherever a run would.
    """
    spec = prepared.spec
    defaults = [
        name for name in ("oracle", "random", "constant") if name in prepared.kind.baselines
    ]
    baselines = [baseline] if baseline else defaults
    missing = _missing(prepared, baselines[0], feature_extractor, seed)
    if len(missing) == len(spec.metrics) > 0:
        raise next(iter(missing.values()))
    metric = max((m for m in spec.metrics if spec.headline.startswith(m)), key=len)
    if metric in missing:
        return str(missing[metric])
    if metric == COLUMN and baseline is None:
        return "" if _has_sound(prepared) else "the data have no audio, which rtfx needs"
    info = metric_names.metric_info(metric)
    if info.slow or info.wants:
        return ""
    reasons = [_reason(prepared, metric, name, seed) for name in baselines]
    return "" if "" in reasons else reasons[0]


def _missing(
    prepared: PreparedRun, baseline: str, feature_extractor: FeatureExtractor, seed: int
) -> dict[str, Missing]:
    """Try each metric on the first samples.

    Return the error of each metric that lacks a library, a program or a file, by metric name.
    """
    spec = prepared.spec
    predictions = prepared.kind.baseline(baseline, prepared.data.limit(_FEW), seed).directions
    missing: dict[str, Missing] = {}
    for name in spec.metrics:
        try:
            _try(name, predictions, feature_extractor, spec.metric_options)
        except Missing as error:
            missing[name] = error
    return missing


def _try(
    name: str, predictions: Directions, feature_extractor: FeatureExtractor, options: MetricOptions
) -> None:
    wants = metric_names.feature_request(name, options.get(name))
    if wants is None:
        estimates([name], predictions, options=options)
    else:
        feature_extractor.models(name, wants)


def _reason(prepared: PreparedRun, metric: str, baseline: str, seed: int) -> str:
    """Return the reason why a metric has no value for a baseline, or "" if it has a value."""
    predictions = prepared.kind.baseline(baseline, prepared.data, seed)
    scored_metrics, _ = estimates(
        [metric], predictions.directions, options=prepared.spec.metric_options
    )
    reasons = [
        scored.score.reason or "it is NaN"
        for scored in scored_metrics
        if not math.isfinite(scored.score.value)
    ]
    return reasons[0] if reasons else ""


def _has_sound(prepared: PreparedRun) -> bool:
    samples = prepared.data.by_role().values()
    inputs = (
        content
        for role_samples in samples
        for sample in role_samples
        for content in sample.inputs.values()
    )
    return any(isinstance(c, Media) and c.modality in ("audio", "video") for c in inputs)
