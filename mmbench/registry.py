"""Names and the things behind them. Listing a name imports nothing; using it imports its module.

Built-ins are a table of "module:attribute". Plugins are entry points of the groups
`mmbench.models`, `mmbench.tasks`, `mmbench.metrics`, `mmbench.data` and `mmbench.kinds`, or a file
given with `--plugin`, whose `@mmbench.register(KIND, NAME)` decorators run when it is loaded. Two
things under one name is an error that shows both.
"""

from __future__ import annotations

import importlib
import importlib.util
import re
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any, TypeVar

from msgspec import structs

from mmbench.builtin import TABLES
from mmbench.errors import UnknownName, UserError

T = TypeVar("T")

KINDS = ("model", "task", "metric", "data", "kind")
_GROUPS = {
    "model": "mmbench.models",
    "task": "mmbench.tasks",
    "metric": "mmbench.metrics",
    "data": "mmbench.data",
    "kind": "mmbench.kinds",
}

# What the name of a metric leaves open: a number (`@k`, `@n`), a name, or one of several (`[a|b]`).
_TAKES = re.compile(r"@(?P<number>[kn])$|@(?P<name>[a-z]{2,})$|\[(?P<variants>[^\]]+)\]$")

_plugins: dict[str, dict[str, tuple[Any, str]]] = {kind: {} for kind in KINDS}


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorate a model class, a metric, a data source or a kind to put it under a name.

    `kind` is one of model, task, metric, data, kind (for a task the decorated value is the path of
    its YAML file). Raises UserError when the name is taken, naming both owners.
    """

    def put(thing: T) -> T:
        _claim(kind, name, thing, getattr(thing, "__module__", "a plugin"))
        return thing

    return put


def _claim(kind: str, name: str, thing: Any, owner: str) -> None:
    taken = _plugins[kind].get(name)
    other = taken[1] if taken else TABLES[kind].get(name, (None,))[0]
    if other is not None:
        raise UserError(f"two {kind}s are named {name!r}: {other} and {owner}; rename one")
    _plugins[kind][name] = (thing, owner)


@cache
def _entry_points() -> None:
    from importlib.metadata import entry_points

    for kind, group in _GROUPS.items():
        for point in entry_points(group=group):
            _claim(kind, point.name, point, f"{point.dist.name if point.dist else point.value}")


def load_plugin(path: str) -> None:
    """Run a plugin file, so that its `register` decorators take effect.

    Raises UserError when the file does not exist or does not import.
    """
    file = Path(path).resolve()
    name = f"mmbench_plugin_{file.stem}"
    loaded = sys.modules.get(name)
    if loaded is not None and loaded.__file__ == str(file):
        return
    spec = importlib.util.spec_from_file_location(name, file)
    if not file.is_file() or spec is None or spec.loader is None:
        raise UserError(f"--plugin {path}: no such Python file")
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    try:
        spec.loader.exec_module(module)
    except (ImportError, SyntaxError) as error:
        raise UserError(f"--plugin {path}: does not import: {error}") from error


def names(kind: str) -> list[str]:
    """All names of a kind, sorted. Imports none of them."""
    _entry_points()
    return sorted({*TABLES[kind], *_plugins[kind]})


def summary(kind: str, name: str) -> str:
    """One line about a name; for a plugin, who brought it."""
    if name in TABLES[kind]:
        return TABLES[kind][name][1]
    return f"from {_plugins[kind][name][1]}"


def lookup(kind: str, name: str) -> Any:
    """The thing behind a name. Raises UnknownName with the near ones."""
    _entry_points()
    if name in _plugins[kind]:
        thing = _plugins[kind][name][0]
        return thing.load() if hasattr(thing, "load") and hasattr(thing, "group") else thing
    if name not in TABLES[kind]:
        raise UnknownName(kind, name, names(kind), f"`mmbench list {_plural(kind)}` shows all")
    module, _, attribute = TABLES[kind][name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)


def metric(name: str) -> tuple[Any, int | str | None]:
    """The metric behind a name, and its argument: of `recall@10` that of `recall@k`, and 10.

    The argument of `fid@clip` is "clip", of `wer[basic]` "basic"; `mrr` has none. What wants a
    model takes another one by its name: `clipscore@clip-nano`. Raises UnknownName.
    """
    known = names("metric")
    if name in known and not _TAKES.search(name):
        return lookup("metric", name), None
    for form in known:
        argument = _argument(form, name)
        if argument is not None:
            return lookup("metric", form), argument
    family, at, model = name.partition("@")
    if at and model and family in known and hasattr(lookup("metric", family), "wants"):
        return _by_model(lookup("metric", family), model), None
    raise UnknownName("metric", name, known, _hint(name, known))


def _by_model(function: Any, model: str) -> Any:
    """A metric that wants a model, with another one than its own."""

    def other(predictions: Any, *, features: Any) -> Any:
        return function(predictions, features=features)

    other.__dict__["wants"] = structs.replace(function.wants, model=model, options={})
    return other


def _argument(form: str, name: str) -> int | str | None:
    """What `name` has in the place that `form` leaves open; None where it is not of this form."""
    takes = _TAKES.search(form)
    family = form[: takes.start()] if takes else form
    if takes is None or not name.startswith(family):
        return None
    given = name.removeprefix(family)
    if takes["variants"]:
        variant = given[1:-1]
        return variant if given == f"[{variant}]" and variant in _variants(takes) else None
    if takes["number"]:
        return int(given[1:]) if re.fullmatch("@[1-9][0-9]*", given) else None
    return given[1:] if re.fullmatch("@.+", given) else None


def _variants(takes: re.Match[str]) -> list[str]:
    return takes["variants"].split("|")


def _hint(name: str, known: list[str]) -> str:
    family = re.split(r"[@\[]", name)[0]
    forms = [form for form in known if re.split(r"[@\[]", form)[0] == family]
    if forms:
        return f"write {' or '.join(forms)} (k and n are whole numbers from 1)"
    return "`mmbench list metrics` shows all"


def _plural(kind: str) -> str:
    return kind if kind == "data" else f"{kind}s"


def plugin_source(kind: str, name: str) -> Iterator[bytes]:
    """The source file behind a plugin's name (nothing for a built-in): part of its identity."""
    if name not in _plugins[kind]:
        return
    module = sys.modules.get(lookup(kind, name).__module__)
    if module is not None and module.__file__:
        yield Path(module.__file__).read_bytes()
