"""Parsing of untrusted JSON and YAML with a limit on nesting, `MAX_NESTING`.

Without a limit, deep nesting can crash the interpreter: PyYAML's C code overflows the stack, and
code that walks through the value exceeds Python's recursion limit.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import cache
from typing import TYPE_CHECKING, TypeAlias, TypeVar, overload

import msgspec
import msgspec.inspect

from mmbench.surrogates import escape_all

if TYPE_CHECKING:
    from yaml.events import Event

MAX_NESTING = 100
MAX_YAML_VALUES = 1_000_000  # with every alias expanded

_TOO_DEEP = f"values are nested more than {MAX_NESTING} deep"

_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*+"?', re.DOTALL)
_NO_BRACKETS = bytes(set(range(256)) - set(b"[]{}"))

# The descriptions of Any and object by msgspec.
_OPEN_TYPES = ("AnyType()", repr(msgspec.inspect.type_info(object)))

# Exceptions of PyYAML's constructors for a value that does not fit its tag: `!!bool maybe`.
_CONSTRUCTOR_ERRORS = (ValueError, ArithmeticError, AttributeError, LookupError, TypeError)

T = TypeVar("T")

Json: TypeAlias = "bool | int | float | str | list[Json] | dict[str, Json] | None"


class TooDeep(msgspec.DecodeError):
    """The error for JSON with values nested more than `MAX_NESTING` deep."""


@overload
def parse_json(data: bytes | str) -> Json: ...


@overload
def parse_json(data: bytes | str, as_type: type[T]) -> T: ...


def parse_json(data: bytes | str, as_type: object = object) -> object:
    """Decode JSON to a type that msgspec supports.

    Raises ValueError for invalid JSON: TooDeep, another msgspec.DecodeError, or UnicodeDecodeError.
    """
    try:
        value = msgspec.json.decode(data, type=as_type)
    except RecursionError as error:
        raise TooDeep(_TOO_DEEP) from error
    if _is_open(as_type) and _is_deep(value):
        raise TooDeep(_TOO_DEEP)
    return value


@cache
def _is_open(as_type: object) -> bool:
    """Return whether a type contains Any or object, so that it does not limit the nesting of a
    value.
    """
    description = repr(msgspec.inspect.type_info(as_type))
    return any(name in description for name in _OPEN_TYPES)


def encode_json(value: object) -> bytes:
    """Encode a value as JSON, with lone surrogates in strings escaped (`escape_surrogates`)."""
    try:
        return msgspec.json.encode(value)
    except UnicodeEncodeError:
        return msgspec.json.encode(escape_all(msgspec.to_builtins(value)))


def _is_deep(value: object) -> bool:
    level = [value]
    for _ in range(MAX_NESTING):
        if not level:
            return False
        level = [
            inner
            for outer in level
            for inner in _inside(outer)
            if isinstance(inner, dict | list | msgspec.Struct)
        ]
    return bool(level)


def _inside(value: object) -> Iterable[object]:
    if isinstance(value, dict):
        return value.values()
    if isinstance(value, msgspec.Struct):
        return [getattr(value, name) for name in value.__struct_fields__]
    return value if isinstance(value, list) else ()


def refuse_deep_lines(lines: Iterable[bytes]) -> None:
    """Raise TooDeep for JSON with deep nesting, valid or not, before another library parses it.

    `lines` are the lines of the JSON file.
    """
    depth = 0
    for line in lines:
        brackets = _STRING.sub(b"", line).translate(None, delete=_NO_BRACKETS)
        opened = brackets.count(b"[") + brackets.count(b"{")
        if depth + opened > MAX_NESTING and _deepest(brackets, depth) > MAX_NESTING:
            raise TooDeep(_TOO_DEEP)
        depth = max(0, depth + 2 * opened - len(brackets))


def _deepest(brackets: bytes, depth: int) -> int:
    deepest = depth
    for bracket in brackets:
        depth += 1 if bracket in b"[{" else -1
        deepest = max(deepest, depth)
    return deepest


def parse_yaml(text: str) -> object:
    """Parse YAML to plain values.

    Raises ValueError with a one-line message for invalid YAML, values nested too deep, aliases that
    expand to more than `MAX_YAML_VALUES` values, and aliases inside their own value.
    """
    import yaml

    loader = getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        _check_events(yaml.parse(text, Loader=loader))
        return yaml.load(text, Loader=loader)
    except yaml.YAMLError as error:
        where = str(error).replace('in "<unicode string>", ', "in ")
        raise ValueError(f"not valid YAML: {' '.join(where.split())}") from error
    except _Refused:
        raise
    except _CONSTRUCTOR_ERRORS as error:
        raise ValueError(f"not valid YAML: a value does not fit its tag ({error})") from error


class _Refused(ValueError):
    """The error for YAML that exceeds a limit."""


def _check_events(events: Iterable[Event]) -> None:
    """Raise _Refused for YAML with more parsing events than a limit.

    Events are checked because parsing to events needs no recursion.
    """
    from yaml import events as kinds

    values = 0
    sizes: dict[str | None, int] = {}  # anchor → number of values in the anchored value
    unfinished: list[tuple[str | None, int]] = []  # anchor, number of values before the anchor
    for event in events:
        if isinstance(event, kinds.CollectionStartEvent):
            unfinished.append((event.anchor, values))
        if isinstance(event, kinds.AliasEvent):
            if any(anchor == event.anchor for anchor, _ in unfinished):
                raise _Refused(f"the alias *{event.anchor} is inside its own value")
            values += sizes.get(event.anchor, 1)
        elif isinstance(event, kinds.NodeEvent):
            values += 1
            sizes[event.anchor] = 1
        elif isinstance(event, kinds.CollectionEndEvent):
            anchor, before = unfinished.pop()
            if anchor:
                sizes[anchor] = values - before
        if len(unfinished) > MAX_NESTING:
            raise _Refused(_TOO_DEEP)
        if values > MAX_YAML_VALUES:
            raise _Refused(f"aliases expand to more than {MAX_YAML_VALUES:,} values")
