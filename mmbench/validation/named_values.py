"""Validation of named values: keys of YAML files, and options of functions.

All errors are reported at once: unknown names, missing names, and values of the wrong type.
"""

from __future__ import annotations

import datetime
import inspect
from collections.abc import Callable, Collection, Iterable, Mapping
from types import UnionType
from typing import Any, Literal, NamedTuple, TypeVar, Union, get_args, get_origin, get_type_hints

import msgspec

from mmbench.errors import SpecError, UnknownName, UserError
from mmbench.validation.type_faults import type_fault

S = TypeVar("S", bound=msgspec.Struct)

_PLAIN = (str, int, float, bool, type(None), Any, object, list, tuple, dict)
_VARIADIC = (inspect.Parameter.VAR_POSITIONAL, inspect.Parameter.VAR_KEYWORD)


def as_struct(raw: Mapping[str, object], kind: type[S], where: str, hint: str = "") -> S:
    """Convert a mapping from a YAML file to a msgspec Struct.

    `where` is the file or the option that error messages name; `hint` is advice on missing keys.
    Raises UnknownName if a single unknown key is the only error, else SpecError.
    """
    fields = {field.encode_name: field for field in msgspec.structs.fields(kind)}
    required = [name for name, field in fields.items() if field.required]
    lacking = f"; {hint}" if hint else ""
    _refuse_names(
        f"key of {where}",
        raw,
        fields,
        required,
        lambda names: SpecError(f"{where}: missing {_counted('key', names)}{lacking}"),
    )
    try:
        return msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        faults = [type_fault(name, raw[name], fields[name].type) for name in raw]
        raise SpecError(f"{where}: {'; '.join(filter(None, faults)) or error}") from error


def checked_options(
    function: Callable[..., object],
    raw: Mapping[str, object],
    what: str,
    reserved: Collection[str],
    missing: Callable[[list[str]], UserError],
) -> dict[str, object]:
    """Check options against the parameters of a function, and convert them to its type hints.

    Numbers are converted to strings where a string is expected. Messages start with `what`
    ("option of data source hf"). Parameters in `reserved` are not options. `missing` returns the
    error for required options that are missing. Only type hints that consist of strings, numbers,
    lists and mappings are checked. Raises UnknownName if a single unknown option is the only error,
    the error of `missing`, or SpecError.
    """
    options = function_options(function, reserved)
    parameters = inspect.signature(function).parameters.values()
    free = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    required = [name for name, one in options.items() if one.default is inspect.Parameter.empty]
    known = {*options} | (set(raw) if free else set())
    _refuse_names(what, raw, known, required, missing)
    hints = {name: one.hint for name, one in options.items()}
    typed = {name: hints[name] for name in raw if name in hints and _checkable(hints[name])}
    values = {name: as_typed(value, typed[name]) for name, value in raw.items() if name in typed}
    faults = [type_fault(name, values[name], typed[name], what) for name in values]
    if any(faults):
        raise SpecError("; ".join(filter(None, faults)))
    return {**raw, **values}


class Option(NamedTuple):
    """An option of a function: its type hint (None if unknown), its default, and its group.

    The default is `inspect.Parameter.empty` if there is none. `group` is the parameter that takes
    the option as a field of a msgspec Struct, "" if the option is a parameter itself.
    """

    hint: object
    default: object
    group: str = ""


def function_options(
    function: Callable[..., object], reserved: Collection[str] = ()
) -> dict[str, Option]:
    """Return the options of a function by name: its parameters other than `reserved` ones.

    A parameter whose type is a msgspec Struct stands for the fields of the Struct.
    """
    hints = _hints(function)
    options: dict[str, Option] = {}
    for name, parameter in inspect.signature(function).parameters.items():
        if name in reserved or parameter.kind in _VARIADIC:
            continue
        hint = hints.get(name)
        if inspect.isclass(hint) and issubclass(hint, msgspec.Struct):
            options |= {
                field.name: Option(field.type, _field_default(field), name)
                for field in msgspec.structs.fields(hint)
            }
        else:
            options[name] = Option(hint, parameter.default)
    return options


def grouped_options(
    function: Callable[..., object], values: Mapping[str, object]
) -> dict[str, object]:
    """Return checked options as the arguments of a function.

    Options that are fields of a Struct are combined into the Struct. Raises what the Struct raises
    for values that it does not accept.
    """
    options = function_options(function)
    arguments: dict[str, object] = {}
    groups: dict[str, dict[str, object]] = {}
    for name, value in values.items():
        if group := options[name].group if name in options else "":
            groups.setdefault(group, {})[name] = value
        else:
            arguments[name] = value
    hints = _hints(function)
    for group, fields in groups.items():
        kind: Any = hints[group]
        arguments[group] = kind(**fields)
    return arguments


def _field_default(field: msgspec.structs.FieldInfo) -> object:
    if field.default is not msgspec.NODEFAULT:
        return field.default
    if field.default_factory is not msgspec.NODEFAULT:
        return field.default_factory()
    return inspect.Parameter.empty


def as_typed(value: object, hint: object) -> object:
    """Convert numbers and dates in a value to strings, if the type hint requires strings."""
    if not type_fault("", value, hint):
        return value
    texts = _with_texts(value)
    return value if type_fault("", texts, hint) else texts


def _refuse_names(
    what: str,
    names: Iterable[str],
    known: Collection[str],
    required: Iterable[str],
    missing: Callable[[list[str]], UserError],
) -> None:
    """Raise one error for all unknown and missing names."""
    names = list(names)
    faults: list[UserError] = [
        UnknownName(what, str(name), known) for name in names if name not in known
    ]
    absent = [name for name in required if name not in names]
    faults += [missing(absent)] if absent else []
    if len(faults) == 1:
        raise faults[0]
    if faults:
        raise SpecError("; ".join(map(str, faults)))


def _counted(noun: str, names: list[str]) -> str:
    return f"{noun}{'s' if len(names) > 1 else ''} {', '.join(names)}"


def _with_texts(value: object) -> object:
    if isinstance(value, Mapping):
        return {_with_texts(key): _with_texts(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_with_texts(one) for one in value]
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    is_date = type(value) is datetime.date
    return str(value) if is_number or is_date else value


def _hints(function: Callable[..., object]) -> dict[str, object]:
    """Return the type hints of a function or a constructor; {} if they cannot be resolved."""
    try:
        return get_type_hints(function.__init__ if inspect.isclass(function) else function)
    except (NameError, TypeError, AttributeError):  # names imported for type checkers only
        return {}


def _checkable(hint: object) -> bool:
    """Return whether a type hint consists of plain types, which msgspec can check."""
    origin = get_origin(hint)
    if origin is None or origin is Literal:
        return hint in _PLAIN or origin is Literal
    inside = all(arg is ... or _checkable(arg) for arg in get_args(hint))
    is_container = origin in _PLAIN or (inspect.isclass(origin) and issubclass(origin, Collection))
    return inside and (origin in (Union, UnionType) or is_container)
