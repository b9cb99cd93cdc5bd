"""The source of a plugin: its file, the local modules it imports, and the files named in its code.

A module is local if it belongs to the plugin's package, or if it belongs neither to the standard
library nor to mmbench nor to an installed package. Imports are found in the syntax tree, so a
module that is imported inside a function is included before it is loaded.
"""

from __future__ import annotations

import ast
import importlib.util
import sys
from collections.abc import Iterator
from functools import cache
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mmbench.plugins.source_names import file_names, imported_names
from mmbench.validation.regular_files import read_regular

MMBENCH = Path(__file__).parents[1]


class Source(NamedTuple):
    """The source of a module and of the local modules that it imports, directly or indirectly.

    `files` maps paths to bytes, in the order of imports. `names` are strings in the source that may
    be names of files: paths and patterns.
    """

    files: dict[Path, bytes]
    names: frozenset[str]


@cache
def read_source(file: Path) -> Source:
    """Read a Python file and the local modules that it imports, recursively.

    The result is cached for the process, because the process keeps the modules that it has loaded
    even if their files change. Raises OSError if a file cannot be read.
    """
    files: dict[Path, bytes] = {}
    names: set[str] = set()
    todo = [file]
    while todo:
        path = todo.pop()
        if path in files:
            continue
        files[path] = read_regular(path)
        for node in _nodes(path, files[path]):
            names |= file_names(node)
            imported = [_modules(name, file) for name in _imported(node, path)]
            todo += chain.from_iterable(imported)
    return Source(files, frozenset(names))


def _nodes(path: Path, raw: bytes) -> Iterator[ast.AST]:
    """Yield all nodes of a Python file's syntax tree; none for an extension or invalid syntax."""
    if path.suffix != ".py":
        return
    try:
        yield from ast.walk(ast.parse(raw, str(path)))
    except (SyntaxError, ValueError):  # Python cannot import the file either
        return


def _imported(node: ast.AST, path: Path) -> list[Path | str]:
    """Return the modules that a node of a syntax tree imports.

    An absolute import gives a dotted name, a relative import a path without suffix.
    """
    if isinstance(node, ast.Import):
        return [alias.name for alias in node.names]
    if not isinstance(node, ast.ImportFrom):
        return [_by_name(name, path) for name in imported_names(node)]
    names = [alias.name for alias in node.names]
    if node.level:
        base = path.parents[node.level - 1].joinpath(*(node.module or "").split("."))
        return [base, *(base / name for name in names)]
    return [node.module or "", *(f"{node.module}.{name}" for name in names)]


def _by_name(name: str, path: Path) -> Path | str:
    return path.parent.joinpath(*name[1:].split(".")) if name.startswith(".") else name


def _modules(name: Path | str, plugin: Path) -> list[Path]:
    """Return the files of a local module and of its parent packages; none for other modules."""
    if isinstance(name, Path):
        return _files(name)
    top, *rest = name.split(".")
    files: list[Path] = []
    for base in _bases(top):
        if _local(base, plugin):
            for depth in range(len(rest) + 1):
                files += _files(base.joinpath(*rest[:depth]))
    return files


def _bases(top: str) -> list[Path]:
    """Return the possible paths, without suffix, of a top-level module; nothing is imported."""
    if top in sys.stdlib_module_names:
        return []
    try:
        spec = importlib.util.find_spec(top)
    except (ImportError, ValueError):  # a module without a spec, such as __main__
        return []
    if spec is None:
        return []
    if spec.submodule_search_locations:
        return [Path(place) for place in spec.submodule_search_locations]
    return [Path(spec.origin).with_name(top)] if spec.origin and spec.has_location else []


def _local(base: Path, plugin: Path) -> bool:
    if base == _package(plugin):
        return True
    return base != MMBENCH and not any(base.parent.glob("*.dist-info"))


def _package(file: Path) -> Path:
    """Return the folder of the outermost package that contains a module, or the module's file."""
    place = file
    while (place.parent / "__init__.py").is_file():
        place = place.parent
    return place


def _files(base: Path) -> list[Path]:
    """Return the files of the module or package at a path without a suffix."""
    files = [base.with_name(f"{base.name}.py"), base / "__init__.py"]
    files += sorted(base.parent.glob(f"{base.name}.*.so"))
    return [path for path in files if path.is_file()]
