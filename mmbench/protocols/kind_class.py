"""Validation of a class that a plugin registers as a kind."""

from __future__ import annotations

from msgspec import ValidationError, convert, structs, to_builtins

from mmbench.protocols.kinds import Kind
from mmbench.types import KindOptions, TaskSpec

_METHODS = [name for name, one in vars(Kind).items() if callable(one) and not name.startswith("_")]


def class_fault(kind: object) -> str:
    """Return the reason why a class is not a valid `Kind` or has invalid `Options`; "" if it is
    valid.
    """
    if not isinstance(kind, type):
        return "it is not a class; see `A kind` in docs/plugins.md"
    if missing := [name for name in _METHODS if not callable(getattr(kind, name, None))]:
        return f"the class lacks {', '.join(missing)}; derive it from mmbench.kinds.PerSample"
    if abstract := sorted(getattr(kind, "__abstractmethods__", ())):
        return f"the class lacks {', '.join(abstract)}; see `A kind` in docs/plugins.md"
    if not isinstance(getattr(kind, "dataset", None), type):
        return "its `dataset` is not a class; give the type of its data, such as mmbench.Samples"
    baselines = getattr(kind, "baselines", ())
    if not isinstance(baselines, tuple) or "oracle" not in baselines:
        return 'its `baselines` must be a tuple with "oracle", such as ("oracle", "random")'
    no_answer = getattr(kind, "no_answer", None)
    if not isinstance(no_answer, str | None):
        return f"its `no_answer` is {no_answer!r}; give a string or None"
    return _model_fault(kind) or _options_fault(getattr(kind, "Options", KindOptions))


def _model_fault(kind: type) -> str:
    """Return the reason why a class derived from PerSample cannot request outputs; "" if it can."""
    names = getattr(kind, "sample_requests", ())
    if isinstance(names, str) or not all(isinstance(name, str) for name in names):
        return f"its `sample_requests` are {names!r}; give a tuple of names, such as ('sample',)"
    ability = getattr(kind, "ability", None)
    if ability is None:
        return ""
    if not isinstance(ability, type) or not getattr(ability, "_is_protocol", False):
        return f"its `ability` is {ability!r}; give a protocol of mmbench.protocols, such as Writes"
    return ""


def _options_fault(options: object) -> str:
    if not (isinstance(options, type) and issubclass(options, KindOptions)):
        return "its Options is not a subclass of mmbench.types.KindOptions"
    fields = structs.fields(options)
    task_keys = {field.name for field in structs.fields(TaskSpec)} | {"include"}
    if shared := sorted(task_keys & {field.name for field in fields}):
        return (
            f"its option {shared[0]!r} has the name of a key that every task has; rename the option"
        )
    names = [field.name for field in fields]
    if unknown := sorted(set(options.settings) - set(names)):
        return f"its `settings` contain {unknown[0]!r}; its options are {', '.join(names)}"
    if untyped := _untyped(options, names):
        return f"its option {untyped!r} has no type; write `{untyped}: TYPE = DEFAULT`"
    if bare := [field.name for field in fields if field.required]:
        return f"its option {bare[0]!r} has no default; add one"
    try:
        convert(to_builtins(options()), options)
    except TypeError as error:
        return f"a default of its Options cannot be written in a task file: {error}"
    except ValidationError as error:
        return f"a default of its Options does not have the declared type: {error}"
    return ""


def _untyped(options: type[KindOptions], names: list[str]) -> str:
    """Return the name of the first class attribute without a type annotation; "" if all have one.

    `names` are the attributes that have an annotation.
    """
    values = {
        name: one
        for name, one in vars(options).items()
        if not name.startswith("_") and name not in (*names, "settings")
    }
    plain = (str, int, float, list, dict, tuple, type(None))
    return next((name for name, one in values.items() if isinstance(one, plain)), "")
