"""Model classes by adapter name: their declared attributes, options and dtype."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Set
from pathlib import Path
from types import UnionType
from typing import Any, cast

from mmbench import registry
from mmbench.engine.loading.models.adapter_guess import refuse_bare_checkpoint, refuse_other_name
from mmbench.engine.loading.models.ensemble import ensemble_class
from mmbench.engine.loading.models.files import is_live
from mmbench.engine.loading.models.frame_pooling import frame_pooling_class
from mmbench.engine.loading.models.model_ref import FRAMES_PREFIX, ModelRef, parse
from mmbench.errors import ModelError, UserError
from mmbench.protocols import ModelClass
from mmbench.validation.named_values import checked_options, function_options
from mmbench.validation.other_names import instead_of

_RESERVED = {"self", "folder", "device", "dtype"}

# Attributes that a class may declare, with types and advice. A property is read from the loaded
# model.
_DECLARED: dict[str, tuple[type | UnionType, str]] = {
    "default_checkpoint": (str | property | None, "declare a str"),
    "batch": (int | property | None, "declare an int"),
    "variant": (str | None, "declare a str, the name of an option"),
    "version": (int | str, "declare an int or a str in its class, such as version = 1"),
}

_FLAGS = {"avx512_bf16", "amx_bf16"}  # CPU flags of bfloat16 multiplication


def class_of(text: str) -> ModelClass:
    """Return the class of a model by name, without resolving the checkpoint.

    Raises UnknownName for an unknown adapter.
    """
    ref = parse(text)
    classes = [_class(part.adapter, part.checkpoint) for part in ref.late]
    return ensemble_class(classes) if ref.late else _class(ref.adapter, ref.checkpoint)


def _class(adapter: str, checkpoint: str | None) -> ModelClass:
    cls, _ = registered_class(without_frames_prefix(adapter), checkpoint)
    return frame_pooling_class(cls) if adapter.startswith(FRAMES_PREFIX) else cls


def known_options(text: str) -> set[str] | None:
    """Return the options of the model `text`; None if it takes any, empty for late fusion.

    Raises UserError for an unknown adapter.
    """
    ref = parse(text)
    if ref.late:
        return set()
    return option_names(registered_class(without_frames_prefix(ref.adapter), ref.checkpoint)[0])


def option_names(cls: ModelClass) -> set[str] | None:
    """Return the names of the options of a model class; None if it takes any."""
    parameters = inspect.signature(cls).parameters.values()
    takes_any = any(parameter.kind is parameter.VAR_KEYWORD for parameter in parameters)
    return None if takes_any else {*function_options(cls, _RESERVED)}


def registered_class(adapter: str, checkpoint: str | None) -> tuple[ModelClass, dict[str, object]]:
    """Return the class of an adapter, and the options that are bound in its registration.

    Bound options are the keyword arguments of a `functools.partial`; empty for a plain class.
    Raises UserError for an unknown adapter, with advice that fits the checkpoint, and ModelError
    for an object that is not a model class.
    """
    refuse_other_name(adapter, checkpoint)
    target: Any = registry.lookup("model", adapter)
    bound: dict[str, object] = {}
    if isinstance(target, functools.partial) and not target.args:
        target, bound = target.func, dict(target.keywords)
    if not inspect.isclass(target):
        raise ModelError(
            f"model {adapter} is registered as a {type(target).__name__}; register a class, or a"
            " functools.partial of a class with keyword arguments"
        )
    modalities = getattr(target, "modalities", None)
    if not isinstance(modalities, Set):
        raise ModelError(
            f'model {adapter} has no `modalities`; declare a set such as frozenset({{"text",'
            ' "image"}) in its class'
        )
    for name, (types, advice) in _DECLARED.items():
        if hasattr(target, name) and not isinstance(value := getattr(target, name), types):
            description = f"a {type(value).__name__}" if is_live(value) else repr(value)
            raise ModelError(f"model {adapter}: its {name} is {description}; {advice}")
    return cast(ModelClass, target), bound  # checked above


def without_frames_prefix(adapter: str) -> str:
    """Return the name of an adapter without `frames+`.

    Raises UserError if the rest is empty or a checkpoint.
    """
    name = adapter.removeprefix(FRAMES_PREFIX)
    refuse_bare_checkpoint(name, adapter.removesuffix(name))
    return name


def complete_options(
    ref: ModelRef, cls: ModelClass, options: dict[str, object]
) -> tuple[dict[str, object], dict[str, object]]:
    """Return options with those in the model's name, as typed and converted to their types.

    Raises UserError for invalid options and for a checkpoint name that the class refuses.
    """
    _add_variant(ref, cls, options)
    if getattr(cls, "remote", False):
        options = {"model": checkpoint_of(ref, cls) or "", **options}
    typed = typed_options(ref.adapter, cls, options)
    if ref.checkpoint and hasattr(cls, "check_name"):
        cls.check_name(ref.checkpoint, **typed)
    return options, typed


def checkpoint_of(ref: ModelRef, cls: ModelClass) -> str | None:
    """Return the name of the checkpoint: that of the reference, or the default of the class."""
    return ref.checkpoint or getattr(cls, "default_checkpoint", None)


def typed_options(adapter: str, cls: ModelClass, options: dict[str, object]) -> dict[str, object]:
    """Convert options to the types of the parameters of a model class.

    Raises UnknownName for an unknown option, UserError for a setting of another program, a missing
    option or an invalid value.
    """
    known = option_names(cls)
    for name in options:
        if known is not None and name not in known and (advice := instead_of(name, known)):
            raise UserError(f"unknown option of model {adapter} {name!r}; use {advice}")

    def missing(names: list[str]) -> UserError:
        flags = " ".join(f"--model-arg {name}=VALUE" for name in names)
        values = ", ".join(f"{name}: VALUE" for name in names)
        return UserError(
            f"model {adapter} has no default for {', '.join(names)}; pass {flags}, or set"
            f" options: {{{values}}} in a model file"
        )

    return checked_options(cls, options, f"option of model {adapter}", _RESERVED, missing)


def _add_variant(ref: ModelRef, cls: ModelClass, options: dict[str, object]) -> None:
    """Set the option that a variant (`openclip:ViT-B-32`) stands for. Raises UserError."""
    if ref.variant is None:
        return
    name = getattr(cls, "variant", None)
    if name is None:
        place = f"@{ref.checkpoint}" if ref.checkpoint else ""
        raise UserError(f"model {ref.adapter} has no variants; type {ref.adapter}{place}")
    if options.setdefault(name, ref.variant) != ref.variant:
        raise UserError(
            f"model {ref.adapter}: the variant {ref.variant} differs from {name}={options[name]};"
            " give one of them"
        )


def refuse_unpinned(ref: ModelRef, cls: ModelClass) -> None:
    """Raise UserError if --trust-remote-code is used without a pinned revision.

    A local checkpoint needs no revision. The flag is also refused for a model that runs no remote
    code.
    """
    if "trust_remote_code" not in function_options(cls):
        raise UserError(f"model {ref.adapter} runs no remote code; leave out --trust-remote-code")
    local = ref.checkpoint is not None and Path(ref.checkpoint).exists()
    if not local and not ref.revision:
        raise UserError(
            "--trust-remote-code needs a pinned revision; write"
            f" -m {ref.adapter}@CHECKPOINT#<commit sha>"
        )


def auto_dtype(cls: ModelClass, device: str) -> str:
    """Return `bfloat16` if the class prefers it and the device supports it, else `float32`.

    Classes of large language models, which are trained and served in bfloat16, declare this with
    the attribute `bfloat16`. All other classes use float32, so that published numbers are
    reproduced to the last digit.
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
