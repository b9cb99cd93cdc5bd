"""Models over several tasks: which runs are of one model, and a distinct name for each model."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import NamedTuple

from mmbench.reports.sections import label
from mmbench.types import OUTPUTS, RunRecord


class ModelKey(NamedTuple):
    """What all runs of a model have in common: its label, and the hash of its weights.

    Scored outputs have a label only: their hash is that of the file, one for each task.
    """

    label: str
    hash: str


def model_key(record: RunRecord) -> ModelKey:
    """Return the key of the model of a run."""
    scored = record.model.adapter == OUTPUTS
    return ModelKey(label(record), "" if scored else record.model.hash)


def distinct_names(models: Sequence[ModelKey]) -> list[str]:
    """Return a name for each model: its label, with its hash if several models have the label."""
    times = Counter(model.label for model in models)
    return [
        f"{model.label} ({model.hash[:8] or 'outputs'})" if times[model.label] > 1 else model.label
        for model in models
    ]
