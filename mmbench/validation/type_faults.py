"""Errors in the types of values, in the words of YAML: "seed must be an integer, not 'x'"."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Literal, get_args, get_origin

import msgspec

from mmbench.errors import UnknownName

_TYPE = re.compile(r"Expected `([^`]+)`(.*), got `?([^`]+)`?")
_UNKNOWN = re.compile(r"Object contains unknown field `(.*)`")
_MISSING = re.compile(r"Object missing required field `(.*)`")
_WORDS = {
    "int": "an integer",
    "float": "a number",
    "str": "a string",
    "bool": "true or false",
    "array": "a list",
    "object": "a mapping",
    "null": "null",
}
_LONGEST = 60  # longer values are shortened to this many characters


def type_fault(name: str, value: object, hint: object, what: str = "") -> str:
    """Return the reason why a value does not fit its type hint; "" if it fits.

    `name` is the key or the option of the value. `what` says what the name stands for ("option of
    model api"); without it, the message begins with the name.
    """
    noun, _, owner = what.partition(" of ")
    try:
        msgspec.convert(value, hint)
    except msgspec.ValidationError as error:
        reason, _, place = str(error).partition(" - at `$")
        place = place.removesuffix("`")
        subject = f"{noun} {name}{place} of {owner}" if owner else f"{what} {name}{place}".strip()
        return _in_words(reason, subject, *_inside(value, hint, place))
    except UnicodeEncodeError:  # a byte on the command line is not UTF-8
        return f"{what} {name}: {value!r} is not valid Unicode".strip()
    return ""


def _in_words(reason: str, subject: str, value: object, hint: object) -> str:
    """Return a reason of msgspec in words. `value` and `hint` are those at the place of the fault.

    They are None if they could not be found.
    """
    if match := _TYPE.fullmatch(reason):
        names, limits, got = match.groups()
        words = [
            _WORDS.get(one, one) for one in names.split(" | ") if one != "null" or names == one
        ]
        given = _WORDS.get(got, got) if value is None else _shown(value)
        return f"{subject} must be {' or '.join(words)}{limits}, not {given}"
    if match := _UNKNOWN.fullmatch(reason):
        fields = [field.encode_name for field in _fields(hint)]
        return str(UnknownName(f"key of {subject}", match[1], fields))
    if match := _MISSING.fullmatch(reason):
        return f"{subject}: missing key {match[1]}"
    if get_origin(hint) is Literal and value is not None:
        choices = ", ".join(map(str, get_args(hint)))
        return f"{subject} must be one of {choices}, not {_shown(value)}"
    return f"{subject}: {reason}"


def _inside(value: Any, hint: Any, place: str) -> tuple[Any, Any]:
    """Return the value and the type hint at a place such as `.stop[0]`; None if not found.

    msgspec writes `[...]` for the values of a mapping.
    """
    for key, index in re.findall(r"\.([^.\[]+)|\[([^\]]+)\]", place):
        if isinstance(value, Mapping):
            value = value.get(key)
        else:
            value = value[int(index)] if index.isdigit() and value is not None else None
        hint = _hint_inside(hint, key)
    return value, hint


def _hint_inside(hint: Any, key: str) -> Any:
    """Return the type hint of a field of a Struct, or with "" of the values of a container."""
    if not key:
        kinds = [hint, *get_args(hint)]  # those of a union are its arguments
        containers = [kind for kind in kinds if get_origin(kind) in (list, tuple, dict)]
        if not containers:
            return None
        return get_args(containers[0])[-1 if get_origin(containers[0]) is dict else 0]
    return next((field.type for field in _fields(hint) if field.encode_name == key), None)


def _fields(hint: Any) -> tuple[msgspec.structs.FieldInfo, ...]:
    """Return the fields of a Struct or of the Struct in a union; () for another hint."""
    structs = [kind for kind in (hint, *get_args(hint)) if hasattr(kind, "__struct_fields__")]
    return msgspec.structs.fields(structs[0]) if structs else ()


def _shown(value: object) -> str:
    """Return a value as it would be written in YAML; lists and mappings by their type."""
    if isinstance(value, list | tuple):
        return "a list"
    if isinstance(value, Mapping):
        return "a mapping"
    if isinstance(value, bool):
        return str(value).lower()
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"
