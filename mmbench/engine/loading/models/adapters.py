"""Classes of models behind the names of adapters: what they declare, their options and dtype."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Set
from pathlib import Path
from types import UnionType
from typing import Any, cast

from mmbench import registry
from mmbench.engine.loading.models.adapter_guess import refuse_bare_checkpoint
from mmbench.engine.loading.models.ensemble import late
from mmbench.engine.loading.models.files import is_live
from mmbench.engine.loading.models.frame_pooling import framed
from mmbench.engine.loading.models.model_ref import FRAMED, ModelChoice, parse
from mmbench.errors import ModelError, UserError
from mmbench.protocols import ModelClass
from mmbench.validation.named_values import checked_options

_RESERVED = {"self", "folder", "device", "dtype"}

# What a class may declare, its types and these in words. A property belongs to the loaded model.
_DECLARED: dict[str, tuple[type | UnionType, str]] = {
    "default_checkpoint": (str | property | None, "a str is needed"),
    "batch": (int | property | None, "an int is needed"),
    "version": (int | str, "declare an integer or a text in its class, such as version = 1"),
}

_FLAGS = {"avx512_bf16", "amx_bf16"}  # of processors that multiply bfloat16


def class_of(text: str) -> ModelClass:
    """Return the class that a model of this name has, whether or not its checkpoint is to be had.

    Raises UnknownName for an adapter that nobody has.
    """
    choice = parse(text)
    classes = [_class(part.adapter) for part in choice.late]
    return late(classes) if choice.late else _class(choice.adapter)


def _class(adapter: str) -> ModelClass:
    cls, _ = registered(unframed(adapter))
    return framed(cls) if adapter.startswith(FRAMED) else cls


def registered(adapter: str) -> tuple[ModelClass, dict[str, object]]:
    """Return the class of an adapter and the options that it is registered with.

    These are the arguments of a `functools.partial`. Raises ModelError for what is no class of a
    model.
    """
    thing: Any = registry.lookup("model", adapter)
    bound: dict[str, object] = {}
    if isinstance(thing, functools.partial) and not thing.args:
        thing, bound = thing.func, dict(thing.keywords)
    if not inspect.isclass(thing):
        raise ModelError(
            f"model {adapter} is registered as a {type(thing).__name__}: a class is needed, or a"
            " functools.partial of one with named arguments"
        )
    modalities = getattr(thing, "modalities", None)
    if not isinstance(modalities, Set):
        raise ModelError(
            f'model {adapter} has no `modalities`: declare a set such as frozenset({{"text",'
            ' "image"}) in its class'
        )
    for name, (types, wanted) in _DECLARED.items():
        if hasattr(thing, name) and not isinstance(value := getattr(thing, name), types):
            shown = f"a {type(value).__name__}" if is_live(value) else repr(value)
            raise ModelError(f"model {adapter}: its {name} is {shown}: {wanted}")
    return cast(ModelClass, thing), bound  # it has modalities


def unframed(adapter: str) -> str:
    """Return the name of an adapter without `frames+`. Raises UserError for one without a name."""
    name = adapter.removeprefix(FRAMED)
    refuse_bare_checkpoint(name, adapter.removesuffix(name))
    return name


def typed_options(adapter: str, cls: ModelClass, given: dict[str, object]) -> dict[str, object]:
    """Return the options as the class takes them. Raises UnknownName and UserError."""

    def missing(names: list[str]) -> UserError:
        flags = " ".join(f"--model-arg {name}=VALUE" for name in names)
        values = ", ".join(f"{name}: VALUE" for name in names)
        return UserError(
            f"model {adapter} has no default for {', '.join(names)}: {flags}, or"
            f" options: {{{values}}} in a model file"
        )

    return checked_options(cls, given, f"option of model {adapter}", _RESERVED, missing)


def refuse_unpinned(choice: ModelChoice, cls: ModelClass) -> None:
    """Refuse to run the code of a checkpoint without a pinned revision. Raises UserError."""
    if "trust_remote_code" not in inspect.signature(cls).parameters:
        raise UserError(
            f"model {choice.adapter} runs no remote code: leave --trust-remote-code out"
        )
    local = choice.checkpoint is not None and Path(choice.checkpoint).exists()
    if not local and not choice.revision:
        raise UserError(
            f"--trust-remote-code needs a pinned revision: {choice.adapter}@CHECKPOINT#<commit sha>"
        )


def auto_dtype(cls: ModelClass, device: str) -> str:
    """`bfloat16` for a model that asks for it where the machine has it, else `float32`.

    A class asks by its attribute `bfloat16`: large language models, which are trained and served in
    it. All others stay at float32, so that published numbers are met to their last digit.
    """
    if not getattr(cls, "bfloat16", False):
        return "float32"
    return "bfloat16" if _has_bfloat16(device) else "float32"


def _has_bfloat16(device: str) -> bool:
    if device != "cpu":
        import torch

        if torch.cuda.is_available():
            return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="ascii", errors="replace")
    except OSError:
        return False
    return not _FLAGS.isdisjoint(flags.split())
