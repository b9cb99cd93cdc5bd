"""A module imports only from floors below its own; floor 2's packages never import each other."""

import ast
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2] / "mmbench"
FLOORS = [
    {"errors", "surrogates", "types", "protocols", "columns"},
    {"registry", "builtin", "spec", "datasets", "storage", "checkpoints", "plugins", "text",
     "validation", "memory", "media", "stats", "search"},
    {"data", "models", "kinds", "metrics"},
    {"predictions"},
    {"engine", "comparison", "conformance"},
    {"reports"},
    {"reference", "selftest"},
    {"cli"},
]  # fmt: skip
APART = {"data", "models", "kinds", "metrics"}
MODULES = sorted(p for p in ROOT.rglob("*.py") if p.parent != ROOT or p.stem[0] != "_")


def floor_of(part: str) -> int:
    return next(i for i, floor in enumerate(FLOORS) if part in floor)


def imported(path: Path) -> set[str]:
    found = set()
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.ImportFrom) and node.module == "mmbench":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmbench."):
            found.add(node.module.split(".")[1])
        elif isinstance(node, ast.Import):
            found |= {a.name.split(".")[1] for a in node.names if a.name.startswith("mmbench.")}
    return {name for name in found if not name.startswith("__")}


@pytest.mark.parametrize("path", MODULES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_only_from_below(path: Path) -> None:
    part = path.relative_to(ROOT).parts[0].removesuffix(".py")
    for other in imported(path) - {part}:
        same_floor_allowed = floor_of(other) == floor_of(part) and not {other, part} & APART
        assert floor_of(other) < floor_of(part) or same_floor_allowed, f"{part} imports {other}"


def test_every_module_stands_on_a_floor() -> None:
    for path in MODULES:
        floor_of(path.relative_to(ROOT).parts[0].removesuffix(".py"))
