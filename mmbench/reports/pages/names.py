"""The names of the pages of a site, and the links between pages."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import PurePosixPath
from urllib.parse import quote

from mmbench.types import RunRecord

INDEX = "index.html"
WORST_SAMPLES = "#order=worst"  # the part of a run's URL that shows the worst samples first

HrefOf = Callable[[RunRecord], str]
"""The URL of a run's page relative to the page with the link; "" if the run has no page."""

PairHrefOf = Callable[[RunRecord, RunRecord], str]
"""The URL of the page that compares a candidate with a baseline; "" if there is none."""


def task_page_name(task: str) -> str:
    """Return the name of the page of a task."""
    return f"tasks/{task}.html"


def group_page_name(group: str) -> str:
    """Return the name of the page of a group of tasks."""
    return f"groups/{group}.html"


def run_page_name(record: RunRecord) -> str:
    """Return the name of the page of a run."""
    return f"runs/{record.task.name}/{record.run}.html"


def comparison_page_name(baseline: RunRecord, candidate: RunRecord) -> str:
    """Return the name of the page that compares a candidate with a baseline."""
    return f"compare/{baseline.task.name}/{baseline.run}--{candidate.run}.html"


def root_of(name: str) -> str:
    """Return the relative path from a page to its site's folder: `../../` for `runs/a/b.html`."""
    return "../" * (len(PurePosixPath(name).parts) - 1)


def link(page: str, target: str) -> str:
    """Return the relative URL from one page of a site to another."""
    return root_of(page) + quote(target)
