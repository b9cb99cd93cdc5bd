"""The names of several runs in a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from mmbench.reports.sections import label
from mmbench.text import plain
from mmbench.types import RunRecord


def run_names(records: Sequence[RunRecord]) -> dict[str, str]:
    """Return the name of each run by its id; runs with equal labels have the id in the name."""
    labels = {
        record.run: "  ".join(filter(None, [label(record), record.task.perturbation]))
        for record in records
    }
    times = Counter(labels.values())
    return {
        run: plain(name, 200) if times[name] == 1 else f"{plain(name, 200)}  {plain(run)}"
        for run, name in labels.items()
    }
