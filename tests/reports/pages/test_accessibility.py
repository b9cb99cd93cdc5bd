"""Pages of real runs: contrast, keyboard, names for screen readers, zoom, print, no JavaScript."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal

import pytest
from playwright.sync_api import Browser, Page

from mmbench.cli import main
from tests.support.browser import OpenPage, overflowing
from tests.support.contrast import faint_texts
from tests.support.files import write_file

pytestmark = pytest.mark.slow  # a minute of Chromium

PAGES = ["index", "tasks", "groups", "runs/shapes-vqa", "runs/numbers-asr", "compare"]
SCHEMES: tuple[Literal["light", "dark"], ...] = ("light", "dark")


@pytest.fixture(scope="module")
def site() -> Iterator[Path]:
    """Return the site of a board with answers about images and transcripts of two models."""
    with TemporaryDirectory() as folder:
        board = f"{folder}/board"
        models = [
            part for name in ("llava-nano", "unified-nano", "constant") for part in ("-m", name)
        ]
        main(["run", *models, "-t", "shapes-vqa", "--limit", "30", "--out", board, "--quiet"])
        speech = ["-m", "asr-nano", "-m", "unified-nano", "-t", "numbers-asr", "--limit", "12"]
        main(["run", *speech, "--out", board, "--quiet"])
        text = "tasks: [shapes-vqa, {task: shapes-vqa, score: 'exact_match{macro:kind}'}]"
        write_file(Path(folder) / "groups" / "mine.yaml", text)
        report = [
            "report",
            "--out",
            board,
            "--site",
            f"{folder}/site",
            "--media",
            "copy",
            "--quiet",
            "--tasks",
            folder,
        ]
        assert main(report) == 0
        yield Path(folder) / "site"


def page_of(site: Path, kind: str) -> Path:
    """Return the index, or the last page below a folder of the site."""
    return site / "index.html" if kind == "index" else sorted((site / kind).rglob("*.html"))[-1]


def opened(open_page: OpenPage, site: Path, kind: str, **view: object) -> Page:
    page = open_page(page_of(site, kind), inside=(site,), **view)
    if kind.startswith(("runs", "compare")):
        page.wait_for_selector("#samples[data-ready]", state="attached")
    return page


@pytest.mark.parametrize("kind", PAGES)
def test_texts_are_not_faint(kind: str, site: Path, open_page: OpenPage) -> None:
    page = opened(open_page, site, kind)
    page.evaluate(
        "() => document.querySelectorAll('details').forEach((one) => { one.open = true; })"
    )
    assert faint_in_each_scheme(page) == {"light": [], "dark": []}
    page.add_style_tag(
        content="h1 { color: light-dark(#999, #666) !important; font-size: 1rem !important }"
    )
    # The measurement finds a text that is too faint.
    assert {scheme: len(texts) for scheme, texts in faint_in_each_scheme(page).items()} == {
        "light": 1,
        "dark": 1,
    }


def faint_in_each_scheme(page: Page) -> dict[str, list[str]]:
    found: dict[str, list[str]] = {}
    for scheme in SCHEMES:
        page.emulate_media(color_scheme=scheme)
        found[scheme] = faint_texts(page)
    return found


@pytest.mark.parametrize("kind", PAGES)
def test_the_keyboard_reaches_all_in_order_with_a_visible_focus(
    kind: str, site: Path, open_page: OpenPage
) -> None:
    page = opened(open_page, site, kind)
    page.keyboard.press("Tab")
    assert page.evaluate("() => document.activeElement.textContent") == "Skip to the content"
    assert page.evaluate("() => document.activeElement.getBoundingClientRect().left") >= 0
    page.keyboard.press("Enter")
    assert page.evaluate("() => document.activeElement.id") == "content"
    reached = []
    for _ in range(40):
        page.keyboard.press("Tab")
        outline, place = page.evaluate("""() => {
          const at = document.activeElement;
          const order = Array.from(document.querySelectorAll("*")).indexOf(at);
          return [at === document.body ? "solid" : getComputedStyle(at).outlineStyle, order];
        }""")
        assert outline != "none"
        reached.append(place)
        if place < reached[0]:  # past the end of the page
            break
    inside = [place for place in reached if place >= reached[0]]
    assert inside == sorted(inside) and len(set(inside)) > 5


@pytest.mark.parametrize("kind", PAGES)
def test_a_screen_reader_finds_names_for_all_that_it_can_use(
    kind: str, site: Path, open_page: OpenPage
) -> None:
    page = opened(open_page, site, kind)
    tree = page.locator("body").aria_snapshot().splitlines()
    roles = (
        "link",
        "button",
        "combobox",
        "searchbox",
        "checkbox",
        "table",
        "img",
        "figure",
        "region",
    )
    named = [line.strip().removeprefix("- ").strip("'") for line in tree]
    unnamed = [line for line in named if line.rstrip(":") in roles]
    assert unnamed == []
    long = [line for line in named if line.startswith(("table", "region")) and len(line) > 120]
    assert long == []  # a name is read each time that the table is entered
    assert not any(line.startswith("listitem: /") for line in named)  # separators are silent


@pytest.mark.parametrize("kind", PAGES)
def test_nothing_is_cut_off_at_a_zoom_of_400_percent(
    kind: str, site: Path, open_page: OpenPage
) -> None:
    assert overflowing(opened(open_page, site, kind, width=320, height=256)) == []


@pytest.mark.parametrize("kind", PAGES)
def test_a_printed_page_fits_and_has_no_controls(
    kind: str, site: Path, open_page: OpenPage
) -> None:
    page = opened(open_page, site, kind, width=1000)  # A4 with the scale of browsers
    page.emulate_media(media="print")
    wide = "() => document.documentElement.scrollWidth - document.documentElement.clientWidth"
    assert page.evaluate(wide) <= 0
    controls = page.locator("button:not(th *), select, input")
    assert [one for one in controls.all() if one.is_visible()] == []
    if kind.startswith(("runs", "compare")):
        assert (
            page.locator("#sample-list").is_visible() and page.locator("#samples h2").is_visible()
        )


@pytest.mark.parametrize("kind", PAGES)
def test_without_javascript_tables_are_complete_and_nothing_is_promised(
    kind: str, site: Path, browser: Browser
) -> None:
    context = browser.new_context(java_script_enabled=False, offline=True)
    page = context.new_page()
    page.goto(page_of(site, kind).as_uri())
    assert any(one.is_visible() for one in page.locator("main table").all())
    controls = page.locator("main :is(button, select, input, kbd)")
    assert [one for one in controls.all() if one.is_visible()] == []
    text = page.locator("main").inner_text()
    assert "No sample matches" not in text
    assert ("The samples need JavaScript." in text) is kind.startswith(("runs", "compare"))
    context.close()
