"""Complete documents: policy, style, themes, sorting and filtering in a browser."""

import re
import shutil
import subprocess
import sys
from itertools import product
from pathlib import Path
from zipfile import ZipFile

import pytest

from mmbench.reports.pages.shell import Crumb, asset, page
from mmbench.reports.pages.site import Site
from mmbench.reports.pages.tables import Cell, Column, Row, table
from tests.support.browser import OpenPage, overflowing
from tests.support.paths import ROOT

COLUMNS = [Column("model"), Column("wer", number=True, better="lower")]


def rows() -> list[Row]:
    values: list[tuple[str, float | None]] = [("b", 0.5), ("a", None), ("c", 0.25), ("d 10", 2.0)]
    return [
        Row(
            [
                Cell(name),
                Cell("n/a" if value is None else str(value), "" if value is None else value),
            ],
            kind="baseline" if name == "c" else "",
            facets={"task": "one" if name in "ab" else "two"},
        )
        for name, value in values
    ]


def document(root: str | None = None) -> str:
    body = table("Scores", COLUMNS, rows(), filterable=True)
    return page("A <title>", body, crumbs=[Crumb("All", "index.html"), Crumb("Here")], root=root)


def test_a_single_page_opens_without_errors_and_sorts_by_pointer_and_keyboard(
    open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_text(document(), encoding="utf-8")
    view = open_page(tmp_path / "a.html")
    names = view.locator("tbody th").all_inner_texts
    header = view.get_by_role("columnheader", name="wer")
    header.get_by_role("button").click()
    assert names() == ["c", "b", "d 10", "a"]  # the smallest error first; no value is last
    assert header.get_attribute("aria-sort") == "ascending"
    view.keyboard.press("Enter")
    assert names() == ["d 10", "b", "c", "a"]
    view.get_by_role("button", name="model").press("Space")
    assert names() == ["a", "b", "c", "d 10"]
    assert header.get_attribute("aria-sort") is None


def test_a_site_loads_its_files_from_a_folder_and_remembers_the_theme(
    open_page: OpenPage, tmp_path: Path
) -> None:
    site = Site(tmp_path / "site")
    site.write_page("index.html", "Index", table("Scores", COLUMNS, rows()))
    view = open_page(Path(site.write_page("runs/t/a.html", "A run", "text")), inside=(tmp_path,))
    background = "getComputedStyle(document.body).backgroundColor"
    light = view.evaluate(background)
    view.get_by_role("button", name="Dark theme").click()
    assert view.evaluate(background) != light
    view.goto((tmp_path / "site/index.html").as_uri())
    assert view.evaluate(background) != light
    assert view.get_by_role("button", name="Light theme").is_visible()


def test_the_policy_stops_a_script_that_the_page_does_not_have(
    open_page: OpenPage, page_faults: list[str], tmp_path: Path
) -> None:
    hostile = document().replace("<main", "<script>document.title='run'</script><main")
    (tmp_path / "a.html").write_text(hostile, encoding="utf-8")
    assert open_page(tmp_path / "a.html").title() == "A <title> · mmbench"
    assert len(page_faults) == 1
    assert "Content Security Policy" in page_faults.pop()


def test_the_policy_stops_requests_to_a_network(
    open_page: OpenPage, page_faults: list[str], tmp_path: Path
) -> None:
    image = '<img src="http://127.0.0.1:9/a.png">'
    (tmp_path / "a.html").write_text(document().replace("<main", f"{image}<main"))
    open_page(tmp_path / "a.html")
    assert any("violates the following Content Security Policy" in fault for fault in page_faults)
    page_faults.clear()


COLOURS = {
    name: pair
    for name, *pair in re.findall(
        r"--([\w-]+): light-dark\((#\w{6}), (#\w{6})\)", asset("mmbench.css")
    )
}
TEXTS = ["text", "muted", "link", "good", "bad", "warn"]
PAIRS = [*product(TEXTS, ["page", "surface"]), ("text", "raised")]
PAIRS += [(name, f"{name}-back") for name in ("good", "bad", "warn")]
PAIRS += [("text", "warn-back")]


def luminance(colour: str) -> float:
    """Return the relative luminance (WCAG 2.2) of a colour #rrggbb."""
    parts = (int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5))
    r, g, b = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * r + 0.7152 * g + 0.0722 * b


def contrast(one: str, other: str) -> float:
    low, high = sorted(map(luminance, (one, other)))
    return (high + 0.05) / (low + 0.05)


@pytest.mark.parametrize(("text", "back"), PAIRS)
def test_texts_have_the_contrast_of_wcag_aa(text: str, back: str) -> None:
    for one, other in zip(COLOURS[text], COLOURS[back], strict=True):
        assert contrast(one, other) >= 4.5


@pytest.mark.parametrize("name", [*(f"series-{n}" for n in range(1, 7)), "control"])
def test_graphics_and_controls_have_the_contrast_of_wcag_aa(name: str) -> None:
    for one, other in zip(COLOURS[name], COLOURS["page"], strict=True):
        assert contrast(one, other) >= 3


@pytest.mark.parametrize("width", [320, 1920])
def test_no_element_reaches_beyond_the_page(
    width: int, open_page: OpenPage, tmp_path: Path
) -> None:
    (tmp_path / "a.html").write_text(document().replace("A &lt;title&gt;", "long" * 90))
    assert overflowing(open_page(tmp_path / "a.html", width=width)) == []


def test_the_wheel_has_the_assets(tmp_path: Path) -> None:
    source = tmp_path / "source"
    names = ["pyproject.toml", "README.md", "LICENSE"]
    for folder in ("mmbench/reports/pages", "tasks", "recipes", "rubrics", "groups"):
        shutil.copytree(ROOT / folder, source / folder)
    for name in names:
        shutil.copy(ROOT / name, source / name)
    command = [sys.executable, "-m", "build", "--wheel", "--no-isolation", "-o", tmp_path, source]
    subprocess.run(list(map(str, command)), check=True, capture_output=True)
    (wheel,) = tmp_path.glob("*.whl")
    here = ROOT / "mmbench/reports/pages/assets"
    assert {f"mmbench/reports/pages/assets/{path.name}" for path in here.iterdir()} <= {
        *ZipFile(wheel).namelist()
    }
