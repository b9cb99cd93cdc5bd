"""docs/architecture.md names all packages; documents name files and folders that exist."""

import re
from pathlib import Path

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


def test_paths_in_the_text_exist() -> None:
    names = set(re.findall(r"`([\w./-]+(?:/|\.py|\.yaml))`", PROSE))
    assert len(names) > 50
    assert sorted(name for name in names if not exists(name)) == []


def exists(name: str) -> bool:
    whole = name.startswith(FOLDERS) and "/" in name
    return (ROOT / name).exists() if whole else name.rstrip("/") in PATHS


def test_paths_in_the_tree_exist() -> None:
    names = {name.rstrip("/") for name in re.findall(r"[\w-]+/(?:[\w-]+/)*|\w+\.py", TREE)}
    assert len(names) > 50
    assert sorted(names - PATHS) == []


def test_modules_in_the_layers_exist() -> None:
    names = [n for row in LAYER_ROWS for n in re.findall(r"`(\w+)`", row)]
    assert names
    assert [name for name in names if not (ROOT / "mmbench" / f"{name}.py").exists()] == []


def test_module_files_in_documents_exist() -> None:
    texts = (document.read_text() for document in (ROOT / "docs").glob("*.md"))
    names = {name for text in texts for name in re.findall(r"`(mmbench/[\w./-]+)`", text)}
    assert names
    assert sorted(name for name in names if not (ROOT / name).exists()) == []


def test_every_package_and_root_module_is_in_the_layers_and_the_tree() -> None:
    inside = {path.name for path in (ROOT / "mmbench").iterdir() if path.suffix == ".py"}
    inside |= {f"{path.parent.name}/" for path in (ROOT / "mmbench").glob("*/__init__.py")}
    inside = {name for name in inside if not name.startswith("_")}
    assert not {name for name in inside if name not in TREE}
    layers = " ".join(LAYER_ROWS)
    assert not {name for name in inside if f"`{name.removesuffix('.py')}`" not in layers}


PACKAGES = sorted(path.parent for path in (ROOT / "mmbench").rglob("__init__.py"))


def test_folders_hold_3_to_16_files() -> None:
    assert len(PACKAGES) > 50
    assert [words for package in PACKAGES if (words := size_fault(package))] == []


def size_fault(package: Path) -> str:
    files = [path for path in package.glob("*.py") if path.name != "__init__.py"]
    folders = [path for path in package.iterdir() if path.is_dir() and path.name in PATHS]
    if len(files) + len(folders) < 3:
        return f"{package}: merge it with its neighbour"
    return f"{package}: divide it by subject, or merge fragments" if len(files) > 16 else ""
