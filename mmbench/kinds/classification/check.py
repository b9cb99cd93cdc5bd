"""A check that classification data list their classes, since labels are class indices."""

from __future__ import annotations

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.types import TaskSpec


def check_classes(data: Samples, spec: TaskSpec | None = None) -> None:
    """Raise DataError for data without class names; the message lists the labels of samples."""
    if data.labels:
        return
    where = f"task {spec.name}: " if spec else ""
    target = spec.data.get("target") if spec else None
    column = f" (column {target})" if target else ""
    raise DataError(
        f"{where}the data have no class names (labels of samples{column}:"
        f" {listed(_labels(data)) or 'none'}); list the classes in the task file,"
        " data: {labels: [NAME, …]}"
    )


def _labels(data: Samples) -> list[str]:
    targets = (s.target if isinstance(s.target, list) else [s.target] for s in data.samples)
    return sorted({str(name) for target in targets for name in target if name is not None})
