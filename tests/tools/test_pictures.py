"""Pictures of the documents: as committed, of every packaged model, nothing on another thing."""

from __future__ import annotations

import re
from base64 import b64decode
from io import BytesIO
from itertools import combinations
from xml.etree import ElementTree

import numpy as np
import pytest
from PIL import Image

from tests.support.paths import ROOT
from tools.pictures import pictures
from tools.pictures.diagram import Box, Diagram
from tools.pictures.models import PICTURES

FOLDER = ROOT / "docs/pictures"
NAMES = ["worlds", *PICTURES]
PNG = re.compile(r"data:image/png;base64,([^\"]*)")


@pytest.fixture(scope="module")
def drawn() -> dict[str, str]:
    return pictures()


def pixels(svg: str) -> list[np.ndarray]:
    found = [Image.open(BytesIO(b64decode(data))) for data in PNG.findall(svg)]
    return [np.asarray(image, np.int16) for image in found]


@pytest.mark.parametrize("name", NAMES)
def test_a_picture_is_what_the_script_draws(drawn: dict[str, str], name: str) -> None:
    """Made again by `make docs`. How a PNG is packed is its library's matter, not its pixels."""
    committed = (FOLDER / f"{name}.svg").read_text(encoding="utf-8")
    assert PNG.sub("", committed) == PNG.sub("", drawn[name])
    for ours, theirs in zip(pixels(drawn[name]), pixels(committed), strict=True):
        assert ours.shape == theirs.shape
        assert abs(ours - theirs).max() <= 2  # the last bit of a logarithm


def test_every_packaged_model_has_one_and_the_document_shows_it() -> None:
    folder = ROOT / "mmbench/reference/weights"
    weights = {path.name for path in folder.iterdir() if path.is_dir()}
    assert set(PICTURES) == weights
    assert {path.stem for path in FOLDER.glob("*.svg")} == set(NAMES)
    shown = (ROOT / "docs/models.md").read_text(encoding="utf-8")
    assert all(f"](pictures/{name}.svg)" in shown for name in NAMES)


def rectangles(svg: str) -> list[tuple[float, float, float, float]]:
    """Left, top, right and bottom of the boxes and images."""
    page = ElementTree.fromstring(svg)
    found = [e for e in page if e.tag.endswith(("rect", "image"))]
    sides = [[float(e.attrib[k]) for k in ("x", "y", "width", "height")] for e in found]
    return [(x, y, x + width, y + height) for x, y, width, height in sides]


@pytest.mark.parametrize("name", NAMES)
def test_nothing_lies_on_another_nor_beyond_the_page(drawn: dict[str, str], name: str) -> None:
    page = ElementTree.fromstring(drawn[name])
    width, height = float(page.attrib["width"]), float(page.attrib["height"])
    found = rectangles(drawn[name])
    assert len(found) > 5
    assert width <= 1020  # what a page shows without making it smaller
    for left, top, right, bottom in found:
        assert 0 <= left < right <= width
        assert 0 <= top < bottom <= height
    for a, b in combinations(found, 2):
        assert a[2] <= b[0] or b[2] <= a[0] or a[3] <= b[1] or b[3] <= a[1], (a, b)


def test_an_arrow_goes_from_side_to_side_and_turns_in_the_gap_before_its_end() -> None:
    boxes = {
        "a": Box((0, 0), "data", "a"),
        "b": Box((1, 0), "learnt", "b"),
        "c": Box((1, 1), "answer", "c & d", ("<x>",)),
    }
    svg = Diagram(boxes, ["a > b > c", "a > c"]).svg("t")
    across, down, around = re.findall(r'<path d="M([^"]*)" fill="none"', svg)
    assert across.count("L") == 1
    (x1, y1), (x2, y2) = (map(float, point.split()) for point in across.split(" L"))
    assert y1 == y2
    assert x1 < x2
    assert len({point.split()[0] for point in down.split(" L")}) == 1
    assert around.count("L") == 3
    assert "c &amp; d" in svg
    assert "&lt;x&gt;" in svg


def test_a_box_is_as_wide_as_its_longest_line() -> None:
    short, long = Box((0, 0), "data", "a"), Box((0, 0), "data", "a", ("a line of many words",))
    assert short.width < long.width
    assert long.height > short.height
    assert Box((0, 0), "data", "a", (), "n × 3").height == long.height
