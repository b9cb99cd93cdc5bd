"""Validation of values by a JSON schema, for the keywords that the tested schemas use."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

_TYPES: dict[str, Callable[[Any], bool]] = {
    "object": lambda value: isinstance(value, dict),
    "array": lambda value: isinstance(value, list),
    "string": lambda value: isinstance(value, str),
    "boolean": lambda value: isinstance(value, bool),
    "null": lambda value: value is None,
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
}
_NOTES = {"$schema", "version", "description", "default", "$defs"}  # keywords that test nothing

Schema = Mapping[str, Any]


def schema_faults(value: Any, schema: Schema) -> list[str]:
    """Return where and how a value breaks a schema (draft 7); [] for a valid value."""
    return list(_faults(value, schema, schema, "$"))


def _faults(value: Any, schema: Schema, root: Schema, at: str) -> Iterator[str]:
    for keyword, rule in schema.items():
        if keyword in _NOTES or keyword in ("then", "else"):
            continue
        yield from _KEYWORDS[keyword](value, rule, schema, root, at)


def _valid(value: Any, schema: Schema, root: Schema) -> bool:
    return not any(True for _ in _faults(value, schema, root, ""))


def _type(value: Any, rule: Any, _schema: Schema, _root: Schema, at: str) -> Iterator[str]:
    if not any(_TYPES[name](value) for name in ([rule] if isinstance(rule, str) else rule)):
        yield f"{at}: {value!r} is not of type {rule}"


def _ref(value: Any, rule: str, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    target: Any = root
    for part in rule.removeprefix("#/").split("/"):
        target = target[part]
    yield from _faults(value, target, root, at)


def _required(value: Any, rule: Any, _schema: Schema, _root: Schema, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        yield from (f"{at}: lacks {name}" for name in rule if name not in value)


def _properties(value: Any, rule: Any, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    if isinstance(value, dict):
        for name, inner in rule.items():
            if name in value:
                yield from _faults(value[name], inner, root, f"{at}.{name}")


def _additional(value: Any, rule: Any, schema: Schema, root: Schema, at: str) -> Iterator[str]:
    if not isinstance(value, dict):
        return
    for name in value.keys() - schema.get("properties", {}).keys():
        if rule is False:
            yield f"{at}: has the unknown key {name}"
        elif isinstance(rule, dict):
            yield from _faults(value[name], rule, root, f"{at}.{name}")


def _items(value: Any, rule: Any, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    if isinstance(value, list):
        for index, one in enumerate(value):
            yield from _faults(one, rule, root, f"{at}[{index}]")


def _one_of(value: Any, rule: Any, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    if (fitting := sum(_valid(value, one, root) for one in rule)) != 1:
        yield f"{at}: fits {fitting} of the alternatives instead of 1"


def _all_of(value: Any, rule: Any, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    for one in rule:
        yield from _faults(value, one, root, at)


def _if(value: Any, rule: Any, schema: Schema, root: Schema, at: str) -> Iterator[str]:
    chosen = schema.get("then" if _valid(value, rule, root) else "else")
    if chosen is not None:
        yield from _faults(value, chosen, root, at)


def _not(value: Any, rule: Any, _schema: Schema, root: Schema, at: str) -> Iterator[str]:
    if _valid(value, rule, root):
        yield f"{at}: fits what it must not fit"


def _simple(test: Callable[[Any, Any], bool]) -> Callable[..., Iterator[str]]:
    def faults(value: Any, rule: Any, _schema: Schema, _root: Schema, at: str) -> Iterator[str]:
        if not test(value, rule):
            yield f"{at}: {value!r} breaks {rule!r}"

    return faults


_KEYWORDS: dict[str, Callable[..., Iterator[str]]] = {
    "type": _type,
    "$ref": _ref,
    "required": _required,
    "properties": _properties,
    "additionalProperties": _additional,
    "items": _items,
    "oneOf": _one_of,
    "allOf": _all_of,
    "if": _if,
    "not": _not,
    "enum": _simple(lambda value, rule: value in rule),
    "const": _simple(lambda value, rule: value == rule),
    "pattern": _simple(lambda v, rule: not isinstance(v, str) or re.search(rule, v) is not None),
    "minimum": _simple(lambda v, rule: not _TYPES["number"](v) or v >= rule),
    "maximum": _simple(lambda v, rule: not _TYPES["number"](v) or v <= rule),
    "minItems": _simple(lambda v, rule: not isinstance(v, list) or len(v) >= rule),
}
