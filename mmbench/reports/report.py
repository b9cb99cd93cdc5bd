"""Writes the pages of a report: a site with an index, or a single file for one run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

from mmbench.comparison.compare import Comparison, compare_runs
from mmbench.comparison.intervals import comparison_without_rows
from mmbench.comparison.samples.run_samples import RunSamples, run_samples
from mmbench.engine.progress import Progress
from mmbench.errors import DataError, MissingRows
from mmbench.reports.groups.site_page import group_body, groups_section
from mmbench.reports.links import SiteLinks
from mmbench.reports.pages import comparison as comparison_pages
from mmbench.reports.pages import run as run_pages
from mmbench.reports.pages import samples as sample_pages
from mmbench.reports.pages import task as task_pages
from mmbench.reports.pages.html import Content, element
from mmbench.reports.pages.names import INDEX, comparison_page_name, group_page_name
from mmbench.reports.pages.overview import filter_controls, overview_body
from mmbench.reports.pages.shell import page
from mmbench.reports.pages.site import Site, write_page_file
from mmbench.reports.sections import label
from mmbench.reports.selection import Selection, key_of
from mmbench.storage.data_folders import PermittedFiles
from mmbench.storage.records import StoredRun
from mmbench.types import RunRecord

RunBrowser = Callable[[RunSamples], Content]
_RUN_STYLES = (*run_pages.STYLES, *sample_pages.STYLES)
_COMPARISON_STYLES = (*comparison_pages.STYLES, *sample_pages.STYLES)


class SiteWriter:
    """Writes the pages of a selection into a site, and collects what cannot be shown.

    `unreadable` has a message for each file that cannot be read, and `without_rows` the runs whose
    pages are made from the record alone. `media` says how pages show images, sounds and videos; the
    default is that of `samples.site_media`, whose errors it raises. `permitted` are the files that
    pages may show, by default all.
    """

    def __init__(
        self,
        selection: Selection,
        site: Site,
        media: sample_pages.MediaMode | None = None,
        permitted: PermittedFiles | None = None,
    ) -> None:
        self._selection, self._site, self._media_mode = selection, site, media
        self._permitted = permitted
        self._site_media = sample_pages.site_media(site, media, permitted)
        self._links = SiteLinks(selection)
        self.unreadable = list(selection.unreadable)
        self.without_rows: list[RunRecord] = []

    def write(self, progress: Progress) -> str:
        """Write all pages; return the path of the index. Raises UserError like `Site.write`."""
        runs, pairs = self._selection.runs, self._selection.pairs
        progress.start("pages", len(runs) + len(pairs), 0)
        for run in runs:
            self._write_run(run)
            progress.advance(1)
        for pair in pairs:
            self._write_comparison(*pair)
            progress.advance(1)
        progress.finish()
        if len(runs) > 1:
            self._write_tasks()
        return self._site.folder.path(INDEX)

    def _write_tasks(self) -> None:
        links, tables = self._links, self._selection.tables
        styles = task_pages.STYLES
        for task, own in tables.items():
            name = links.task_page(task)
            body = task_pages.task_body(
                own,
                self._selection.points.get(task, []),
                links.href_from(name),
                links.comparison_from(name),
                filter_controls({task: own}),
            )
            self._site.write_page(name, task, body, crumbs=links.crumbs(name, task), styles=styles)
        if not links.one_task:
            self._write_groups()
            body = overview_body(
                tables,
                self._selection.points,
                links.href_from(INDEX),
                links.task_href_from(INDEX),
                groups_section(self._selection.groups, lambda name: links.group_href(INDEX, name)),
            )
            self._site.write_page(INDEX, "Leaderboards", body, styles=styles)

    def _write_groups(self) -> None:
        """Write the page of each group; the site has the pages of its runs and tasks."""
        links = self._links
        for found in self._selection.groups:
            name = group_page_name(found.group)
            body = group_body(found, links.run_href_from(name), links.known_task_href_from(name))
            crumbs, title = links.group_crumbs(name, found.group), f"Group {found.group}"
            self._site.write_page(name, title, body, crumbs=crumbs, styles=task_pages.STYLES)

    def _write_run(self, run: StoredRun) -> None:
        record = run.record
        name = self._links.run_page(record)
        context = run_pages.RunContext(
            table=self._selection.peers[key_of(record)],
            board_table=self._selection.table_of(record),
            href_of=self._links.href_from(name),
            task_href=self._links.task_href(name, record.task.name),
            comparisons=self._links.comparisons(record, name),
        )
        body, has_rows = _run_body(run, context, self.unreadable, self._run_browser(name))
        if not has_rows:
            self.without_rows.append(record)
        crumbs = self._links.crumbs(name, record.task.name, label(record))
        title, styles = run_pages.run_title(record), _RUN_STYLES
        self._site.write_page(
            name, title, body, crumbs=crumbs, styles=styles, scripts=sample_pages.SCRIPTS
        )

    def _run_browser(self, name: str) -> RunBrowser:
        page = sample_pages.SitePage(self._site, name)
        return lambda samples: sample_pages.run_browser(samples, self._media(), page)

    def _media(self) -> sample_pages.PageMedia:
        """Return the media of a page: embedded media have a limit per page, others are shared."""
        if self._media_mode == "embed":
            return sample_pages.site_media(self._site, self._media_mode, self._permitted)
        return self._site_media

    def _write_comparison(self, a: StoredRun, b: StoredRun) -> None:
        """Write the page that compares a candidate, `b`, with a baseline, `a`."""
        name, task = comparison_page_name(a.record, b.record), a.record.task.name
        context = comparison_pages.ComparisonContext(
            self._links.href_from(name),
            self._links.task_href(name, task),
            self._changes_browser(a, b, name),
        )
        body = comparison_pages.comparison_body(self._compare(a, b), a.record, b.record, context)
        title = comparison_pages.comparison_title(a.record, b.record)
        crumbs, styles = self._links.crumbs(name, task, "comparison"), _COMPARISON_STYLES
        self._site.write_page(
            name, title, body, crumbs=crumbs, styles=styles, scripts=sample_pages.SCRIPTS
        )

    def _changes_browser(self, a: StoredRun, b: StoredRun, name: str) -> Content:
        """Return the section with the changed samples of two runs; None if rows are missing."""
        page = sample_pages.SitePage(self._site, name)
        try:
            samples = run_samples(a), run_samples(b)
            return sample_pages.changes_browser(*samples, self._media(), page)
        except MissingRows:
            return None
        except DataError as error:
            self.unreadable.append(str(error))
            return _without_samples(error)

    def _compare(self, a: StoredRun, b: StoredRun) -> Comparison:
        try:
            return compare_runs([a, b])[0]
        except MissingRows:
            reason = "the rows of a run are missing"
        except DataError as error:
            self.unreadable.append(str(error))
            reason = "the rows of a run cannot be read"
        return comparison_without_rows(a.record, b.record, reason)


def write_run_file(
    selection: Selection,
    path: str,
    flag: str,
    media: sample_pages.MediaMode | None = None,
    permitted: PermittedFiles | None = None,
) -> list[str]:
    """Write the page of the only run of a selection as one file; return unreadable files.

    `media` says how the page shows images, sounds and videos, and `permitted` are the files that it
    may show, by default all. Raises UserError if the file cannot
    be written, and the errors of `samples.file_media`.
    """
    (run,) = selection.runs
    page_media = sample_pages.file_media(Path(path), media, permitted)
    unreadable = list(selection.unreadable)
    context = run_pages.RunContext(table=selection.peers[key_of(run.record)])
    body, _ = _run_body(
        run, context, unreadable, lambda samples: sample_pages.run_browser(samples, page_media)
    )
    title = run_pages.run_title(run.record)
    text = page(title, body, styles=_RUN_STYLES, scripts=sample_pages.SCRIPTS)
    write_page_file(path, text, flag)
    return unreadable


def _run_body(
    run: StoredRun, context: run_pages.RunContext, unreadable: list[str], browser: RunBrowser
) -> tuple[Content, bool]:
    """Return the content of a run's page, and whether the rows of the run could be read.

    `browser` makes the section with the samples. If rows or samples exist but cannot be read, a
    message is appended to `unreadable`.
    """
    try:
        samples = run_samples(run)
        try:
            section: Content = browser(samples)
        except DataError as error:
            unreadable.append(str(error))
            section = _without_samples(error)
        context = context._replace(browser=section)
        return run_pages.run_body(run.record, samples, context), True
    except MissingRows:
        missing = (
            f"the file of rows {run.folder.path(run.rows_name)} does not exist; the command below,"
            " under How to repeat the run, writes it again"
        )
    except DataError as error:
        unreadable.append(str(error))
        missing = str(error)
    return run_pages.run_body(run.record, None, context, missing=missing), False


def _without_samples(error: DataError) -> Content:
    return element("p", f"The samples cannot be shown: {error}.", class_="note", id="samples")
