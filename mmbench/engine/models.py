"""From what is typed after `-m` to a model that can be loaded, with its identity."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec

from mmbench import registry
from mmbench.checkpoints import Checkpoint, resolve
from mmbench.contents import ContentKeys
from mmbench.engine.identity import model_info
from mmbench.errors import ModelError, SpecError, UnknownName, UserError
from mmbench.spec import read_yaml
from mmbench.types import ModelInfo

BASELINES = ("oracle", "constant", "random", "empty", "hedge")
_RESERVED = {"self", "folder", "device", "dtype"}


class ModelChoice(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a model name or a model file says: `clip@openai/clip-vit-base-patch32#<sha>`."""

    adapter: str
    checkpoint: str | None = None
    revision: str | None = None
    options: dict[str, Any] = {}


class Model(msgspec.Struct, frozen=True):
    """A model that is found but not loaded: its identity, and how to load it."""

    info: ModelInfo
    load: Callable[[str], Any]  # device -> the model, its weights loaded


def parse(text: str) -> ModelChoice:
    """Read `NAME[@CHECKPOINT[#REVISION]]` or a YAML file of adapter, checkpoint, options.

    Raises SpecError for a file that says something else.
    """
    if text.endswith((".yaml", ".yml")):
        try:
            return msgspec.convert(read_yaml(Path(text)), ModelChoice)
        except msgspec.ValidationError as error:
            raise SpecError(f"{text}: {error}") from error
    name, _, checkpoint = text.partition("@")
    place, _, revision = checkpoint.partition("#")
    return ModelChoice(name, place or None, revision or None)


def find(
    text: str,
    keys: ContentKeys,
    *,
    dtype: str,
    options: dict[str, Any],
    trust_remote_code: bool = False,
) -> Model:
    """Find a model and know it, without loading a weight.

    Raises UnknownName for an adapter or an option nobody has, ModelError for a checkpoint that
    cannot be had.
    """
    choice = parse(text)
    cls = registry.lookup("model", choice.adapter)
    given = {**choice.options, **options}
    known = _options(cls)
    for option in given:
        if option not in known:
            raise UnknownName(f"option of model {choice.adapter}", option, known)
    if trust_remote_code:
        _pinned(choice, known)
        given["trust_remote_code"] = True
    place = choice.checkpoint or getattr(cls, "default_checkpoint", None)
    checkpoint = _resolve(choice.adapter, cls, place, choice.revision, keys)
    resolved = "float32" if dtype == "auto" else dtype
    info = model_info(choice.adapter, cls, checkpoint, given, resolved)
    if choice.checkpoint is None and checkpoint and not checkpoint.revision:
        info = msgspec.structs.replace(info, checkpoint=None)  # packaged: no path of this machine
    folder = checkpoint.folder if checkpoint else None

    def load(device: str) -> Any:
        return cls(folder, device=device, dtype=resolved, **given)

    return Model(info, load)


def _options(cls: type) -> set[str]:
    return set(inspect.signature(cls).parameters) - _RESERVED


def _pinned(choice: ModelChoice, known: set[str]) -> None:
    if "trust_remote_code" not in known:
        raise UserError(
            f"model {choice.adapter} runs no remote code: leave --trust-remote-code out"
        )
    local = choice.checkpoint is not None and Path(choice.checkpoint).exists()
    if not local and not choice.revision:
        raise UserError(
            f"--trust-remote-code needs a pinned revision: {choice.adapter}@CHECKPOINT#<commit sha>"
        )


def _resolve(
    adapter: str, cls: type, place: str | None, revision: str | None, keys: ContentKeys
) -> Checkpoint | None:
    if place is None:
        return None
    file = Path(place).expanduser()
    if getattr(cls, "takes_file", False) and file.is_file():
        return Checkpoint(place, file, None, keys.file(file).hex())
    try:
        return resolve(place, revision, file_hash=lambda path: keys.file(path).hex())
    except ModelError as error:
        raise ModelError(f"model {adapter}: {error}") from error
