"""Pages in headless Chromium. A test that uses `open_page` is skipped where no Chromium is found.

The test fails if a page writes an error to the console, or requests anything that is neither a
file below the folder of the first page nor embedded data.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import pytest

from tools.screenshots import chromium as system_chromium

if TYPE_CHECKING:
    from playwright.sync_api import Browser, ConsoleMessage, Error, Locator, Page, Request

OpenPage: TypeAlias = "Callable[..., Page]"


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start the Chromium of the system, or the one that `playwright install chromium` keeps."""
    from playwright.sync_api import sync_playwright

    executable = system_chromium()
    with sync_playwright() as playwright:
        if executable is None and not Path(playwright.chromium.executable_path).exists():
            pytest.skip("no Chromium: install it with `playwright install chromium`")
        chromium = playwright.chromium.launch(
            executable_path=executable,
            args=["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"],
        )
        yield chromium
        chromium.close()


@pytest.fixture
def page_faults() -> list[str]:
    """Return the errors and foreign requests of all pages; a test removes those that it expects."""
    return []


@pytest.fixture
def open_page(browser: Browser, page_faults: list[str]) -> Iterator[OpenPage]:
    """Return a function that opens a file: `open_page(path, width=1024, dark=False)` -> Page.

    `inside` are further folders whose files may be loaded, such as those of linked media.
    """
    pages: list[Page] = []

    def open_(
        path: Path,
        *,
        width: int = 1024,
        height: int = 900,
        dark: bool = False,
        inside: tuple[Path, ...] = (),
        anchor: str = "",
    ) -> Page:
        context = browser.new_context(
            viewport={"width": width, "height": height},
            color_scheme="dark" if dark else "light",
            offline=True,
        )
        page = context.new_page()
        pages.append(page)
        allowed = tuple(f"{folder.resolve().as_uri()}/" for folder in (path.parent, *inside))

        def check_console(message: ConsoleMessage) -> None:
            if message.type == "error":
                page_faults.append(f"console: {message.text} ({message.location.get('url')})")

        def check_request(request: Request) -> None:
            if not request.url.startswith(("data:", "blob:", *allowed)):
                page_faults.append(f"request outside {path.parent}: {request.url}")

        def check_error(error: Error) -> None:
            page_faults.append(f"exception in the page: {error}")

        page.on("console", check_console)
        page.on("request", check_request)
        page.on("pageerror", check_error)
        page.goto(path.resolve().as_uri() + anchor)
        return page

    yield open_
    for page in pages:
        page.context.close()
    assert page_faults == []


def follow(page: Page, link: Locator) -> None:
    """Click a link, and wait until the page that it leads to is loaded.

    A click alone returns while the page may still be empty.
    """
    with page.expect_navigation():
        link.click()


def overflowing(page: Page) -> list[str]:
    """Return the elements that reach beyond the right edge of the page, outside scrolled tables."""
    script = """() => Array.from(document.querySelectorAll("body *"))
        .filter((e) => !e.parentElement.closest(".scroll") && !e.closest(".skip, .visually-hidden"))
        .filter((e) => e.getBoundingClientRect().right > document.documentElement.clientWidth + 1)
        .map((e) => `${e.tagName} ${e.className} ${e.textContent.slice(0, 60)}`)"""
    return list(page.evaluate(script))
