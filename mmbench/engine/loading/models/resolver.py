"""From what is typed after `-m` to a model that can be loaded, with its identity."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec

from mmbench import registry
from mmbench.checkpoints.file_hashes import FileHash
from mmbench.checkpoints.resolve import Checkpoint, resolve
from mmbench.engine.identity import model_info
from mmbench.engine.loading.models.adapters import (
    auto_dtype,
    refuse_unpinned,
    registered,
    typed_options,
    unframed,
)
from mmbench.engine.loading.models.ensemble import late
from mmbench.engine.loading.models.files import HashedFiles
from mmbench.engine.loading.models.frame_pooling import COUNT, framed
from mmbench.engine.loading.models.model_ref import ModelChoice, parse
from mmbench.engine.loading.models.model_state import model_state
from mmbench.errors import ModelError, UserError
from mmbench.models.support.library_messages import loading
from mmbench.protocols import ModelClass
from mmbench.storage.content_keys import ContentKeys, digest
from mmbench.types import ModelInfo

BASELINES = ("oracle", "constant", "random", "empty", "hedge")

REMOTE = "remote"  # the dtype of a model whose weights are elsewhere


class Model(msgspec.Struct, frozen=True):
    """A model that is found but not loaded: its identity, and how to load it.

    `uncached` says why its answers are not kept: its identity does not cover all that can change
    them. Empty where they are. `destination` is the host that its inputs are sent to, None where
    they stay on this machine.
    """

    info: ModelInfo
    load: Callable[[str], object]  # device -> the model, its weights loaded
    cls: ModelClass  # has the methods and the modalities of the model that will be loaded
    folder: Path | None = None  # its checkpoint, where some of a class's can do less than others
    uncached: str = ""
    destination: str | None = None


class ModelResolver(msgspec.Struct, frozen=True):
    """What finding a model depends on beside its name."""

    keys: ContentKeys
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: bool = False


def find(text: str, finder: ModelResolver, options: dict[str, object]) -> Model:
    """Find a model and know it, without loading a weight.

    Raises UnknownName for an adapter or an option nobody has, ModelError for a checkpoint that
    cannot be had.
    """
    choice = parse(text)
    if not choice.late:
        return _single(choice, finder, options)
    if options:
        raise UserError(f"{text}: options of late fusion stand in its file, with each model")
    parts = [
        _single(ModelChoice(p.adapter, p.checkpoint, p.revision, p.options), finder, {})
        for p in choice.late
    ]
    weights = [part.weight for part in choice.late]
    fused = late([part.cls for part in parts])
    whose = [
        f"{part.info.name}#{part.info.hash}*{_shown(w)}"
        for part, w in zip(parts, weights, strict=True)
    ]
    info = msgspec.structs.replace(
        parts[0].info,
        name=Path(text).stem,
        checkpoint=None,
        revision=None,
        hash=digest("late", *whose).hex(),
        adapter="late",
        options={"late": whose},
    )
    return Model(
        info,
        lambda device: fused([part.load(device) for part in parts], weights),
        fused,
        uncached="; ".join(filter(None, (part.uncached for part in parts))),
        destination=next(filter(None, (part.destination for part in parts)), None),
    )


def _shown(weight: float) -> str:
    """A weight in full: two that differ in their last digit are two models."""
    short = f"{weight:g}"
    return short if float(short) == weight else repr(weight)


def _single(choice: ModelChoice, finder: ModelResolver, options: dict[str, object]) -> Model:
    name = unframed(choice.adapter)
    if name == choice.adapter:
        return _plain(choice, finder, {**choice.options, **options})
    given = {**choice.options, **options}
    count = given.pop("frames", COUNT)
    behind = msgspec.structs.replace(choice, adapter=name)
    model = _plain(behind, finder, given)
    looking = framed(model.cls)
    info = msgspec.structs.replace(
        model.info,
        name=choice.adapter,
        hash=digest("framed", model.info.hash, str(count)).hex(),
        options=model.info.options | {"frames": count},
    )
    return Model(
        info,
        lambda device: looking(model.load(device), count),
        looking,
        uncached=model.uncached,
        destination=model.destination,
    )


def _plain(choice: ModelChoice, finder: ModelResolver, given: dict[str, object]) -> Model:
    cls, bound = registered(choice.adapter)
    files = HashedFiles(finder.keys)
    if finder.trust_remote_code:
        refuse_unpinned(choice, cls)
        given["trust_remote_code"] = True
    given = {**bound, **given}
    place = choice.checkpoint or getattr(cls, "default_checkpoint", None)
    checkpoint = None
    if getattr(cls, "remote", False):
        given = {"model": place or "", **given}
    typed = typed_options(choice.adapter, cls, given)
    if not getattr(cls, "remote", False):
        checkpoint = _resolve(choice.adapter, cls, place, choice.revision, files.hash)
    dtype = auto_dtype(cls, finder.device) if finder.dtype == "auto" else finder.dtype
    # How an answer is fetched (how many at a time) is no part of what it is.
    moving = {k: v for k, v in given.items() if k not in getattr(cls, "unhashed", ())}
    state = model_state(choice.adapter, cls, moving, files.hash)
    info = model_info(
        choice.adapter,
        cls,
        checkpoint,
        state.options,
        dtype,
        source=state.source,
        parts=state.parts,
    )
    if choice.checkpoint is None and checkpoint and not checkpoint.revision:
        info = msgspec.structs.replace(info, checkpoint=None)  # packaged: no path of this machine
    if getattr(cls, "remote", False):
        info = msgspec.structs.replace(info, checkpoint=place, dtype=REMOTE)
    folder = checkpoint.folder if checkpoint else None

    def load(device: str) -> object:
        # A plugin's errors are its own: they name its file and line.
        own = registry.plugin("model", choice.adapter) is None
        with loading(folder, "parts") if folder and own else nullcontext():
            model = cls(folder, device=device, dtype=dtype, **typed)
        classes: tuple[object, ...] = type(model).__mro__
        if cls not in classes:  # what the model can do was read from the class
            raise ModelError(
                f"model {choice.adapter}: {cls.__name__}(…) gave a {type(model).__name__}: its"
                f" `__new__` has to return a {cls.__name__}"
            )
        files.check(choice.adapter)
        return model

    sent_to = getattr(cls, "destination", None)
    destination = sent_to(**given) if sent_to else None
    return Model(info, load, cls, folder, state.uncached, destination)


def _resolve(
    adapter: str, cls: ModelClass, place: str | None, revision: str | None, file_hash: FileHash
) -> Checkpoint | None:
    if place is None:
        return None
    try:
        return resolve(place, revision, file_hash=file_hash, takes=getattr(cls, "checkpoints", ()))
    except ModelError as error:
        raise ModelError(f"model {adapter}: {error}") from error
