"""The metric classes of the package torchmetrics: their names, their modules and their options."""

from __future__ import annotations

import ast
import inspect
from collections.abc import Callable, Collection, Iterator, Mapping
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal, get_args, get_origin, get_type_hints

from mmbench.errors import Missing, SpecError, UnknownName, UserError
from mmbench.validation.named_values import checked_options

# Options that mmbench fills in for each domain of classes if a task does not set them.
FILLED: dict[str, tuple[str, ...]] = {
    "text": (),
    "classification": ("task", "num_classes", "num_labels"),
    "image": ("data_range", "normalize"),
}
# Options that mmbench adds: the name of the output, and the better direction.
_OWN: dict[str, Any] = {"output": str | int, "better": Literal["higher", "lower"]}
_NO_METRICS = ("functional", "utilities", "wrappers")  # packages without independent metrics


@cache
def class_modules() -> dict[str, str]:
    """Return {name: module} of all public metric classes, without importing torchmetrics.

    These are all classes that the `__init__` of each domain (text, image …) imports, including
    conditional imports, so that a class is known even if a package that it needs is missing. The
    result is empty if torchmetrics is not installed.
    """
    spec = find_spec("torchmetrics")
    folders = spec.submodule_search_locations if spec else None
    files = sorted(Path(folders[0]).glob("*/__init__.py")) if folders else []
    domains = [file for file in files if file.parent.name not in _NO_METRICS]
    return {name: module for file in domains for name, module in _exported(file)}


def _exported(file: Path) -> Iterator[tuple[str, str]]:
    inside = f"torchmetrics.{file.parent.name}."
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith(inside):
            yield from ((alias.name, str(node.module)) for alias in node.names)


def check_name(name: str) -> None:
    """Raise UnknownName, with similar names, if no metric class has this name."""
    if name not in class_modules():
        hint = "https://lightning.ai/docs/torchmetrics lists all classes"
        raise UnknownName("metric class of torchmetrics", name, class_modules(), hint)


def domain(name: str) -> str:
    """Return the domain of a class, such as text or image."""
    return class_modules()[name].split(".")[1]


def load_class(name: str) -> Any:
    """Import a class. Raises Missing if a package that it needs is not installed."""
    try:
        _import_package()
        return getattr(import_module(class_modules()[name]), name)
    except ImportError as error:
        raise Missing(f"torchmetrics[{name}]: {' '.join(str(error).split())}") from error


def _import_package() -> None:
    """Import torchmetrics, with a second attempt if the first fails.

    The first import fails if torch-fidelity is installed without torchvision.
    """
    try:
        import_module("torchmetrics")
    except ImportError:
        import_module("torchmetrics")


def parameters(cls: Any) -> dict[str, inspect.Parameter]:
    """Return the constructor parameters of a class by name, with resolved type hints.

    `*args` and `**kwargs` are left out.
    """
    make = cls.__new__ if "__new__" in vars(cls) else cls.__init__
    hints = get_type_hints(make)
    _, *accepted = inspect.signature(make).parameters.values()  # without self or cls
    by_name = (one for one in accepted if one.kind not in (one.VAR_KEYWORD, one.VAR_POSITIONAL))
    return {one.name: one.replace(annotation=hints.get(one.name, Any)) for one in by_name}


def typed_options(name: str, cls: Any, options: Mapping[str, Any]) -> dict[str, Any]:
    """Return the options that a task sets for a metric class, checked and converted.

    The result includes the options that mmbench adds (`output`, `better`). A list becomes a tuple
    if the class takes a tuple. Raises SpecError for an invalid option, UnknownName for an unknown
    one.
    """
    accepted = parameters(cls)
    what = f"option of metric torchmetrics[{name}]"
    stub = _stub(accepted, FILLED.get(domain(name), ()))
    values = checked_options(stub, options, what, (), lambda names: _missing_error(name, names))
    hints = {key: accepted[key].annotation for key in values if key in accepted}
    return {key: _as_accepted(value, hints.get(key, Any)) for key, value in values.items()}


def _stub(
    accepted: Mapping[str, inspect.Parameter], filled: Collection[str]
) -> Callable[..., None]:
    """Return a function with the options of a class and the options of mmbench as parameters.

    `accepted` are the constructor parameters of the class. The options in `filled`, which mmbench
    sets, are optional.
    """

    def options() -> None: ...

    keyword = inspect.Parameter.KEYWORD_ONLY
    own_parameters = [
        inspect.Parameter(one, keyword, default=None, annotation=_OWN[one]) for one in _OWN
    ]
    class_parameters = [
        one.replace(kind=keyword) for one in accepted.values() if one.name not in _OWN
    ]
    class_parameters = [
        one.replace(default=None) if one.name in filled else one for one in class_parameters
    ]
    options.__dict__["__signature__"] = inspect.Signature([*class_parameters, *own_parameters])
    options.__annotations__ = {
        one.name: one.annotation for one in (*class_parameters, *own_parameters)
    }
    return options


def _missing_error(name: str, names: list[str]) -> UserError:
    example = ", ".join(f"{option}: …" for option in names)
    return SpecError(
        f"metric torchmetrics[{name}] needs {', '.join(names)}; set in the task metric_options:"
        f' {{"torchmetrics[{name}]": {{{example}}}}}'
    )


def _as_accepted(value: Any, hint: Any) -> Any:
    return tuple(value) if isinstance(value, list) and not _mentions(hint, list) else value


def _mentions(hint: Any, kind: type) -> bool:
    """Return whether a type hint is the type `kind` or contains it."""
    own = get_origin(hint) or hint
    inside = any(_mentions(arg, kind) for arg in get_args(hint))
    return inside or (inspect.isclass(own) and issubclass(own, kind))


def refuse_models(name: str, cls: Any) -> None:
    """Raise Missing for a metric class that loads a model.

    An option gives the model as an object, a name or a path. The model would be downloaded or
    unpickled, and a signature could not identify it.
    """
    from torch.nn import Module

    for one in parameters(cls).values():
        if _mentions(one.annotation, Module) or one.name.endswith("path"):
            raise Missing(
                f"torchmetrics[{name}] loads a model (option {one.name}), which a signature cannot"
                " identify; use a metric of mmbench (see `mmbench list metrics`)"
            )
