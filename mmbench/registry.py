"""Names and the things behind them. Listing a name imports nothing; using it imports its module.

Built-ins are a table of "module:attribute". Plugins are entry points of the groups
`mmbench.models`, `mmbench.tasks`, `mmbench.metrics`, `mmbench.data`, `mmbench.kinds` and
`mmbench.outputs`, or a file given with `--plugin`, whose `@mmbench.register(KIND, NAME)` decorators
run when it is loaded. Two things under one name is an error that shows both.
"""

from __future__ import annotations

import functools
import importlib
import importlib.util
import inspect
import re
import sys
from collections.abc import Callable, Mapping
from functools import cache, partial, wraps
from pathlib import Path
from types import ModuleType
from typing import TYPE_CHECKING, Any, NamedTuple, TypeVar

from msgspec import structs

from mmbench.builtin import TABLES
from mmbench.errors import UnknownName, UserError
from mmbench.protocols import Metric, MetricInfo, SourceInfo
from mmbench.validation.regular_files import read_regular

if TYPE_CHECKING:
    from importlib.metadata import Distribution

    from mmbench.types import Score

T = TypeVar("T")

KINDS = ("model", "task", "metric", "data", "kind", "outputs")
_GROUPS = {
    "model": "mmbench.models",
    "task": "mmbench.tasks",
    "metric": "mmbench.metrics",
    "data": "mmbench.data",
    "kind": "mmbench.kinds",
    "outputs": "mmbench.outputs",
}

# What the name of a metric leaves open: a number (`@k`, `@n`), a name, one of several (`[a|b]`), or
# one of the names that the metric's attribute `check_argument` knows (`[CLASS]`).
_TAKES = re.compile(
    r"@(?P<number>[kn])$|@(?P<name>[a-z]{2,})$|\[(?P<open>[A-Z]+)\]$|\[(?P<variants>[^\]]+)\]$"
)


class Plugin(NamedTuple):
    """A thing that mmbench does not bring: who does, from which plugin file or package.

    `file` and `package` are both None for what a running program has registered. `module` is where
    it was registered from: two plugin files of one name have modules of one name.
    """

    thing: Any
    owner: str
    file: Path | None = None
    package: Distribution | None = None
    module: ModuleType | None = None


_plugins: dict[str, dict[str, Plugin]] = {kind: {} for kind in KINDS}
_loading: list[Path] = []  # the plugin file whose decorators are running
_begun: set[Path] = set()  # the plugin files of this process, though their import may have failed
_loaded: dict[Path, bytes] = {}  # the plugin files of this process, as they were loaded


def register(kind: str, name: str) -> Callable[[T], T]:
    """Decorate a model class, a metric, a data source or a kind to put it under a name.

    `kind` is one of model, task, metric, data, kind, outputs (for a task the decorated value is the
    path of its YAML file). Raises UserError when the name is taken, naming both owners, and for
    what can be no such thing.
    """
    if kind not in KINDS:
        raise UserError(f"mmbench.register: unknown kind {kind!r}: it is one of {', '.join(KINDS)}")
    if not isinstance(name, str) or not name:
        raise UserError(f"mmbench.register: {name!r} is no name of a {kind}: give a text")

    def put(thing: T) -> T:
        _check_thing(kind, name, thing)
        inner: Any = thing.func if isinstance(thing, functools.partial) else thing
        owner = getattr(inner, "__module__", "a plugin")
        file = _loading[-1] if _loading else None
        _claim(kind, name, Plugin(thing, owner, file, module=sys.modules.get(owner)))
        return thing

    return put


def _check_thing(kind: str, name: str, thing: object) -> None:
    """Refuse what is no thing of its kind; classes of models are checked when one is found."""
    fits = isinstance(thing, str | Path) if kind == "task" else callable(thing) or kind == "model"
    if kind == "metric" and re.search("@[a-z]$", name) and not _TAKES.search(name):
        raise UserError(f"metric {name}: only @k and @n take a number: name it {name[:-1]}k")
    if kind == "outputs" and name != name.lower():
        raise UserError(f"outputs {name}: extensions are compared in lower case: {name.lower()!r}")
    if not fits:
        wanted = "the path of its YAML file" if kind == "task" else "a function or a class"
        raise UserError(f"{kind} {name} is registered as a {type(thing).__name__}: give {wanted}")


def _claim(kind: str, name: str, plugin: Plugin) -> None:
    taken = _plugins[kind].get(name)
    other = taken.owner if taken else TABLES[kind].get(name, (None,))[0]
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
    _begun.add(file)
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
    places: dict[Path, dict[str, Any]] = {file: {} for file in _begun}
    for kind, plugins in _plugins.items():
        for name, plugin in plugins.items():
            place = plugin.file or _place(plugin)
            if place is not None:
                places.setdefault(place, {})[f"{kind} {name}"] = plugin.thing
    return places


def _place(plugin: Plugin) -> Path | None:
    """Return the file or the folder of a plugin's code, None where it is not known."""
    if plugin.package is None:
        file = getattr(plugin.module, "__file__", None)
        return Path(file).resolve() if file else None
    found = importlib.util.find_spec(plugin.thing.module.partition(".")[0])
    if found is None or not found.origin:
        return None
    file = Path(found.origin).resolve()
    return file.parent if found.submodule_search_locations else file


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
    """The thing behind a name. Raises UnknownName with the near ones."""
    _entry_points()
    if name in _plugins[kind]:
        return _imported(kind, name, _plugins[kind][name])
    if name not in TABLES[kind]:
        raise UnknownName(kind, name, names(kind), f"`mmbench list {_plural(kind)}` shows all")
    module, _, attribute = TABLES[kind][name][0].partition(":")
    return getattr(importlib.import_module(module), attribute)


def _imported(kind: str, name: str, plugin: Plugin) -> Any:
    thing = plugin.thing
    if not (hasattr(thing, "load") and hasattr(thing, "group")):  # an entry point
        return thing
    try:
        loaded = thing.load()
    except (ImportError, AttributeError, SyntaxError) as error:
        reason = " ".join(str(error).split())
        raise UserError(
            f"{kind} {name} of the package {plugin.owner} does not import: {reason}"
        ) from error
    _check_thing(kind, name, loaded)
    return loaded


def metric(name: str) -> tuple[Metric, int | str | None]:
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
            function = lookup("metric", form)
            check = _info(function).check_argument
            if check is not None:
                check(str(argument))
            return function, argument
    family, at, model = name.partition("@")
    if at and model and family in known and _info(lookup("metric", family)).wants:
        return _by_model(lookup("metric", family), model), None
    raise _unknown_metric(name)


def metric_info(name: str) -> MetricInfo:
    """Return what a metric declares, without running it; nothing where it declares nothing.

    `name` is that of a metric, `recall@10`, or the form that it is registered under, `recall@k`.
    The request of `clipscore@clip-nano` names that model. Raises UnknownName.
    """
    return _info(lookup("metric", name) if name in names("metric") else metric(name)[0])


def _info(function: object) -> MetricInfo:
    info = getattr(function, "info", None)
    return info if isinstance(info, MetricInfo) else MetricInfo()


def source_info(name: str) -> SourceInfo:
    """Return what a data source declares, without running it; see `declare_source`.

    Raises UnknownName.
    """
    info: SourceInfo = getattr(lookup("data", name), "info", SourceInfo())
    return info


def with_options(name: str, function: Metric, options: Mapping[str, object]) -> Metric:
    """Return a metric's function with its options, which a task gives in `metric_options`.

    A function that takes options has a keyword-only parameter `options`, a mapping; it always gets
    one. Raises UserError for options of a function that takes none.
    """
    if "options" in inspect.signature(function).parameters:
        return partial(function, options=options)
    if options:
        raise UserError(
            f"metric {name} takes no options, and {', '.join(options)} is given: take {name} out of"
            " the task's metric_options"
        )
    return function


def check_options(name: str, options: Mapping[str, object]) -> None:
    """Refuse options that a metric does not take, or lacks. Raises UserError."""
    function, argument = metric(name)
    with_options(name, function, options)
    check = _info(function).check_options
    if check is not None:
        check(str(argument), options)


def check_metric(name: str, kind: str, options: Mapping[str, object] | None = None) -> None:
    """Refuse a metric that nobody has, and one that measures other kinds of tasks.

    Refuse also `options` that it does not take. Predictions of a plugin's kind may be like those of
    any other. Raises UnknownName and UserError.
    """
    check_options(name, options or {})
    kinds = metric_info(name).kinds
    like_any = kind not in TABLES["kind"] and bool(kinds & TABLES["kind"].keys())
    if kinds and kind not in kinds and not like_any:
        raise UserError(
            f"metric {name} measures tasks of kind {' and '.join(sorted(kinds))}, not {kind}:"
            " leave it out of the task's metrics"
        )


def _by_model(function: Metric, model: str) -> Metric:
    """A metric that wants a model, with another one than its own."""

    @wraps(function)
    def other(predictions: Any, *, features: Any) -> Score:
        return function(predictions, features=features)

    info = _info(function)
    assert info.wants is not None  # which `metric` looked at
    wants = structs.replace(info.wants, model=model, options={})
    other.__dict__["info"] = structs.replace(info, wants=wants)
    return other


def _argument(form: str, name: str) -> int | str | None:
    """What `name` has in the place that `form` leaves open; None where it is not of this form."""
    takes = _TAKES.search(form)
    family = form[: takes.start()] if takes else form
    if takes is None or not name.startswith(family):
        return None
    given = name.removeprefix(family)
    if takes["open"]:
        return given[1:-1] if re.fullmatch(r"\[[^\[\]]+\]", given) else None
    if takes["variants"]:
        variant = given[1:-1]
        return variant if given == f"[{variant}]" and variant in _variants(takes) else None
    if takes["number"]:
        return int(given[1:]) if re.fullmatch("@[1-9][0-9]{0,17}", given) else None
    return given[1:] if re.fullmatch("@.+", given) else None


def _variants(takes: re.Match[str]) -> list[str]:
    return takes["variants"].split("|")


def metric_forms(name: str) -> list[str]:
    """Return the registered metrics that a bare name stands for: of `wer` or `recall`."""
    return [form for form in names("metric") if _TAKES.sub("", form) == name]


def written_forms(form: str) -> list[str]:
    """Return how a registered metric is written: `wer[none]`, `wer[basic]`; `recall@k`."""
    takes = _TAKES.search(form)
    if takes is None or not takes["variants"]:
        return [form]
    return [f"{form[: takes.start()]}[{variant}]" for variant in _variants(takes)]


def _unknown_metric(name: str) -> UnknownName:
    forms = metric_forms(re.split(r"[@\[]", name)[0])
    if not forms:
        known = names("metric")
        known += [_TAKES.sub("", form) for form in known if written_forms(form) != [form]]
        return UnknownName("metric", name, known, "`mmbench list metrics` shows all")
    ways = [way for form in forms for way in written_forms(form)]
    takes = [match["number"] for form in forms if (match := _TAKES.search(form))]
    numbers = [f"{letter} is a whole number from 1" for letter in takes if letter]
    return UnknownName("metric", name, ways, "; ".join(numbers))


def _plural(kind: str) -> str:
    return kind if kind in ("data", "outputs") else f"{kind}s"


def plugin(kind: str, name: str) -> Plugin | None:
    """Return where the thing behind a name comes from, None for what mmbench brings itself."""
    _entry_points()
    return _plugins[kind].get(name)
