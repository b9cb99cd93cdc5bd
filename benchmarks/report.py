"""Benchmarks of the sample browser: 25,000 samples written into a site and opened in Chromium."""

from importlib.util import find_spec
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from time import perf_counter

from benchmarks.rows import Row

N = 25_000
OPENED = "performance.getEntriesByName('mmbench-samples-ready')[0].startTime"  # milliseconds
SEARCH = """() => {
    document.getElementById("sample-search").value = "number 99";
    const start = performance.now();
    document.getElementById("sample-order").dispatchEvent(new Event("change"));
    return performance.now() - start;
}"""


def rows(quick: bool = False) -> list[Row]:
    n, repeats = (2_500, 3) if quick else (N, 7)
    with TemporaryDirectory() as folder:
        start = perf_counter()
        page = _write(Path(folder), n)
        written = Row(f"pages of {n:,} samples: write", perf_counter() - start, note="no media")
        return [written, *_opened(page, n, repeats)]


def _write(folder: Path, n: int) -> Path:
    """Write a site with the samples of one run, and return its page."""
    from mmbench.reports.pages import samples as pages
    from mmbench.reports.pages.site import Site
    from mmbench.types import StoredSample
    from tests.support.sample_runs import answered

    samples = [
        StoredSample(
            "sample",
            f"sample-{number:06}",
            tags={"kind": str(number % 7)},
            texts={"question": f"Which of the shapes in the picture is number {number}?"},
            target=str(number % 10),
        )
        for number in range(n)
    ]
    run = answered(samples, [str(number % 11) for number in range(n)])
    site = Site(folder)
    page = pages.SitePage(site, "run.html")
    section = pages.run_browser(run, pages.site_media(site), page)
    site.write_page("run.html", "Run", section, scripts=pages.SCRIPTS, styles=pages.STYLES)
    return folder / "run.html"


def _opened(page: Path, n: int, repeats: int) -> list[Row]:
    """Measure the time from navigation until the list is shown, and a search in all samples."""
    from tools.screenshots import chromium

    name = f"pages of {n:,} samples: open"
    path = chromium()
    if path is None or find_spec("playwright") is None:
        return [Row(name, limit=2, note="skipped: no Chromium, or no playwright")]
    from playwright.sync_api import sync_playwright

    opened, searched = [], []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=path, args=["--no-sandbox"])
        for _ in range(repeats):
            view = browser.new_page()
            view.goto(page.as_uri())
            view.wait_for_selector("#samples[data-ready]")
            opened.append(view.evaluate(OPENED) / 1000)
            searched.append(view.evaluate(SEARCH) / 1000)
            view.close()
        browser.close()
    note = f"headless Chromium, from disk; median of {repeats}"
    return [
        Row(name, median(opened), limit=2, note=note),
        Row(f"pages of {n:,} samples: first search", median(searched), note="in all samples"),
    ]
