"""The result of one score in the format Every Eval Ever."""

from __future__ import annotations

from typing import Any

from mmbench.protocols import MetricInfo
from mmbench.reports.exports.caveats import caveats
from mmbench.reports.exports.every_eval_ever.values import strings
from mmbench.reports.exports.options import ExportOptions, data_set_of
from mmbench.reports.exports.scores import ScoreMetric, interval_of, score_metric
from mmbench.stats.bootstrap import LEVEL
from mmbench.types import RunRecord, ScoreInfo

_METHOD = (
    "bootstrap over groups of samples (expanded percentile interval); Clopper-Pearson if all"
    " resamples have the same value"
)
_UNITS = {"fraction": "proportion"}  # the schema's word for a unit of mmbench


def result_id(record: RunRecord, name: str) -> str:
    """Return the id of a score within the file of its run."""
    return f"{record.task.name}/{name}"


def evaluation_result(
    record: RunRecord, name: str, score: ScoreInfo, options: ExportOptions
) -> dict[str, Any]:
    """Return the entry of `evaluation_results` for a score with a value."""
    return {
        "evaluation_result_id": result_id(record, name),
        "evaluation_name": record.task.name,
        "source_data": _source_data(record, options),
        "metric_config": _metric(name, score_metric(name), score),
        "score_details": _details(record, score),
        **_generation(record),
    }


def _source_data(record: RunRecord, options: ExportOptions) -> dict[str, Any]:
    task, data_set = record.task, data_set_of(record, options)
    details = {
        "mmbench_task": task.name,
        "task_version": task.version,
        "kind": task.kind,
        "fingerprint": task.fingerprint,
        "data_hash": task.data_hash,
        "samples": task.data,
        "protocol": task.protocol,
        "source": task.source,
        "revision": data_set.revision if data_set else "",
    }
    if data_set is None:
        return {
            "dataset_name": task.name,
            "source_type": "other",
            "additional_details": strings(details),
        }
    return {
        "dataset_name": data_set.id,
        "source_type": "hf_dataset",
        "hf_repo": data_set.id,
        "samples_number": sum(task.data.values()),
        "additional_details": strings(details),
    }


def _metric(name: str, parts: ScoreMetric, score: ScoreInfo) -> dict[str, Any]:
    unit = parts.info.unit if parts.info else ""
    return {
        "evaluation_description": name,
        "metric_id": _metric_id(parts),
        "metric_name": name,
        "metric_kind": parts.family,
        **({"metric_unit": _UNITS.get(unit, unit)} if unit else {}),
        "metric_parameters": {**parts.parameters(), "signature": score.signature},
        "lower_is_better": score.better == "lower",
        **_range(parts.info, score),
    }


def _metric_id(parts: ScoreMetric) -> str:
    """Return a metric without variant and direction, in the form of the schema's `pass_at_k`."""
    return parts.name.metric.partition("[")[0].replace("@", "_at_")


def _range(info: MetricInfo | None, score: ScoreInfo) -> dict[str, Any]:
    """Return the range of a metric; an open end is infinite, as the schema writes it.

    Return {} if the metric declares no range, or if the score is outside of it.
    """
    if info is None or info.better is None or (info.worst is None and info.best is None):
        return {}
    low, high = (info.worst, info.best) if info.better == "higher" else (info.best, info.worst)
    value = score.value
    if value is None or (low is not None and value < low) or (high is not None and value > high):
        return {}
    return {
        "score_type": "continuous",
        "min_score": "-Infinity" if low is None else low,
        "max_score": "Infinity" if high is None else high,
    }


def _details(record: RunRecord, score: ScoreInfo) -> dict[str, Any]:
    ends = interval_of(score)
    interval = (
        {}
        if ends is None
        else {
            "confidence_interval": {
                "lower": ends[0],
                "upper": ends[1],
                "confidence_level": LEVEL,
                "method": _METHOD,
            }
        }
    )
    details = {
        "groups": score.groups,
        "fold": score.fold,
        "failed": score.failed,
        "bounds_if_failed_samples_were_measured": score.bounds,
        "no_interval": score.reason,
        "caveats": caveats(record),
    }
    return {
        "score": score.value,
        "uncertainty": {**interval, "num_samples": score.n},
        "details": strings(details),
    }


def _generation(record: RunRecord) -> dict[str, Any]:
    """Return the settings of generated texts that a record has: the token limit of the command."""
    limit = record.task.max_tokens
    return {"generation_config": {"generation_args": {"max_tokens": limit}}} if limit else {}
