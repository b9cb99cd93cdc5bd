"""Live models: objects of the running program that are evaluated without a name and a checkpoint.

The identity of a live model covers its weights, so that an object that was trained further is
another model. Its outputs are cached for later runs only if it declares an `identity`, because its
code, and the functions and objects that it uses, may change without a trace in its weights.
"""

from __future__ import annotations

import inspect
import secrets
from collections.abc import Set
from typing import Protocol, cast

from msgspec import Struct

from mmbench.engine.loading.models.live_state import device_of, dtype_of, state_hash
from mmbench.engine.loading.models.model_ref import split_checkpoint
from mmbench.engine.loading.models.resolver import Model
from mmbench.errors import ModelError
from mmbench.protocols import (
    Classifies,
    Detects,
    Draws,
    Embeds,
    EmbedsJointly,
    MatchesTokens,
    ModelClass,
    Rates,
    Reranks,
    Speaks,
    Writes,
)
from mmbench.storage.content_keys import digest
from mmbench.types import LIVE, ModelInfo

_METHODS = tuple(
    method
    for ability in (
        Embeds,
        EmbedsJointly,
        Classifies,
        Writes,
        Rates,
        Reranks,
        MatchesTokens,
        Draws,
        Speaks,
        Detects,
    )
    for method, function in vars(ability).items()
    if callable(function) and not method.startswith("_")
)


class HasAbility(Protocol):
    """An object with one or more methods of `mmbench.protocols.models`, such as `embed`."""

    @property
    def modalities(self) -> Set[str]:
        """The modalities of its inputs: text, image, audio, video."""
        ...


class LiveModel(Struct, frozen=True):
    """An object that is evaluated as a model, and its name on boards, NAME[@CHECKPOINT]."""

    value: object
    text: str

    @property
    def name(self) -> str:
        """The name without the checkpoint."""
        return split_checkpoint(self.text)[0]

    @property
    def cls(self) -> ModelClass:
        """The object itself, which has the methods and the modalities of a model class."""
        return cast(ModelClass, self.value)

    @property
    def device(self) -> str:
        """The torch device of its weights; `cpu` if it has none."""
        return device_of(self.value)


def live_model(value: object, name: str | None = None) -> LiveModel:
    """Return an object as a model; its default name is that of its class.

    Raises ModelError for a class, and for an object without the methods or the `modalities` of a
    model.
    """
    kind = type(value).__name__
    if inspect.isclass(value):
        raise ModelError(
            f"the model is the class {value.__name__}; give an object, {value.__name__}(…), or"
            ' register the class with mmbench.register("model", NAME) and give NAME'
        )
    if not any(callable(getattr(value, method, None)) for method in _METHODS):
        raise ModelError(
            f"the model is a {kind}, without any of the methods {', '.join(_METHODS)}; give the"
            " name of a model (mmbench.list_models()), or wrap the object in a class with one of"
            " the methods (docs/python.md)"
        )
    if not isinstance(getattr(value, "modalities", None), Set):
        raise ModelError(
            f'model {kind} has no `modalities`; declare a set such as frozenset({{"text",'
            ' "image"}) in its class'
        )
    return LiveModel(value, name or kind)


def find_live(live: LiveModel) -> Model:
    """Return a live model with its identity, which covers its weights as they are now.

    A declared `identity` replaces the plain attributes in it, but never the weights.
    """
    identity = _identity(live.value)
    state = state_hash(live.value, plain=identity is None)
    name, checkpoint = split_checkpoint(live.text)
    parts = [live.name, type(live.value).__qualname__, _source(live.value)]
    # Without weights, nothing shows whether two objects are the same model.
    parts += [identity or "", state or ("" if identity else secrets.token_hex(16))]
    info = ModelInfo(
        name=name,
        checkpoint=checkpoint or None,
        revision=None,
        hash=digest(LIVE, *parts).hex(),
        adapter=LIVE,
        options={},
        dtype=dtype_of(live.value),
    )
    return Model(
        info,
        lambda _device: live.value,
        live.cls,
        uncached="" if identity else "it is an object in memory without an `identity`",
        parts=(("source code", digest(parts[2]).hex()), ("weights", state or "")),
    )


def _identity(value: object) -> str | None:
    """Return the `identity` that an object declares as a str or a method; None for none."""
    identity = getattr(value, "identity", None)
    if inspect.ismethod(identity) or inspect.isfunction(identity):
        identity = identity()
    return identity if isinstance(identity, str) else None


def _source(value: object) -> str:
    """Return the source code of an object's class, "" if it is not known."""
    try:
        return inspect.getsource(type(value))
    except (OSError, TypeError):  # typed into a prompt, or written in C
        return ""
