"""Trained models with their preprocessing data, and their description in config.json."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from operator import attrgetter
from typing import Any, ClassVar, Generic, Self, TypeVar, get_origin, get_type_hints

from torch import nn

from mmbench.reference.tokens.bpe import Bpe
from mmbench.reference.tokens.words import Words

Description = dict[str, Any]
"""The contents of config.json as plain values."""

Counts = Mapping[str, tuple[str, str]]
"""Maps items such as words to the field that lists them and the config field of their count."""

C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)

# Field types that are not plain values, with the attribute from which each can be rebuilt.
_PLAIN: dict[object, Callable[[Any], object]] = {
    Words: attrgetter("words"),
    Bpe: attrgetter("description"),
}


@dataclass(frozen=True)
class TrainedModel(Generic[M]):
    """A model with the data that its inputs need: vocabulary, labels, image normalisation.

    A subclass has a field for each key of config.json after `architecture`, in order. `name` is the
    name of the adapter that runs the model; `model_classes` are the class of the model and the
    class of its config.
    """

    model: M
    name: ClassVar[str]
    model_classes: ClassVar[tuple[Callable[..., Any], type[Any]]]
    counts: ClassVar[Counts]

    def describe(self) -> dict[str, object]:
        """Return the contents of config.json: everything except the weights, as plain values."""
        config: Any = self.model.config
        parts = {name: _plain(getattr(self, name)) for name in self._parts()}
        return {"architecture": asdict(config), **parts}

    @classmethod
    def from_description(cls, description: Description) -> Self:
        """Build a model from the contents of config.json, with uninitialised weights.

        Raises KeyError, TypeError or ValueError for invalid values.
        """
        build, config_class = cls.model_classes
        config: Any = build_config(config_class, description["architecture"])
        hints = get_type_hints(cls)
        parts = {name: _value(hints[name], description[name]) for name in cls._parts()}
        refuse_counts(
            **{
                what: (len(parts[field]), getattr(config, number))
                for what, (field, number) in cls.counts.items()
            }
        )
        return cls(build(config), **parts)

    @classmethod
    def _parts(cls) -> list[str]:
        return [field.name for field in fields(cls) if field.name != "model"]


def _plain(value: object) -> object:
    return _PLAIN[type(value)](value) if type(value) in _PLAIN else value


def _value(hint: Any, plain: Any) -> Any:
    """Convert a plain value from config.json to the type `hint` of a field."""
    if hint in _PLAIN:
        return hint(plain)
    return tuple(plain) if get_origin(hint) is tuple else plain


def build_config(kind: type[C], values: Mapping[str, object]) -> C:
    """Build an instance of the dataclass `kind` from plain values; missing fields use defaults.

    A mapping is converted to the dataclass that annotates its field, a list to a tuple. Raises
    TypeError for an unknown field or a missing field without default, and the errors of `kind`.
    """
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints.get(name), value) for name, value in values.items()})


def _typed(hint: object, value: object) -> object:
    if isinstance(value, Mapping) and isinstance(hint, type) and is_dataclass(hint):
        return build_config(hint, value)
    return tuple(value) if isinstance(value, list) and get_origin(hint) is tuple else value


def refuse_counts(**counts: tuple[int, int]) -> None:
    """Raise ValueError if config.json lists more or fewer items than its architecture has.

    `counts` maps the name of the items (words, labels) to their number in the list and in the
    architecture.
    """
    for what, (listed, belong) in counts.items():
        if listed != belong:
            raise ValueError(
                f"config.json lists {listed} {what}, but its architecture has {belong}; write the"
                " checkpoint again"
            )
