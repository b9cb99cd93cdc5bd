"""The pages of a site and the links between them."""

from __future__ import annotations

from collections.abc import Callable

from mmbench.reports.pages.names import (
    INDEX,
    HrefOf,
    PairHrefOf,
    comparison_page_name,
    group_page_name,
    link,
    run_page_name,
    task_page_name,
)
from mmbench.reports.pages.shell import Crumb
from mmbench.reports.sections import label
from mmbench.reports.selection import Selection, key_of
from mmbench.types import RunRecord


class SiteLinks:
    """Which page shows what, and the links from a page to others.

    The index is the page of the only run, or else of the only task, or else the overview. A site
    with a group of tasks has an overview.
    """

    def __init__(self, selection: Selection) -> None:
        runs = selection.runs
        self._runs = {key_of(run.record): run_page_name(run.record) for run in runs}
        if len(runs) == 1:
            self._runs = {key_of(runs[0].record): INDEX}
        self._pairs = [(a.record, b.record) for a, b in selection.pairs]
        self._tasks = set(selection.tables)
        self.one_task = len(selection.tables) == 1 and not selection.groups

    def run_page(self, record: RunRecord) -> str:
        """Return the name of the page of a run; "" if the run has no page."""
        return self._runs.get(key_of(record), "")

    def task_page(self, task: str) -> str:
        """Return the name of the page of a task."""
        return INDEX if self.one_task else task_page_name(task)

    def task_href(self, page: str, task: str) -> str:
        """Return the URL of a task's page; "" if the site has a single page."""
        return "" if len(self._runs) == 1 else link(page, self.task_page(task))

    def href_from(self, page: str) -> HrefOf:
        """Return a function that returns the URLs of runs, for links on a page."""
        return lambda record: self._link(page, self.run_page(record))

    def comparison_from(self, page: str) -> PairHrefOf:
        """Return a function that returns the URL of the comparison of a baseline and a run."""
        names = {(key_of(a), key_of(b)): comparison_page_name(a, b) for a, b in self._pairs}
        return lambda a, b: self._link(page, names.get((key_of(a), key_of(b)), ""))

    def task_href_from(self, page: str) -> Callable[[str], str]:
        """Return a function that returns the URLs of tasks, for links on a page."""
        return lambda task: link(page, self.task_page(task))

    def known_task_href_from(self, page: str) -> Callable[[str], str]:
        """Return a function like `task_href_from` that returns "" for a task without a page."""
        return lambda task: self._link(page, self.task_page(task) if task in self._tasks else "")

    def run_href_from(self, page: str) -> Callable[[str, str], str]:
        """Return a function that returns the URL of a run, given its task and its id, or ""."""
        return lambda task, run: self._link(page, self._runs.get((task, run), ""))

    def group_href(self, page: str, group: str) -> str:
        """Return the URL of the page of a group."""
        return link(page, group_page_name(group))

    def group_crumbs(self, page: str, group: str) -> list[Crumb]:
        """Return the pages above the page of a group, and the page itself."""
        return [Crumb("Leaderboards", link(page, INDEX)), Crumb(f"group {group}")]

    def comparisons(self, record: RunRecord, page: str) -> list[tuple[str, str]]:
        """Return the other run and the URL of each page that compares a run."""
        own = key_of(record)
        return [
            (label(b if key_of(a) == own else a), link(page, comparison_page_name(a, b)))
            for a, b in self._pairs
            if own in (key_of(a), key_of(b))
        ]

    def crumbs(self, page: str, task: str, last: str = "") -> list[Crumb]:
        """Return the pages above a page, and the page itself: the task's, or one below it."""
        if page == INDEX:
            return []
        above = [] if self.one_task else [Crumb("Leaderboards", link(page, INDEX))]
        if not last:
            return [*above, Crumb(task)]
        return [*above, Crumb(task, link(page, self.task_page(task))), Crumb(last)]

    def _link(self, page: str, target: str) -> str:
        return link(page, target) if target else ""
