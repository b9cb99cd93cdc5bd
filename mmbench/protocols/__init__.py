"""What plugins implement, one screen each: what a model, a kind, a data set or a metric is."""

from __future__ import annotations

from mmbench.protocols.datasets import Dataset, SourceInfo, declare_source
from mmbench.protocols.kinds import Kind, Needs, Responses
from mmbench.protocols.metrics import Metric, MetricInfo, declare
from mmbench.protocols.models import (
    Classifies,
    Draws,
    Embeds,
    Hears,
    ModelClass,
    Prepares,
    Probes,
    Rates,
    Speaks,
    TakesEncoded,
    Watches,
    Writes,
    WritesEach,
)

__all__ = [
    "Classifies",
    "Dataset",
    "Draws",
    "Embeds",
    "Hears",
    "Kind",
    "Metric",
    "MetricInfo",
    "ModelClass",
    "Needs",
    "Prepares",
    "Probes",
    "Rates",
    "Responses",
    "SourceInfo",
    "Speaks",
    "TakesEncoded",
    "Watches",
    "Writes",
    "WritesEach",
    "declare",
    "declare_source",
]
