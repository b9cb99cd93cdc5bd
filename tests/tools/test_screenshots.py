"""Screenshots in the documents: of pages that exist, as the tool makes them."""

from pathlib import Path

import pytest
from PIL import Image
from playwright.sync_api import Browser

from tests.support.documents import DOCUMENTS
from tests.support.paths import ROOT
from tools.screenshots import SIZES, main


def sizes(folder: Path) -> dict[str, tuple[int, int]]:
    return {path.stem: Image.open(path).size for path in folder.glob("*.png")}


@pytest.mark.slow
def test_the_tool_makes_the_pictures_of_the_documents(browser: Browser, tmp_path: Path) -> None:
    main(tmp_path, browser)
    assert sizes(tmp_path) == sizes(ROOT / "docs/pictures") == SIZES


def test_every_screenshot_is_in_a_document() -> None:
    texts = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)
    assert [name for name in SIZES if f"pictures/{name}.png" not in texts] == []
