"""Metrics of zero-shot classification by the number of correct labels of a sample."""

from __future__ import annotations

from collections.abc import Sequence

from msgspec import structs

from mmbench.columns import rows_of_type
from mmbench.spec import load_task
from mmbench.types import TaskSpec

_TASK = "zeroshot"
# CLIP_benchmark reports `mean_average_precision` for multi-label data (LAION-AI/CLIP_benchmark
# README.md, "VOC2007 example"; commit 053c022).
_HEADLINE = "mean_ap"
_METRICS = [_HEADLINE, "accuracy@1", "accuracy@5"]


def with_metrics_of_targets(spec: TaskSpec, targets: Sequence[object]) -> TaskSpec:
    """Return a task with metrics for several correct labels if a target is a list of labels.

    Only a task for the user's own data with the metrics of the packaged task `zeroshot` changes:
    the headline is `mean_ap`. That metric is not computed for samples with one label each, because
    its bootstrap over 1,000 classes would take longer than the run.
    """
    if spec.kind != "zero_shot" or not rows_of_type(targets, list):
        return spec
    usual = load_task(_TASK)
    same = (spec.data["source"], spec.metrics, spec.headline)
    if same != (usual.data["source"], usual.metrics, usual.headline):
        return spec
    return structs.replace(spec, metrics=_METRICS, headline=_HEADLINE)
