"""A module imports only modules of the layers before its own; docs/architecture.md describes them.

`LAYERS` is the order. The places of one row never import each other. A place is a package or a
module below `mmbench`; a module belongs to the longest place that its name begins with, and
modules of one place may import each other.
"""

import ast
from functools import cache
from pathlib import Path

import pytest

from tests.support.paths import ROOT

PACKAGE = ROOT / "mmbench"
LAYERS = [
    # 0: values, their types, and the interfaces
    {"surrogates"},
    {"errors"},
    {"columns"},
    {"types"},
    {"protocols"},
    # 1: mechanisms that know no task and no model
    {"text", "validation", "memory", "builtin"},
    {"stats", "search", "checkpoints", "media", "registry"},
    {"storage", "datasets", "plugins", "metric_names"},
    {"perturbations"},
    {"spec"},
    {"task_groups"},
    # 2: what tasks are made of
    {"models", "kinds", "metrics", "data.readers"},
    {"data.mapping"},
    {"data.published"},
    {"data.sources"},
    {"predictions"},
    # 3: runs, comparisons, reports
    {"engine.stored_objects"},
    {"engine.options", "engine.progress", "engine.identity", "engine.dispatch", "engine.speed",
     "engine.usage", "engine.score_names"},
    {"engine.loading.models", "engine.loading.data"},
    {"engine.execution"},
    {"engine.context"},
    {"engine.loading"},
    {"engine.inference"},
    {"engine.workers"},
    {"engine.scoring"},
    {"engine.recording"},
    {"engine.trial", "engine.interactive", "engine.run"},
    {"engine.check", "engine.score", "engine.rescore", "engine.rerank"},
    {"comparison", "conformance"},
    {"reports"},
    # 4: models that mmbench brings, and its own trial
    {"reference", "selftest"},
    # 5: the command line, and the interface for Python
    {"cli.exit_codes", "cli.streams"},
    {"cli.output.terminal"},
    {"cli.process"},
    {"cli.errors"},
    {"cli.parser"},
    {"cli.output", "cli.workers"},
    {"cli.commands", "api"},
]  # fmt: skip
APART = {"models", "kinds", "metrics", "data"}  # never import each other, whatever their rows
RANKS = {place: rank for rank, row in enumerate(LAYERS) for place in row}
FACADES = {"", "__main__", "cli"}  # mmbench/__init__.py names what is public; cli finds commands


def name_of(path: Path) -> str:
    """Return the name of a module below mmbench: `engine.run`, `engine` for its `__init__.py`."""
    parts = path.relative_to(PACKAGE).with_suffix("").parts
    return ".".join(parts[:-1] if parts[-1] == "__init__" else parts)


MODULES = {name_of(path): path for path in sorted(PACKAGE.rglob("*.py"))}


def place_of(name: str) -> str | None:
    parts = name.split(".")
    prefixes = [".".join(parts[:n]) for n in range(len(parts), 0, -1)]
    return next((prefix for prefix in prefixes if prefix in RANKS), None)


@cache
def imported(name: str) -> set[str]:
    """Return the modules of mmbench that a module imports, also inside functions."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("mmbench.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmbench"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner.removeprefix("mmbench.") in MODULES else node.module)
    return {module.removeprefix("mmbench.") for module in found} - {"mmbench"}


@pytest.mark.parametrize("name", [name for name in MODULES if name not in FACADES])
def test_a_module_imports_only_from_the_layers_before_its_own(name: str) -> None:
    place = place_of(name)
    if place is None:  # a package of several places, such as engine
        assert not imported(name), f"{name} has no place in LAYERS, and imports"
        return
    for other in sorted(imported(name)):
        below = place_of(other)
        assert below, f"{name} imports {other}, which has no place in LAYERS"
        packages = {name.split(".")[0], other.split(".")[0]}
        assert len(packages & APART) < 2, f"{name} imports {other}: {APART} stand apart"
        assert below == place or RANKS[below] < RANKS[place], (
            f"{name} imports {other}, and {below} is not in a row before {place} in LAYERS: move"
            " what is needed to a lower layer, or pass it as an argument"
        )


def test_every_module_has_a_place() -> None:
    packages = {name.rpartition(".")[0] for name in MODULES}
    lost = [n for n in MODULES if place_of(n) is None and n not in FACADES and n not in packages]
    assert not lost, (
        f"{', '.join(lost)}: add a place to LAYERS in {Path(__file__).name}, in a row behind all"
        " that it imports, and a line to docs/architecture.md"
    )


def test_every_place_exists() -> None:
    assert sorted(set(RANKS) - set(MODULES)) == []
