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

_RETRIEVAL = "mmbench.metrics.retrieval"
_BUILTIN: dict[str, dict[str, str]] = {
    "model": {
        "clip": "mmbench.models.clip:Clip",
        "clip-nano": "mmbench.models.clip_nano:ClipNano",
    },
    "task": {},
    "metric": {
        "recall@k": f"{_RETRIEVAL}:recall",
        "mean_rank": f"{_RETRIEVAL}:mean_rank",
        "median_rank": f"{_RETRIEVAL}:median_rank",
        "mrr": f"{_RETRIEVAL}:mrr",
        "map": f"{_RETRIEVAL}:average_precision",
    },
    "data": {
        "shapes": "mmbench.data.shapes:shapes",
        "coco": "mmbench.data.coco:coco",
        "folder": "mmbench.data.folder:folder",
        "table": "mmbench.data.table:table",
        "hf": "mmbench.data.hf:hf",
    },
    "kind": {
        "retrieval": "mmbench.kinds.retrieval:Retrieval",
    },
}
_SUMMARY = {
    "clip": "any image-text model of transformers: CLIP, SigLIP, SigLIP 2, ALIGN, Chinese-CLIP",
    "clip-nano": "the reference CLIP, small, trained on the shapes world",
    "recall@k": "share of queries with a positive among the first k",
    "mean_rank": "mean rank of the best-ranked positive",
    "median_rank": "median rank of the best-ranked positive",
    "mrr": "mean reciprocal rank of the best-ranked positive",
    "map": "mean average precision over all positives",
    "shapes": "a procedural world of coloured shapes with captions",
    "coco": "COCO captions JSON or Karpathy JSON with an image folder",
    "folder": "a folder of images, each with its captions in a text file beside it",
    "table": "CSV, TSV, JSONL or Parquet with image and text columns",
    "hf": "a data set of the datasets library",
    "retrieval": "rank documents for queries, in one or both directions",
}

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
    other = taken[1] if taken else _BUILTIN[kind].get(name)
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
    return sorted({*_BUILTIN[kind], *_plugins[kind]})


def summary(kind: str, name: str) -> str:
    """One line about a name; for a plugin, who brought it."""
    if name in _BUILTIN[kind]:
        return _SUMMARY.get(name, "")
    return f"from {_plugins[kind][name][1]}"


def lookup(kind: str, name: str) -> Any:
    """The thing behind a name. Raises UnknownName with the near ones."""
    _entry_points()
    if name in _plugins[kind]:
        thing = _plugins[kind][name][0]
        return thing.load() if hasattr(thing, "load") and hasattr(thing, "group") else thing
    if name not in _BUILTIN[kind]:
        raise UnknownName(kind, name, names(kind), f"`mmbench list {_plural(kind)}` shows all")
    module, _, attribute = _BUILTIN[kind][name].partition(":")
    return getattr(importlib.import_module(module), attribute)


def metric(name: str) -> tuple[Any, int | None]:
    """The metric behind `recall@10`: the function registered as `recall@k`, and k.

    A name without `@` has no k. Raises UnknownName.
    """
    family, at, k = name.partition("@")
    if not at:
        return lookup("metric", name), None
    if not re.fullmatch("[1-9][0-9]*", k):
        raise UnknownName("metric", name, names("metric"), "k is a whole number from 1")
    known = {known.partition("@")[0] for known in names("metric") if known.endswith("@k")}
    if family not in known:
        raise UnknownName("metric", name, names("metric"), "`mmbench list metrics` shows all")
    return lookup("metric", f"{family}@k"), int(k)


def _plural(kind: str) -> str:
    return kind if kind == "data" else f"{kind}s"


def plugin_source(kind: str, name: str) -> Iterator[bytes]:
    """The source file behind a plugin's name (nothing for a built-in): part of its identity."""
    if name not in _plugins[kind]:
        return
    module = sys.modules.get(lookup(kind, name).__module__)
    if module is not None and module.__file__:
        yield Path(module.__file__).read_bytes()
