"""docs/architecture.md names all packages; documents name files and folders that exist."""

import re
from pathlib import Path

import pytest

from tests.support.paths import ROOT

FOLDERS = (
    "mmbench",
    "tasks",
    "recipes",
    "groups",
    "rubrics",
    "docs",
    "tests",
    "tools",
    "examples",
    "benchmarks",
    "leaderboards",
)
GUIDE = (ROOT / "docs/architecture.md").read_text()
DATA_FLOW, TREE = re.findall(r"^```text\n(.*?)^```$", GUIDE, re.MULTILINE | re.DOTALL)
PROSE = GUIDE.replace(DATA_FLOW, "").replace(TREE, "")
LAYER_ROWS = re.findall(r"^\| \d \| ([^|]+) \|", GUIDE, re.MULTILINE)


def paths() -> set[str]:
    """Return the ends of the paths of all files and their folders: `run.py`, `engine/run.py`."""
    files = [path for folder in FOLDERS for path in (ROOT / folder).rglob("*") if path.is_file()]
    found = set()
    for path in files:
        parts = path.relative_to(ROOT).parts
        if path.suffix != ".pyc":  # stays behind in folders that are gone
            ends = range(1, len(parts) + 1)
            found |= {"/".join(parts[start:end]) for end in ends for start in range(end)}
    return found


PATHS = paths()


@pytest.mark.parametrize("name", sorted(set(re.findall(r"`([\w./-]+(?:/|\.py|\.yaml))`", PROSE))))
def test_a_path_in_the_text_exists(name: str) -> None:
    whole = name.startswith(FOLDERS) and "/" in name
    exists = (ROOT / name).exists() if whole else name.rstrip("/") in PATHS
    assert exists, f"{name} does not exist"


@pytest.mark.parametrize("name", sorted(set(re.findall(r"[\w-]+/(?:[\w-]+/)*|\w+\.py", TREE))))
def test_a_path_in_the_tree_exists(name: str) -> None:
    exists = name.rstrip("/") in PATHS
    assert exists, f"{name} does not exist"


@pytest.mark.parametrize("name", [n for row in LAYER_ROWS for n in re.findall(r"`(\w+)`", row)])
def test_a_module_in_the_layers_exists(name: str) -> None:
    assert (ROOT / "mmbench" / f"{name}.py").exists()


@pytest.mark.parametrize("document", sorted((ROOT / "docs").glob("*.md")), ids=lambda p: p.name)
def test_a_module_file_in_a_document_exists(document: Path) -> None:
    named = set(re.findall(r"`(mmbench/[\w./-]+)`", document.read_text()))
    assert sorted(name for name in named if not (ROOT / name).exists()) == []


def test_every_package_and_root_module_is_in_the_layers_and_the_tree() -> None:
    inside = {path.name for path in (ROOT / "mmbench").iterdir() if path.suffix == ".py"}
    inside |= {f"{path.parent.name}/" for path in (ROOT / "mmbench").glob("*/__init__.py")}
    inside = {name for name in inside if not name.startswith("_")}
    assert not {name for name in inside if name not in TREE}
    layers = " ".join(LAYER_ROWS)
    assert not {name for name in inside if f"`{name.removesuffix('.py')}`" not in layers}


PACKAGES = sorted(path.parent for path in (ROOT / "mmbench").rglob("__init__.py"))


@pytest.mark.parametrize("package", PACKAGES, ids=lambda p: str(p.relative_to(ROOT)))
def test_a_folder_holds_3_to_16_files(package: Path) -> None:
    files = [path for path in package.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in package.iterdir() if path.is_dir() and path.name in PATHS]
    assert len(files) + len(folders) >= 3, f"{package}: merge it with its neighbour"
    assert len(files) <= 16, f"{package}: divide it by subject, or merge fragments"
