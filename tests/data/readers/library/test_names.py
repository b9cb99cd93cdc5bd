"""Names of the datasets library that may move: each is where it is looked up."""

from __future__ import annotations

import ast
import inspect
from importlib.metadata import version

import pytest

from mmbench.data.readers.library.names import NAMES, library_name, stop_counting_downloads
from mmbench.errors import Missing
from tests.support.paths import ROOT

PACKAGE = ROOT / "mmbench"


@pytest.mark.parametrize("name", NAMES)
def test_this_version_has_each_name(name: str) -> None:
    assert library_name(name) is not None


def test_the_builder_of_the_cache_takes_what_it_is_given() -> None:
    parameters = inspect.signature(library_name("Cache")).parameters
    assert {"dataset_name", "repo_id", "config_name", "version", "hash"} <= set(parameters)


def test_a_download_manager_says_what_it_downloaded() -> None:
    from datasets import DownloadConfig, DownloadManager

    assert DownloadManager("name", None, DownloadConfig(), ".").downloaded_paths == {}


@pytest.mark.parametrize("module", ["datasets.naming", "datasets.no_such_module"])
def test_a_name_that_moved_is_told(module: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(NAMES, "Cache", module)
    words = rf"^datasets {version('datasets')} has no Cache in {module}; install an earlier"
    with pytest.raises(Missing, match=words):
        library_name("Cache")
    monkeypatch.setitem(NAMES, "HF_UPDATE_DOWNLOAD_COUNTS", module)
    with pytest.raises(Missing, match="has no HF_UPDATE_DOWNLOAD_COUNTS"):
        stop_counting_downloads()


def test_they_are_looked_up_nowhere_else() -> None:
    """Elsewhere only documented modules of the library are imported."""
    found = {
        (file.name, node.module, alias.name)
        for file in PACKAGE.rglob("*.py")
        if "datasets" in (text := file.read_text(encoding="utf-8"))
        for node in ast.walk(ast.parse(text))
        if isinstance(node, ast.ImportFrom) and (node.module or "").partition(".")[0] == "datasets"
        for alias in node.names
    }
    assert found
    assert {module for _, module, _ in found} <= {"datasets", "datasets.exceptions"}
    assert "config" not in {name for _, _, name in found}
