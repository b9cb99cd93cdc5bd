"""A check of the parameters of a model's methods, before its weights are loaded."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator

from mmbench import protocols
from mmbench.engine.loading.models.resolver import Model
from mmbench.errors import ModelError

_PROTOCOLS = [vars(protocols)[name] for name in protocols.__all__]
# The methods that the engine calls if a model has them, next to those of the abilities.
_EXTRAS = ("prepare", "embed_instructed", "write_each")


def check_signatures(model: Model, methods: Iterable[str]) -> None:
    """Raise ModelError if a method of a model cannot be called with the engine's arguments.

    `methods` are the methods that a task needs. The arguments are those of the methods in
    `mmbench.protocols`, by position.
    """
    for method in (*methods, *_EXTRAS):
        static = inspect.getattr_static(model.cls, method, None)
        names = next(_parameters(method))
        is_bound = not isinstance(model.cls, type) or isinstance(static, staticmethod | classmethod)
        if not _takes(static, getattr(model.cls, method, None), len(names), is_bound=is_bound):
            written = getattr(model.cls, method)
            raise ModelError(
                f"model {model.info.name}{_place(written)}: {method} is defined as"
                f" {method}{inspect.signature(written)}, but is called with {len(names)} arguments;"
                f" write def {method}(self, {', '.join(names)})"
            )


def _parameters(method: str) -> Iterator[list[str]]:
    """Yield the names of a method's parameters without `self`, in the protocol that has it."""
    for protocol in _PROTOCOLS:
        if method in vars(protocol):
            yield [*inspect.signature(vars(protocol)[method]).parameters][1:]


def _takes(static: object, function: object, count: int, *, is_bound: bool) -> bool:
    """Return whether a method takes `count` arguments by position, besides `self`.

    Methods that are no functions, such as those of compiled classes, are not checked. `static` is
    the attribute without binding. `is_bound` says that `function` does not take `self`: it is that
    of a live object, a static method or a class method.
    """
    checked = inspect.isfunction(static) or isinstance(static, staticmethod | classmethod)
    if not checked or not callable(function):
        return True
    try:
        inspect.signature(function).bind(*range(count if is_bound else count + 1))
    except TypeError:
        return False
    except ValueError:  # a function of a compiled module
        return True
    return True


def _place(function: object) -> str:
    """Return the file and line of a method: ` (my_model.py, line 9)`; "" if they are unknown."""
    code = getattr(inspect.unwrap(function), "__code__", None) if callable(function) else None
    return f" ({code.co_filename}, line {code.co_firstlineno})" if code else ""
