"""Screenshots of pages for the documents: `python -m tools.screenshots docs/pictures`.

Needs Chromium. The pixels depend on its version and on the fonts of the machine.
"""

from __future__ import annotations

import shutil
import sys
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING

from mmbench.cli import main as mmbench

if TYPE_CHECKING:
    from playwright.sync_api import Browser, Page, ViewportSize

_ROOT = Path(__file__).parent.parent
WIDTH = 1280
# The name of each picture, with the page of the site of leaderboards/ and the height in pixels.
PAGES = {
    "leaderboard": ("index.html", 720),
    "leaderboard-task": ("tasks/shapes-vqa.html", 720),
    "run-page": ("runs/shapes-vqa/20261128-144317-llava-nano-35c4be.html", 1000),
}
# The same for the site of two runs, the baseline first.
_PAIR = ("20261128-144317-llava-nano-35c4be", "20261128-144048-unified-nano-7cc116")
PAIR_PAGES = {"comparison-page": (f"compare/shapes-vqa/{'--'.join(_PAIR)}.html", 760)}
# The samples of a run of this model on the first samples of this task.
_RUN = ("-m", "llava-nano", "-t", "shapes-vqa", "--limit", "100")
SAMPLES, _SAMPLES_HEIGHT = "samples", 900
SIZES = {
    **{name: (WIDTH, height) for name, (_, height) in (PAGES | PAIR_PAGES).items()},
    SAMPLES: (WIDTH, _SAMPLES_HEIGHT),
}
_NAMES = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable")


def chromium() -> str | None:
    """Return the path of the system's Chromium; None if there is none."""
    return next(filter(None, map(shutil.which, _NAMES)), None)


def main(folder: Path, browser: Browser) -> None:
    """Write the screenshots into a folder as PNG files."""
    _write(folder, browser, [], PAGES)
    _write(folder, browser, _PAIR, PAIR_PAGES)
    _write_samples(folder, browser)


def _write(
    folder: Path, browser: Browser, runs: Sequence[str], pages: dict[str, tuple[str, int]]
) -> None:
    """Write screenshots of pages of a site: of named runs, or of the whole board."""
    with TemporaryDirectory() as site:
        board = str(_ROOT / "leaderboards")
        mmbench(["report", *runs, "--out", board, "--site", site, "--quiet"])
        for name, (page, height) in pages.items():
            view = _open(browser, Path(site) / page, height)
            view.screenshot(path=folder / f"{name}.png")
            view.close()


def _write_samples(folder: Path, browser: Browser) -> None:
    """Write a screenshot of the wrong samples of a run."""
    with TemporaryDirectory() as board:
        mmbench(["run", *_RUN, "--out", board, "--quiet"])
        file = Path(board) / "run.html"
        mmbench(["report", "latest", "--out", board, "--file", str(file)])
        view = _open(browser, file, _SAMPLES_HEIGHT)
        view.locator("#sample-show").select_option("wrong")
        view.locator("#sample-list li").first.click()
        view.wait_for_function("() => document.querySelector('#sample-detail img').naturalWidth")
        view.evaluate("() => document.getElementById('samples').scrollIntoView()")
        view.screenshot(path=folder / f"{SAMPLES}.png")
        view.close()


def _open(browser: Browser, page: Path, height: int) -> Page:
    size: ViewportSize = {"width": WIDTH, "height": height}
    view = browser.new_page(viewport=size, color_scheme="light")
    view.goto(page.resolve().as_uri())
    return view


def _launch_and_write(folder: Path) -> None:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium(), args=["--no-sandbox"])
        main(folder, browser)
        browser.close()


if __name__ == "__main__":
    _launch_and_write(Path(sys.argv[1]))
