"""A check that the data of a classification task list the classes.

The list is necessary because labels are indices of classes.
"""

from __future__ import annotations

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.types import TaskSpec


def check_classes(data: Samples, spec: TaskSpec | None = None) -> None:
    """Raise DataError if the data do not list class names; the message shows labels of samples."""
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
