"""The reference models stand apart: nothing outside names one, and they use public interfaces."""

import ast
from importlib import import_module
from pathlib import Path

import mmbench
from mmbench.builtin import TABLES
from tests.support.documents import plugin_modules
from tests.support.paths import ROOT

PACKAGE = ROOT / "mmbench"
PUBLIC = plugin_modules()
OUTSIDE = sorted(
    {*PACKAGE.rglob("*.py")} - {*(PACKAGE / "reference").rglob("*.py"), PACKAGE / "builtin.py"}
)
INSIDE = sorted((PACKAGE / "reference").rglob("*.py"))
NAMES = {
    name
    for table in TABLES.values()
    for name, (where, _) in table.items()
    if where.startswith("mmbench.reference.")
}


def nodes_of(path: Path) -> list[ast.AST]:
    return list(ast.walk(ast.parse(path.read_text())))


def modules_imported(tree: list[ast.AST]) -> set[str]:
    """Modules of mmbench from which names are imported, or that are imported by `from mmbench`."""
    nodes = [node for node in tree if isinstance(node, ast.ImportFrom)]
    found = {node.module or "" for node in nodes}
    taken = {alias.name for node in nodes if node.module == "mmbench" for alias in node.names}
    found |= {f"mmbench.{name}" for name in taken - {*mmbench.__all__}}
    return {name for name in found if name.split(".")[0] == "mmbench"}


def texts(nodes: list[ast.AST]) -> list[str]:
    """The string constants of a module but for docstrings."""
    docstrings = {id(node.value) for node in nodes if isinstance(node, ast.Expr)}
    constants = [node for node in nodes if isinstance(node, ast.Constant)]
    return [n.value for n in constants if isinstance(n.value, str) and id(n) not in docstrings]


def named(path: Path) -> set[str]:
    """The reference models that a module names, and the modules of them that it imports."""
    nodes = nodes_of(path)
    found = {*texts(nodes), *modules_imported(nodes)}
    return {name for name in found if name in NAMES or name.startswith("mmbench.reference")}


def test_nothing_outside_reference_names_a_reference_model() -> None:
    """A name within a sentence is an example in a message; a text that is a name is a use of it."""
    assert {path: names for path in OUTSIDE if (names := named(path))} == {}
    assert any(named(path) for path in INSIDE)


def strange(path: Path) -> set[str]:
    """The modules that a module imports and that are neither public nor of reference models."""
    own = ("mmbench.reference", "mmbench.models.support.")
    imported = modules_imported(nodes_of(path))
    return {name for name in imported if not name.startswith(own)} - PUBLIC


def test_reference_models_use_public_interfaces_alone() -> None:
    assert {path: names for path in INSIDE if (names := strange(path))} == {}


def test_what_plugins_may_import_is_there() -> None:
    assert {"mmbench", "mmbench.types"} <= PUBLIC
    assert len(PUBLIC) > 10
    for name in PUBLIC:
        import_module(name)
