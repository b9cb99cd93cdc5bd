"""The sample browser of a page: all samples of a run, or the samples that changed between two runs.

A page that is a single file contains the data of its samples. A page of a site loads them from
scripts next to it, because browsers do not let a page from disk read other files: first the
summary, from which the list is made, then the details of `SHARD` samples at a time.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
from pathlib import PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import numpy as np

from mmbench.comparison.join import places_in
from mmbench.comparison.rows import KeyedRows
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.reports.pages.html import Content, Html, element, json_data, script_json
from mmbench.reports.pages.names import root_of
from mmbench.reports.pages.samples.details import Details
from mmbench.reports.pages.samples.media import PageMedia
from mmbench.reports.pages.samples.rows import SampleRows
from mmbench.reports.pages.samples.summary import EXCERPT, Json, Summary
from mmbench.reports.pages.site import Site
from mmbench.text import count

# Packaged files that a page with a sample browser needs; see `shell.page`.
SCRIPTS = ("sample_text.js", "sample_details.js", "samples.js")
STYLES = ("samples.css",)

MOST_IN_A_FILE = 2000  # samples of a page that is a single file
SUMMARY, DETAILS = "sample-summary", "sample-details"  # ids of data in a page
SHARD = 500  # samples whose details are loaded together

_KEYS = (
    (("j", "↓"), "next sample"),
    (("k", "↑"), "previous sample"),
    (("Enter",), "details"),
    (("/",), "search"),
    (("Esc",), "back to the list"),
)


_WITHOUT_INPUTS = element(
    "p",
    "The inputs of the samples are not stored with this run. `mmbench run` with the same arguments"
    " stores them.",
    class_="note",
)


class SitePage(NamedTuple):
    """A page of a site, by its name: `runs/TASK/RUN.html`."""

    site: Site
    name: str


def run_browser(samples: RunSamples, media: PageMedia, page: SitePage | None = None) -> Html:
    """Return a section with all samples of a run.

    `page` is the page of a site that will contain the section, whose further files are written; if
    it is None, the section contains all data. Raises UserError if a file cannot be written.
    """
    rows = SampleRows((samples,), np.arange(len(samples))[:, np.newaxis])
    return _browser(
        rows, media, page, "Samples", _WITHOUT_INPUTS if samples.table is None else None
    )


def changes_browser(
    baseline: RunSamples, candidate: RunSamples, media: PageMedia, page: SitePage | None = None
) -> Html:
    """Return a section with the samples that changed between two runs, side by side.

    A sample changed if it failed in one of the runs only, or has another value of a score in the
    other run. Arguments and errors are those of `run_browser`.
    """
    rows = changed_rows(baseline, candidate)
    note = f"{count(len(rows), 'sample')} with another score in the candidate"
    return _browser(rows, media, page, "Changed samples", element("p", note, class_="muted"))


def changed_rows(baseline: RunSamples, candidate: RunSamples) -> SampleRows:
    """Return the samples of both runs that changed between them, in the order of the baseline."""
    places = places_in(KeyedRows(baseline.rows), KeyedRows(candidate.rows))
    shared = np.flatnonzero(places >= 0)
    rows = np.column_stack([shared, places[shared]])
    changed = baseline.failed()[rows[:, 0]] != candidate.failed()[rows[:, 1]]
    for name in set(baseline.metrics) & set(candidate.metrics):
        before = baseline.scores(name)[rows[:, 0]]
        after = candidate.scores(name)[rows[:, 1]]
        changed |= ~np.isclose(before, after, rtol=1e-9, atol=0, equal_nan=True)
    return SampleRows((baseline, candidate), rows[changed])


def _browser(
    samples: SampleRows, media: PageMedia, page: SitePage | None, title: str, intro: Content
) -> Html:
    summary = Summary(samples)
    details = Details(samples, media, pictures=None if page else summary.pictures)
    blocks = _blocks(samples, summary, details)
    if page is None:
        everything = list(chain.from_iterable(blocks))
        parts = [json_data(SUMMARY, summary.json()), json_data(DETAILS, everything)]
        return _section(title, intro, parts)
    # Named by the runs, so that another report into the same site never mixes samples of two runs.
    runs = "--".join(run.record.run for run in samples.runs)
    folder = str(PurePosixPath(page.name).with_name(f"{runs}-samples"))
    for number, block in enumerate(blocks):
        _write(page.site, f"{folder}/{number:03}.js", number, block)
    _write(page.site, f"{folder}/summary.js", "summary", summary.json())
    shards = f"{quote(PurePosixPath(folder).name)}/"
    return _section(title, intro, None, shards=shards, root=root_of(page.name))


def _blocks(samples: SampleRows, summary: Summary, details: Details) -> Iterator[list[Json]]:
    """Yield the details of `SHARD` samples at a time, and add the samples to the summary."""
    for start in range(0, len(samples), SHARD):
        block = []
        batch = list(samples.samples(start, start + SHARD))
        details.prepare(batch)
        for outputs in batch:
            sample_details, media = details.make(outputs)
            summary.add(outputs, media)
            block.append(sample_details)
        yield block


def _write(site: Site, name: str, what: int | str, data: object) -> None:
    """Write data as a script that passes them to the sample browser."""
    script = f"mmbenchSamples.receive({script_json(what)}, {script_json(data)});\n"
    site.write(name, script.encode())


def _section(
    title: str, intro: Content, data: Content, *, shards: str = "", root: str = ""
) -> Html:
    return element(
        "section",
        element("h2", title, id="samples-title"),
        intro,
        element("noscript", element("p", "The samples need JavaScript.", class_="note")),
        _controls(),
        _help(whole_texts=not shards),
        element(
            "div",
            element("div", _list(), class_="sample-list"),
            element("article", id="sample-detail", tabindex="-1", aria_label="Selected sample"),
            class_="sample-panes",
        ),
        data,
        id="samples",
        class_="samples",
        aria_labelledby="samples-title",
        data_shards=shards or None,
        data_shard=SHARD,
        data_root=root,
    )


def _controls() -> Html:
    """Return the controls; the script fills the lists and shows those that the run needs."""
    lists = ("Show", "Direction", "Tag", "Score", "Order")
    search = element(
        "input", type="search", id="sample-search", autocomplete="off", spellcheck="false"
    )
    return element(
        "div",
        element("label", "Search", search, class_="wide"),
        [
            element("label", name, element("select", id=f"sample-{name.lower()}"), hidden=True)
            for name in lists
        ],
        element("output", id="sample-count", role="status", aria_live="polite"),
        class_="filters",
        id="sample-controls",
        hidden=True,
    )


def _help(*, whole_texts: bool) -> Html:
    keys = [
        element("span", [[element("kbd", key), " "] for key in names], what, class_="sample-key")
        for names, what in _KEYS
    ]
    where = "all texts" if whole_texts else f"the first {EXCERPT} characters of texts"
    search = element("span", f"The search covers ids, tags (name=value) and {where}.")
    return element("p", keys, search, class_="muted sample-help", id="sample-help")


def _list() -> list[Html]:
    pages = [
        _page_button("Previous"),
        element("span", id="sample-page", class_="muted"),
        _page_button("Next"),
    ]
    return [
        element("ol", id="sample-list", aria_label="Samples"),
        element("div", pages, class_="sample-pages", role="group", aria_label="Pages of the list"),
    ]


def _page_button(which: str) -> Html:
    ident, label = f"sample-{which.lower()}-page", f"{which} page of the list"
    return element("button", which, type="button", id=ident, aria_label=label)
