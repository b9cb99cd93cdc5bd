"""The registry of names. Listing names imports nothing; looking up a name imports its module.

Built-in names are in tables of "module:attribute". Plugins are entry points of the groups
`mmbench.models`, `mmbench.tasks`, `mmbench.metrics`, `mmbench.data`, `mmbench.kinds`,
`mmbench.outputs`, `mmbench.reporters`, `mmbench.trainers` and `mmbench.conformance`, or files given
with `--plugin`, which call `@mmbench.register(KIND, NAME)`. Registering a name twice is an error;
the message names both owners.
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

KINDS = tuple(TABLES)


class Plugin(NamedTuple):
    """An object that a plugin registered, with its owner and the plugin's file or package.

    `file` and `package` are both None if the running program itself registered the object. `module`
    is the module of the object; two plugin files with the same name have modules with the same
    name.
    """

    entry: Any
    owner: str
    file: Path | None = None
    package: Distribution | None = None
    module: ModuleType | None = None


_plugins: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
_loading: list[Path] = []  # the plugin files that are being imported, innermost last
_started: set[Path] = set()  # plugin files whose import began, including failed imports
_loaded: dict[Path, bytes] = {}  # the sources of loaded plugin files


def register(kind: str, name: str) -> Callable[[T], T]:
    """Return a decorator that registers an object, such as a model or a metric, under a name.

    `kind` is one of `KINDS`. For two kinds, call the decorator with a value: for `task` with the
    path of a YAML file, for `conformance` with a list of cases. Raises UserError if the name is
    taken (the message names both owners), and if the object does not fit the kind.
    """
    if kind not in KINDS:
        raise UserError(f"mmbench.register: unknown kind {kind!r}; give one of {', '.join(KINDS)}")
    if not isinstance(name, str) or not name:
        raise UserError(
            f"mmbench.register: the {kind} name {name!r} is invalid; give a nonempty string"
        )

    def decorate(entry: T) -> T:
        _check_entry(kind, name, entry)
        inner: Any = entry.func if isinstance(entry, functools.partial) else entry
        owner = getattr(inner, "__module__", "a plugin")
        file = _loading[-1] if _loading else None
        _claim(kind, name, Plugin(entry, owner, file, module=sys.modules.get(owner)))
        return entry

    return decorate


def _check_entry(kind: str, name: str, entry: object) -> None:
    """Reject an object that does not fit its kind; model classes are checked later, before use."""
    if kind == "metric" and re.search("@[a-jlmo-z]$", name):
        raise UserError(
            f"metric {name}: a number is written @k or @n; rename the metric {name[:-1]}k"
        )
    if kind == "outputs" and name != name.lower():
        raise UserError(f"outputs {name}: extensions must be lower case; register {name.lower()!r}")
    fits, expected = callable(entry) or kind == "model", "a function or a class"
    if kind == "task":
        fits, expected = isinstance(entry, str | Path), "the path of its YAML file"
    elif kind == "conformance":
        fits, expected = isinstance(entry, list), "a list of mmbench.conformance.Case"
    if not fits:
        raise UserError(
            f"{kind} {name} is an object of type {type(entry).__name__}; register {expected}"
        )


def _claim(kind: str, name: str, plugin: Plugin) -> None:
    existing = _plugins[kind].get(name)
    other = existing.owner if existing else TABLES[kind].get(name, (None,))[0]
    if other is not None:
        raise UserError(
            f"two {_plural(kind)} are called {name!r} ({other}, {plugin.owner}); rename one"
        )
    _plugins[kind][name] = plugin


@cache
def _entry_points() -> None:
    from importlib.metadata import entry_points

    for kind in KINDS:
        for point in entry_points(group=f"mmbench.{_plural(kind)}"):
            owner = f"{point.dist.name if point.dist else point.value}"
            _claim(kind, point.name, Plugin(point, owner, package=point.dist))


def load_plugin(path: str) -> None:
    """Import a plugin file, which runs its `register` decorators.

    Raises UserError if the file does not exist, is not Python, or has changed since this process
    loaded it. Errors raised by the plugin's code are not caught.
    """
    file = Path(path).resolve()
    if not file.is_file() or file.suffix != ".py":
        raise UserError(f"--plugin {path}: no such Python file")
    source = read_regular(file)
    if file in _loaded:
        if _loaded[file] != source:
            raise UserError(
                f"--plugin {path}: the file has changed since it was loaded; start a new process"
            )
        return
    name = f"mmbench_plugin_{file.stem}"
    spec = importlib.util.spec_from_file_location(name, file)
    assert spec is not None  # the file has the suffix .py
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    _loading.append(file)
    _started.add(file)
    try:
        spec.loader.exec_module(module)
    except SyntaxError as error:
        raise UserError(f"--plugin {path}: the file cannot be imported: {error}") from error
    finally:
        _loading.pop()
    _loaded[file] = source


def plugin_files() -> dict[Path, bytes]:
    """Return the plugin files that this process has loaded, with their sources, in order."""
    return dict(_loaded)


def plugin_places() -> dict[Path, dict[str, Any]]:
    """Return {plugin file or package folder: its registered objects by name}.

    Plugin files that are being imported are included, even if they register nothing.
    """
    places: dict[Path, dict[str, Any]] = {file: {} for file in _started}
    for kind, plugins in _plugins.items():
        for name, plugin in plugins.items():
            place = plugin.file or _place(plugin)
            if place is not None:
                places.setdefault(place, {})[f"{kind} {name}"] = plugin.entry
    return places


def _place(plugin: Plugin) -> Path | None:
    """Return the file or the package folder of a plugin's code, None if unknown."""
    if plugin.package is None:
        file = getattr(plugin.module, "__file__", None)
        return Path(file).resolve() if file else None
    spec = importlib.util.find_spec(plugin.entry.module.partition(".")[0])
    if spec is None or not spec.origin:
        return None
    file = Path(spec.origin).resolve()
    return file.parent if spec.submodule_search_locations else file


def names(kind: str) -> list[str]:
    """Return the sorted names of a kind, without importing their modules."""
    _entry_points()
    return sorted({*TABLES[kind], *_plugins[kind]})


def summary(kind: str, name: str) -> str:
    """Return the one-line description of a name; for a plugin, its owner."""
    if name in TABLES[kind]:
        return TABLES[kind][name][1]
    return f"from {_plugins[kind][name].owner}"


def lookup(kind: str, name: str) -> Any:
    """Return the object with this name. Raises UnknownName, which suggests similar names."""
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
            f"{kind} {name} of the package {plugin.owner} cannot be imported: {reason}"
        ) from error
    _check_entry(kind, name, loaded)
    return loaded


def source_info(name: str) -> SourceInfo:
    """Return the declaration of a data source without running it; see `declare_source`.

    Raises UnknownName.
    """
    info: SourceInfo = getattr(lookup("data", name), "info", SourceInfo())
    return info


def _plural(kind: str) -> str:
    return kind if kind in ("data", "outputs", "conformance") else f"{kind}s"


def plugin(kind: str, name: str) -> Plugin | None:
    """Return the plugin that registered a name, None for a built-in name."""
    _entry_points()
    return _plugins[kind].get(name)
