"""What plugins implement, one screen each: what a model, a kind, a data set or a metric is."""

from __future__ import annotations

from mmbench.protocols.metrics import Metric, MetricInfo, declare
from mmbench.protocols.models import (
    Classifies,
    Draws,
    Embeds,
    Hears,
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
    "Draws",
    "Embeds",
    "Hears",
    "Metric",
    "MetricInfo",
    "Prepares",
    "Probes",
    "Rates",
    "Speaks",
    "TakesEncoded",
    "Watches",
    "Writes",
    "WritesEach",
    "declare",
]
