"""Resolution of the argument of `-m` to a model that can be loaded, with its identity."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path

import msgspec

from mmbench import registry
from mmbench.checkpoints.file_hashes import FileHash
from mmbench.checkpoints.resolve import Checkpoint, resolve
from mmbench.engine.identity import model_info
from mmbench.engine.loading.models.adapter_guess import advice_on_adapter, refuse_other_layout
from mmbench.engine.loading.models.adapters import (
    auto_dtype,
    checkpoint_of,
    complete_options,
    refuse_unpinned,
    registered_class,
    without_frames_prefix,
)
from mmbench.engine.loading.models.ensemble import ensemble_class
from mmbench.engine.loading.models.files import HashedFiles
from mmbench.engine.loading.models.frame_pooling import frame_pooling_class
from mmbench.engine.loading.models.model_ref import ModelRef, file_stem, parse
from mmbench.engine.loading.models.model_state import model_state
from mmbench.errors import ModelError, UserError
from mmbench.models.support.frame_options import FrameOptions
from mmbench.models.support.library_messages import loading
from mmbench.protocols import ModelClass
from mmbench.storage.content_keys import ContentKeys, digest
from mmbench.types import LATE, ModelInfo
from mmbench.validation.named_values import as_struct, grouped_options

BASELINES = ("oracle", "constant", "random", "empty", "hedge")

REMOTE = "remote"  # in place of the dtype of a model on another machine, which the server chooses


class ModelOrigin(msgspec.Struct, frozen=True):
    """The arguments that a model was resolved from, so that another process can resolve it too.

    `text` is the argument of `-m`, and `ref` is the parsed argument.
    """

    text: str
    ref: ModelRef
    options: dict[str, object]
    dtype: str
    trust_remote_code: bool


class Model(msgspec.Struct, frozen=True):
    """A model that is resolved but not loaded: its identity and a function that loads it.

    `uncached` is the reason why its outputs are not cached (the identity does not cover everything
    that can change them), empty if they are cached. `destination` is the host that its inputs are
    sent to, None if they stay on this machine. `reasons` is true if the options say that the model
    writes reasoning before its answers, `whole_videos` if they say that videos are sent whole.
    `notes` are remarks on the checkpoint and the options. `parts` are the parts of the identity
    (source code, weights, named files) by name, each as a hash.
    """

    info: ModelInfo
    load: Callable[[str], object]  # device -> the model with its weights
    cls: ModelClass  # has the methods and the modalities of the model that will be loaded
    folder: Path | None = None  # the checkpoint, which may limit the abilities of the class
    uncached: str = ""
    destination: str | None = None
    reasons: bool = False
    notes: tuple[str, ...] = ()
    whole_videos: bool = False
    origin: ModelOrigin | None = None
    parts: tuple[tuple[str, str], ...] = ()


class ModelResolver(msgspec.Struct, frozen=True):
    """The settings for resolving models: cache of content keys, dtype, device, remote code."""

    keys: ContentKeys
    dtype: str = "auto"
    device: str = "auto"
    trust_remote_code: bool = False


def find(text: str, finder: ModelResolver, options: dict[str, object]) -> Model:
    """Resolve a model and its identity, without loading weights.

    `text` is the argument of `-m`, `options` are the options from `--model-arg`. Raises UnknownName
    for an unknown adapter or option, ModelError for a checkpoint that cannot be found.
    """
    return find_parsed(text, parse(text), finder, options)


def find_parsed(
    text: str, ref: ModelRef, finder: ModelResolver, options: dict[str, object]
) -> Model:
    """Resolve a model as `find` does, given the parsed argument of `-m`."""
    model = _find(text, ref, finder, dict(options))
    dtype = finder.dtype if ref.late else model.info.dtype
    origin = ModelOrigin(text, ref, options, dtype, finder.trust_remote_code)
    return msgspec.structs.replace(model, origin=origin)


def _find(text: str, ref: ModelRef, finder: ModelResolver, options: dict[str, object]) -> Model:
    if not ref.late:
        model = _single(ref, finder, options)
        if not ref.is_recipe:
            return model
        info = msgspec.structs.replace(model.info, name=file_stem(text))
        return msgspec.structs.replace(model, info=info)
    if options:
        raise UserError(
            f"{text}: --model-arg is not possible for late fusion; set `options` of each model in"
            " the file"
        )
    parts = [
        _single(ModelRef(p.adapter, p.checkpoint, p.revision, p.options), finder, {})
        for p in ref.late
    ]
    weights = [part.weight for part in ref.late]
    ensemble = ensemble_class([part.cls for part in parts])
    members = [
        f"{part.info.name}#{part.info.hash}*{_format_weight(w)}"
        for part, w in zip(parts, weights, strict=True)
    ]
    info = msgspec.structs.replace(
        parts[0].info,
        name=file_stem(text),
        checkpoint=None,
        revision=None,
        hash=digest("late", *members).hex(),
        adapter=LATE,
        options={"late": members},
    )
    return Model(
        info,
        lambda device: ensemble([part.load(device) for part in parts], weights),
        ensemble,
        uncached="; ".join(filter(None, (part.uncached for part in parts))),
        destination=next(filter(None, (part.destination for part in parts)), None),
        notes=tuple(note for part in parts for note in part.notes),
        parts=tuple(one for part in parts for one in part.parts),
    )


def _format_weight(weight: float) -> str:
    """Format a weight with all digits, since any difference makes another model."""
    short = f"{weight:g}"
    return short if float(short) == weight else repr(weight)


def _single(ref: ModelRef, finder: ModelResolver, options: dict[str, object]) -> Model:
    name = without_frames_prefix(ref.adapter)
    all_options = {**ref.options, **options}
    if name == ref.adapter:
        return _resolve_single(ref, finder, all_options)
    frames, all_options = _frames(ref.adapter, all_options)
    inner = msgspec.structs.replace(ref, adapter=name)
    model = _resolve_single(inner, finder, all_options)
    pooled = frame_pooling_class(model.cls)
    recorded = frames.recorded()
    identity = str(recorded["frames"]) if frames.fps is None else repr(recorded)
    info = msgspec.structs.replace(
        model.info,
        name=ref.adapter,
        hash=digest("framed", model.info.hash, identity).hex(),
        options=model.info.options | recorded,
    )
    return Model(
        info,
        lambda device: pooled(model.load(device), frames.selection),
        pooled,
        uncached=model.uncached,
        destination=model.destination,
        reasons=model.reasons,
        notes=model.notes,
        parts=model.parts,
    )


def _frames(adapter: str, options: dict[str, object]) -> tuple[FrameOptions, dict[str, object]]:
    """Split options into those of `frames+` and those of the model in it."""
    frame_values = {
        name: value for name, value in options.items() if name in FrameOptions.__struct_fields__
    }
    others = {name: value for name, value in options.items() if name not in frame_values}
    return as_struct(frame_values, FrameOptions, f"options of model {adapter}"), others


def check_name(text: str, options: dict[str, object]) -> None:
    """Check a model name without finding the checkpoint or reading its files.

    Raises UserError for an unknown adapter or option, and for a checkpoint name that the class
    refuses. Late fusion is not checked.
    """
    if text in BASELINES or (ref := parse(text)).late:
        return
    name = without_frames_prefix(ref.adapter)
    all_options = {**ref.options, **options}
    if name != ref.adapter:
        _, all_options = _frames(ref.adapter, all_options)
    cls, bound = registered_class(name, ref.checkpoint)
    complete_options(msgspec.structs.replace(ref, adapter=name), cls, bound | all_options)


def _resolve_single(ref: ModelRef, finder: ModelResolver, options: dict[str, object]) -> Model:
    cls, bound = registered_class(ref.adapter, ref.checkpoint)
    files = HashedFiles(finder.keys)
    if finder.trust_remote_code:
        refuse_unpinned(ref, cls)
        options["trust_remote_code"] = True
    options, typed = complete_options(ref, cls, bound | options)
    arguments = _arguments(ref.adapter, cls, typed)
    place = checkpoint_of(ref, cls)
    checkpoint, remote = None, getattr(cls, "remote", False)
    if not remote:
        variant = typed.get(getattr(cls, "variant", None) or "")
        requires = "" if variant else getattr(cls, "configuration", "")
        checkpoint = _resolve(ref.adapter, cls, place, ref.revision, files.hash, requires)
    dtype = auto_dtype(cls, finder.device) if finder.dtype == "auto" else finder.dtype
    state = model_state(ref.adapter, cls, options, files.hash)
    info = model_info(
        ref.adapter,
        cls,
        checkpoint,
        state.options,
        REMOTE if remote else dtype,
        source=state.source,
        parts=state.parts,
        content_options=getattr(cls, "content_options", ()),
    )
    if ref.checkpoint is None and checkpoint and not checkpoint.revision:
        info = msgspec.structs.replace(info, checkpoint=None)  # packaged: the path is left out
    if remote:
        info = msgspec.structs.replace(info, checkpoint=place)
    folder = checkpoint.folder if checkpoint else None

    def load(device: str) -> object:
        # Errors of a plugin name its file and line already.
        own = registry.plugin("model", ref.adapter) is None
        with loading(folder, "parts") if folder and own else nullcontext():
            model = cls(folder, device=device, dtype=dtype, **arguments)
        classes: tuple[object, ...] = type(model).__mro__
        if cls not in classes:  # abilities were read from the class
            raise ModelError(
                f"model {ref.adapter}: {cls.__name__}(…) returned a {type(model).__name__}; return"
                f" a {cls.__name__} from its `__new__`"
            )
        files.check(ref.adapter)
        return model

    sent_to = getattr(cls, "destination", None)
    destination = sent_to(**options) if sent_to else None
    return Model(
        info,
        load,
        cls,
        folder,
        state.uncached,
        destination,
        reasons=_declared(cls, "reasons", typed),
        notes=_notes(cls, folder, typed),
        whole_videos=_declared(cls, "sends_whole_videos", typed),
        parts=(
            ("source code", digest(*state.source).hex()),
            ("weights", checkpoint.hash if checkpoint else ""),
            ("files", digest(*state.parts).hex()),
        ),
    )


def _arguments(adapter: str, cls: ModelClass, options: dict[str, object]) -> dict[str, object]:
    try:
        return grouped_options(cls, options)
    except ModelError as error:
        raise ModelError(f"model {adapter}: {error}") from error


def _declared(cls: ModelClass, name: str, options: dict[str, object]) -> bool:
    """Return the result of an optional static method of a class for the model's options."""
    method = getattr(cls, name, None)
    return bool(method and method(options))


def _notes(cls: ModelClass, folder: Path | None, options: dict[str, object]) -> tuple[str, ...]:
    """Return the remarks of a class on its checkpoint and options, for the record."""
    notes: Callable[..., list[str]] | None = getattr(cls, "notes", None)
    return tuple(notes(folder, **options)) if notes and folder else ()


def _resolve(
    adapter: str,
    cls: ModelClass,
    place: str | None,
    revision: str | None,
    file_hash: FileHash,
    requires: str,
) -> Checkpoint | None:
    if place is None:
        return None
    try:
        refuse_other_layout(adapter, cls, Path(place).expanduser(), place)
        checkpoint = resolve(
            place,
            revision,
            file_hash=file_hash,
            takes=getattr(cls, "checkpoints", ()),
            requires=requires,
        )
        refuse_other_layout(adapter, cls, checkpoint.folder, place)
    except ModelError as error:
        advice = advice_on_adapter(adapter, place, error)
        raise ModelError(f"model {adapter}: {error}{advice}") from error
    return checkpoint
