"""A model with all that its inputs need, and how config.json describes it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields, is_dataclass
from operator import attrgetter
from typing import Any, ClassVar, Generic, Self, TypeVar, get_origin, get_type_hints

from torch import nn

from mmbench.reference.tokens.bpe import Bpe
from mmbench.reference.tokens.words import Words

Description = dict[str, Any]
"""A config.json: plain values."""

Counts = Mapping[str, tuple[str, str]]
"""What is counted: the field that lists it, and the attribute of the config that says how many."""

C = TypeVar("C")
M = TypeVar("M", bound=nn.Module)

# Fields that are not plain values: each is made of one again by its class.
_PLAIN: dict[object, Callable[[Any], object]] = {
    Words: attrgetter("words"),
    Bpe: attrgetter("description"),
}


@dataclass(frozen=True)
class TrainedModel(Generic[M]):
    """A model with all that its inputs need: vocabulary, labels, scale of pixels.

    A subclass has a field for each key of config.json behind `architecture`, in their order. `name`
    is that of the adapter that runs it, `model_classes` the classes of the model and its config.
    """

    model: M
    name: ClassVar[str]
    model_classes: ClassVar[tuple[Callable[..., Any], type[Any]]]
    counts: ClassVar[Counts]

    def describe(self) -> dict[str, object]:
        """Return everything but the weights, as plain values: what config.json holds."""
        config: Any = self.model.config
        parts = {name: _plain(getattr(self, name)) for name in self._parts()}
        return {"architecture": asdict(config), **parts}

    @classmethod
    def from_description(cls, description: Description) -> Self:
        """Return the trained model that is described, with weights of any value.

        Raises KeyError, TypeError or ValueError for values that make no sense.
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
    """Return the value of a field of this type."""
    if hint in _PLAIN:
        return hint(plain)
    return tuple(plain) if get_origin(hint) is tuple else plain


def build_config(kind: type[C], values: Mapping[str, object]) -> C:
    """Return the dataclass `kind` of plain values; a field that is not named has its default.

    A mapping becomes the dataclass that the field is annotated with, a list a tuple. Raises
    TypeError for a field that `kind` has not or that is missing, and whatever `kind` raises.
    """
    hints = get_type_hints(kind)
    return kind(**{name: _typed(hints.get(name), value) for name, value in values.items()})


def _typed(hint: object, value: object) -> object:
    if isinstance(value, Mapping) and isinstance(hint, type) and is_dataclass(hint):
        return build_config(hint, value)
    return tuple(value) if isinstance(value, list) and get_origin(hint) is tuple else value


def refuse_counts(**counts: tuple[int, int]) -> None:
    """Raise ValueError where config.json lists another number of things than its architecture has.

    `counts` maps what they are (words, labels) to how many are listed and how many belong.
    """
    for what, (listed, belong) in counts.items():
        if listed != belong:
            raise ValueError(
                f"{listed} {what} where its architecture has {belong}; write the checkpoint again"
            )
