"""Metrics that a task has only for some data, by the targets and the tags of the samples."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs

from mmbench import metric_names
from mmbench.columns import ABSENT, entries, names_in, rows_of_type
from mmbench.errors import UserError
from mmbench.spec import load_task
from mmbench.types import TaskSpec

_TASK = "zeroshot"
# CLIP_benchmark reports `mean_average_precision` for multi-label data (LAION-AI/CLIP_benchmark
# README.md, "VOC2007 example"; commit 053c022).
_HEADLINE = "mean_ap"
_METRICS = [_HEADLINE, "accuracy@1", "accuracy@5"]


_JUDGE, _HUMAN = "judge[", "human"
_AGREEMENT = ("judge_kappa", "judge_weighted_kappa", "judge_ktau")


def with_agreement(spec: TaskSpec, tags: Sequence[Mapping[str, str]]) -> TaskSpec:
    """Return a task with the agreement of its judges with human labels, if the data have labels.

    `tags` are the tags of the samples; the label is the tag `human`, or the one that the option
    `human` of the judge names. Agreement metrics that do not suit the rubric are left out.
    """
    added: dict[str, dict[str, Any]] = {}
    for name in spec.metrics:
        options = spec.metric_options.get(name, {})
        if name.startswith(_JUDGE) and _has_values(tags, str(options.get(_HUMAN, _HUMAN))):
            names = [f"{metric}{name.removeprefix('judge')}" for metric in _AGREEMENT]
            added |= {one: options for one in names if one not in spec.metrics}
    added = {name: options for name, options in added.items() if _suits(name, options)}
    return structs.replace(
        spec,
        metrics=[*spec.metrics, *added],
        metric_options=spec.metric_options
        | {n: options for n, options in added.items() if options},
    )


def _has_values(tags: Sequence[Mapping[str, str]], tag: str) -> bool:
    return tag in names_in(tags) and any(
        value and value is not ABSENT for value in entries(tags, tag)
    )


def _suits(name: str, options: Mapping[str, object]) -> bool:
    try:
        metric_names.check_options(name, options)
    except UserError:
        return False
    return True


def with_metrics_of_targets(spec: TaskSpec, targets: Sequence[object]) -> TaskSpec:
    """Return a task with metrics for several correct labels if a target is a list of labels.

    Only a task for the user's own data with the metrics of the packaged tasks `zeroshot`, `probe`
    and `knn` changes: the headline is `mean_ap`. That metric is not computed for samples with one
    label each, because its bootstrap over 1,000 classes would take longer than the run.
    """
    if spec.kind not in ("zero_shot", "probe") or not rows_of_type(targets, list):
        return spec
    usual = load_task(_TASK)
    same = (spec.data["source"], spec.metrics, spec.headline)
    if same != (usual.data["source"], usual.metrics, usual.headline):
        return spec
    return structs.replace(spec, metrics=_METRICS, headline=_HEADLINE)
