"""Names and the things behind them. Listing a name imports nothing; using it imports its module.

Built-ins are a table of "module:attribute". Plugins are entry points of the groups
`mmbench.models`, `mmbench.tasks`, `mmbench.metrics`, `mmbench.data`, `mmbench.kinds`,
`mmbench.outputs`, `mmbench.trainers` and `mmbench.conformance`, or a file given with `--plugin`,
whose `@mmbench.register(KIND, NAME)` decorators run when it is loaded. Two things under one name is
an error that shows both.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import re
import sys
from collections.abc import Callable
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from mmbench.builtin import TABLES
from mmbench.errors import UnknownName, UserError
from mmbench.protocols import SourceInfo
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from importlib.metadata import Distribution


T = TypeVar("T")

KINDS = ("model", "task", "metric", "data", "kind", "outputs", "trainer", "conformance")
_GROUPS = {
    "model": "mmbench.models",
    "task": "mmbench.tasks",
    "metric": "mmbench.metrics",
    "data": "mmbench.data",
    "kind": "mmbench.kinds",
    "outputs": "mmbench.outputs",
    "trainer": "mmbench.trainers",
    "conformance": "mmbench.conformance",
}


class Plugin(NamedTuple):
    """A entry that mmbench does not bring: who does, from which plugin file or package.

    `file` and `package` are both None for what a running program has registered. `module` is where
    it was registered from: two plugin files of one name have modules of one name.
    """

    entry: Any
    owner: str
    file: Path | None = None
    package: Distribution | None = None
    module: ModuleType | None = None


_plugins: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
_loading: list[Path] = []  # the plugin file whose decorators are running
_started: set[Path] = set()  # the plugin files of this process, though their import may have failed
_loaded: dict[Path, bytes] = {}  # the plugin files of this process, as they were loaded


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorate a model class, a metric, a data source, a kind or a trainer to put it under a name.

    `kind` is one of `KINDS`. Two of them are called with a value: `task` with the path of a YAML
    file, `conformance` with a list of cases. Raises UserError when the name is taken, naming both
    owners, and for what can be no such entry.
    """
    if kind not in KINDS:
        raise UserError(f"mmbench.register: unknown kind {kind!r}: it is one of {', '.join(KINDS)}")
    if not isinstance(name, str) or not name:
        raise UserError(f"mmbench.register: {name!r} is no name of a {kind}: give a text")

    def decorate(entry: T) -> T:
        _check_entry(kind, name, entry)
        inner: Any = entry.func if isinstance(entry, functools.partial) else entry
        owner = getattr(inner, "__module__", "a plugin")
        file = _loading[-1] if _loading else None
        _claim(kind, name, Plugin(entry, owner, file, module=sys.modules.get(owner)))
        return entry

    return decorate


def _check_entry(kind: str, name: str, entry: object) -> None:
    """Refuse what is no entry of its kind; classes of models are checked when one is found."""
    if kind == "metric" and re.search("@[a-jlmo-z]$", name):
        raise UserError(f"metric {name}: only @k and @n take a number: name it {name[:-1]}k")
    if kind == "outputs" and name != name.lower():
        raise UserError(f"outputs {name}: extensions are compared in lower case: {name.lower()!r}")
    fits, expected = callable(entry) or kind == "model", "a function or a class"
    if kind == "task":
        fits, expected = isinstance(entry, str | Path), "the path of its YAML file"
    elif kind == "conformance":
        fits, expected = isinstance(entry, list), "a list of mmbench.conformance.Case"
    if not fits:
        raise UserError(f"{kind} {name} is registered as a {type(entry).__name__}: give {expected}")


def _claim(kind: str, name: str, plugin: Plugin) -> None:
    existing = _plugins[kind].get(name)
    other = existing.owner if existing else TABLES[kind].get(name, (None,))[0]
    if other is not None:
        raise UserError(
            f"two {_plural(kind)} are named {name!r}: {other} and {plugin.owner}; rename one"
        )
    _plugins[kind][name] = plugin


@cache
def _entry_points() -> None:
    from importlib.metadata import entry_points

    for kind, group in _GROUPS.items():
        for point in entry_points(group=group):
            owner = f"{point.dist.name if point.dist else point.value}"
            _claim(kind, point.name, Plugin(point, owner, package=point.dist))


def load_plugin(path: str) -> None:
    """Run a plugin file, so that its `register` decorators take effect.

    Raises UserError when the file does not exist, is no Python, or has changed since this process
    loaded it, and what the file raises.
    """
    file = Path(path).resolve()
    if not file.is_file() or file.suffix != ".py":
        raise UserError(f"--plugin {path}: no such Python file")
    source = read_regular(file)
    if file in _loaded:
        if _loaded[file] != source:
            raise UserError(
                f"--plugin {path}: has changed since it was loaded: start a new process"
            )
        return
    name = f"mmbench_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # of a file that ends with .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _loading.append(file)
    _started.add(file)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"--plugin {path}: does not import: {error}") from error
    finally:
        _loading.pop()
    _loaded[file] = source


def plugin_places() -> dict[Path, dict[str, Any]]:
    """Return the files and package folders of plugins, each with what it registers by name.

    A plugin file is among them while it is imported, whether or not it registers anything.
    """
    places: dict[Path, dict[str, Any]] = {file: {} for file in _started}
    for kind, plugins in _plugins.items():
        for name, plugin in plugins.items():
            place = plugin.file or _place(plugin)
            if place is not None:
                places.setdefault(place, {})[f"{kind} {name}"] = plugin.entry
    return places


def _place(plugin: Plugin) -> Path | None:
    """Return the file or the folder of a plugin's code, None where it is not known."""
    if plugin.package is None:
        file = getattr(plugin.module, "__file__", None)
        return Path(file).resolve() if file else None
    spec = importlib.util.find_spec(plugin.entry.module.partition(".")[0])
    if spec is None or not spec.origin:
        return None
    file = Path(spec.origin).resolve()
    return file.parent if spec.submodule_search_locations else file


def names(kind: str) -> list[str]:
    """All names of a kind, sorted. Imports none of them."""
    _entry_points()
    return sorted({*TABLES[kind], *_plugins[kind]})


def summary(kind: str, name: str) -> str:
    """One line about a name; for a plugin, who brought it."""
    if name in TABLES[kind]:
        return TABLES[kind][name][1]
    return f"from {_plugins[kind][name].owner}"


def lookup(kind: str, name: str) -> Any:
    """The entry behind a name. Raises UnknownName with the near ones."""
    _entry_points()
    if name in _plugins[kind]:
        return _imported(kind, name, _plugins[kind][name])
    if name not in TABLES[kind]:
        raise UnknownName(kind, name, names(kind), f"`mmbench list {_plural(kind)}` shows all")
    module, _, attribute = TABLES[kind][name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _imported(kind: str, name: str, plugin: Plugin) -> Any:
    entry = plugin.entry
    if not (hasattr(entry, "load") and hasattr(entry, "group")):  # an entry point
        return entry
    try:
        loaded = entry.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{kind} {name} of the package {plugin.owner} does not import: {reason}"
        ) from error
    _check_entry(kind, name, loaded)
    return loaded


def source_info(name: str) -> SourceInfo:
    """Return what a data source declares, without running it; see `declare_source`.

    Raises UnknownName.
    """
    info: SourceInfo = getattr(lookup("data", name), "info", SourceInfo())
    return info


def _plural(kind: str) -> str:
    return kind if kind in ("data", "outputs", "conformance") else f"{kind}s"


def plugin(kind: str, name: str) -> Plugin | None:
    """Return where the entry behind a name comes from, None for what mmbench brings itself."""
    _entry_points()
    return _plugins[kind].get(name)
