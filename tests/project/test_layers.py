"""A module imports only modules of the layers before its own; docs/architecture.md describes them.

`LAYERS` is the order. The places of one row never import each other. A place is a package or a
module below `mmbench`; a module belongs to the longest place that its name begins with, and
modules of one place may import each other.
"""

import ast
from collections.abc import Iterator
from functools import cache
from pathlib import Path

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


def statements(node: ast.AST) -> Iterator[ast.AST]:
    """Yield the statements inside a node, at any depth; expressions have none."""
    for child in ast.iter_child_nodes(node):
        if isinstance(child, ast.stmt | ast.excepthandler | ast.match_case):
            yield child
            yield from statements(child)


@cache
def imported(name: str) -> set[str]:
    """Return the modules of mmbench that a module imports, also inside functions."""
    found = set()
    for node in statements(ast.parse(MODULES[name].read_text())):
        if isinstance(node, ast.Import):
            found |= {a.name for a in node.names if a.name.startswith("mmbench.")}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("mmbench"):
            for alias in node.names:
                inner = f"{node.module}.{alias.name}"
                found.add(inner if inner.removeprefix("mmbench.") in MODULES else node.module)
    return {module.removeprefix("mmbench.") for module in found} - {"mmbench"}


def fault(name: str, other: str) -> str:
    """What is wrong with the import of another module; "" if nothing is."""
    place, below = place_of(name), place_of(other)
    if place is None:  # a package of several places, such as engine
        return f"{name} has no place in LAYERS, and imports {other}"
    if below is None:
        return f"{name} imports {other}, which has no place in LAYERS"
    if len({name.split(".")[0], other.split(".")[0]} & APART) == 2:
        return f"{name} imports {other}: {APART} stand apart"
    if below == place or RANKS[below] < RANKS[place]:
        return ""
    return (
        f"{name} imports {other}, and {below} is not in a row before {place} in LAYERS: move what"
        " is needed to a lower layer, or pass it as an argument"
    )


def test_modules_import_only_from_the_layers_before_their_own() -> None:
    pairs = [(n, other) for n in MODULES if n not in FACADES for other in sorted(imported(n))]
    assert len(pairs) > len(MODULES)
    assert [words for pair in pairs if (words := fault(*pair))] == []


def test_imports_are_found_at_any_depth() -> None:
    assert {"errors", "text"} <= imported("storage.records")
    assert "engine.loading.models.model_ref" in imported(
        "cli.commands.results.show"
    )  # in a function


def test_every_module_has_a_place() -> None:
    packages = {name.rpartition(".")[0] for name in MODULES}
    lost = [n for n in MODULES if place_of(n) is None and n not in FACADES and n not in packages]
    assert not lost, (
        f"{', '.join(lost)}: add a place to LAYERS in {Path(__file__).name}, in a row behind all"
        " that it imports, and a line to docs/architecture.md"
    )


def test_every_place_exists() -> None:
    assert sorted(set(RANKS) - set(MODULES)) == []
