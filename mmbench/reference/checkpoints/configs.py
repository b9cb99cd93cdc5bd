"""A Config of plain values, as JSON and YAML hold them and `dataclasses.asdict` gives them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import TypeVar, get_origin, get_type_hints

C = TypeVar("C")


def config_of(kind: type[C], fields: Mapping[str, object]) -> C:
    """The dataclass `kind` of these fields; one that is not named has its default.

    A mapping becomes the dataclass that the field is annotated with, a list a tuple. Raises
    TypeError for a field that `kind` has not or that is missing, and whatever `kind` raises.
    """
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints.get(name), value) for name, value in fields.items()})


def _typed(hint: object, value: object) -> object:
    if isinstance(value, Mapping) and isinstance(hint, type) and is_dataclass(hint):
        return config_of(hint, value)
    return tuple(value) if isinstance(value, list) and get_origin(hint) is tuple else value
