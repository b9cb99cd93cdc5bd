"""Suggestion of adapters for a checkpoint that was given without an adapter."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec

from mmbench import registry
from mmbench.checkpoints.layouts import OPEN_CLIP, PIPELINE
from mmbench.engine.loading.models.model_ref import recipes
from mmbench.errors import ModelError, UserError
from mmbench.protocols import ModelClass
from mmbench.text import with_home
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

_CONFIG = "config.json"

# Adapter → table of transformers that lists the model types of an Auto class.
_TABLES = {
    "clip": "ZERO_SHOT_IMAGE_CLASSIFICATION",
    "llava": "IMAGE_TEXT_TO_TEXT",
    "image": "IMAGE_CLASSIFICATION",
    "video": "VIDEO_CLASSIFICATION",
    "audio": "AUDIO_CLASSIFICATION",
    "whisper": "SPEECH_SEQ_2_SEQ",
    "ctc": "CTC",
    "tts": "TEXT_TO_WAVEFORM",
}
# Model type → adapters that read it, in addition to the adapters in _TABLES.
_TYPES = {
    "clap": ("clap",),
    "xclip": ("xclip",),
    "speecht5": ("tts",),
    "qwen2_audio": ("audio-llm",),
    "audioflamingo3": ("audio-llm",),
    "janus": ("unified",),
    "emu3": ("unified",),
    "chameleon": ("unified",),
    "llava_next_video": ("video-llm",),
    "video_llava": ("video-llm",),
}
_SERVERS = ("vllm", "transformers")  # programs that the adapter `serve` starts
_PREFIXES = ("hf-hub", "hf_hub", "local-dir")  # prefixes of model names in open_clip and timm
_LIST = "`mmbench list models` shows all names"


class _Config(msgspec.Struct):
    """The keys that are read from a config.json; mmbench's own files have an adapter in `model`."""

    model_type: str = ""
    architectures: list[str] | None = None
    architecture: Any = None  # timm
    model: Any = None
    alignment_heads: Any = None  # of Whisper in the format of CTranslate2


def refuse_bare_checkpoint(name: str, prefix: str = "") -> None:
    """Raise UserError if `name` is a checkpoint without an adapter, or empty.

    The message suggests a reference with an adapter, after `prefix` (`frames+` or "").
    """
    if not name:
        raise UserError(f"empty model name; write {prefix}NAME[@CHECKPOINT] ({_LIST})")
    if name in _PREFIXES:
        raise UserError(
            f"model {name}:… is a name of open_clip and timm; write {prefix}openclip@NAME or"
            f" {prefix}timm@NAME with the folder or hub id alone ({_LIST})"
        )
    if name in registry.names("model") or not ("/" in name or Path(name).is_dir()):
        return
    references = [f"{prefix}{adapter}@{name}" for adapter in _adapters(Path(name).expanduser())]
    example = f"write {' or '.join(references)}" if references else f"write {prefix}NAME@{name}"
    raise UserError(
        f"model {name!r} is a checkpoint without the name of its adapter; {example} ({_LIST})"
    )


def refuse_other_name(name: str, checkpoint: str | None) -> None:
    """Raise UserError if `name` is no adapter, but the name of a recipe, a server or a library.

    The message names the recipe's file, the server, or the adapters that read the checkpoint.
    """
    if name in registry.names("model"):
        return
    if f"{name}.yaml" in recipes():
        place = f"@{checkpoint}" if checkpoint else ""
        raise UserError(f"unknown model {name!r}; type -m {name}.yaml{place} for this recipe")
    servers = [f"serve:{name}"] if name in _SERVERS else []
    adapters = _adapters(Path(with_home(checkpoint))) if checkpoint else []
    if references := [f"-m {one}@{checkpoint or 'CHECKPOINT'}" for one in (*servers, *adapters)]:
        raise UserError(f"unknown model {name!r}; type {' or '.join(references)} ({_LIST})")


def advice_on_adapter(adapter: str, checkpoint: str, error: ModelError) -> str:
    """Return the end of a message that names another adapter for a checkpoint, to follow `error`.

    The result is empty if there is no other adapter, or if `error` names the adapter already.
    """
    others = [one for one in _adapters(Path(with_home(checkpoint))) if one != adapter]
    reference = f"{others[0]}@{checkpoint}" if others else ""
    is_known = not reference or reference in str(error)
    return "" if is_known else f"; a model for this folder is {reference}"


def refuse_other_layout(adapter: str, cls: ModelClass, folder: Path, typed: str) -> None:
    """Raise ModelError if `folder` lacks the configuration of `adapter` but fits another adapter.

    The configuration is `config.json` unless `cls` names another file in `configuration`. `typed`
    is the checkpoint as the user typed it: a folder or a hub id.
    """
    configuration = getattr(cls, "configuration", _CONFIG)
    if registry.plugin("model", adapter) or (folder / configuration).is_file():
        return
    references = [f"{one}@{typed}" for one in _adapters(folder) if one != adapter]
    if references:
        raise ModelError(
            f"checkpoint {typed} has no {configuration}; type -m {' or -m '.join(references)}"
        )


def _adapters(folder: Path) -> list[str]:
    """Return the adapters that can read a checkpoint folder; empty if no adapter is known."""
    if (folder / PIPELINE).is_file():
        return ["diffusers"]
    openclip = ["openclip"] if (folder / OPEN_CLIP).is_file() else []
    return [*openclip, *_by_config(folder / _CONFIG)]


def _by_config(file: Path) -> list[str]:
    """Return the adapters that can read a folder with this config.json."""
    if not file.is_file():
        return []
    try:
        config = parse_json(read_regular(file), _Config)
    except (OSError, ValueError):
        return []  # the adapter reports the error in the file
    if config.model in registry.names("model"):
        return [str(config.model)]
    if config.alignment_heads is not None and file.with_name("model.bin").is_file():
        return ["faster-whisper"]
    if config.architecture and not config.model_type:
        return ["timm"]
    return list(dict.fromkeys([*_TYPES.get(config.model_type, ()), *_by_tables(config)]))


def _by_tables(config: _Config) -> list[str]:
    from transformers.models.auto import modeling_auto

    adapters = []
    for adapter, name in _TABLES.items():
        table = getattr(modeling_auto, f"MODEL_FOR_{name}_MAPPING_NAMES")
        loads = table.get(config.model_type)
        classes = {loads} if isinstance(loads, str) else {*(loads or ())}
        if classes and (not config.architectures or classes & {*config.architectures}):
            adapters.append(adapter)
    return adapters
