"""A check that data for classification name their classes: labels are indices, not texts."""

from __future__ import annotations

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.types import TaskSpec


def check_classes(data: Samples, spec: TaskSpec | None = None) -> None:
    """Refuse data without class names. Raises DataError, which lists the labels found."""
    if data.labels:
        return
    where = f"task {spec.name}: " if spec else ""
    target = spec.data.get("target") if spec else None
    column = f" (column {target})" if target else ""
    raise DataError(
        f"{where}the data name no classes; the labels of their samples{column} are"
        f" {listed(_labels(data)) or 'not there'}: list the classes in the task file,"
        " data: {labels: [NAME, …]}"
    )


def _labels(data: Samples) -> list[str]:
    targets = (s.target if isinstance(s.target, list) else [s.target] for s in data.samples)
    return sorted({str(name) for target in targets for name in target if name is not None})
