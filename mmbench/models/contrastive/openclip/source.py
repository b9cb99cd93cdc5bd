"""Where a model of open_clip is described: in its folder, or by the name of an architecture."""

from __future__ import annotations

from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mmbench.checkpoints.layouts import OPEN_CLIP
from mmbench.errors import ModelError, UnknownName
from mmbench.models.contrastive.openclip.weights import weights_in
from mmbench.models.support.library_messages import import_library
from mmbench.models.support.library_types import Configuration
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json

_EXAMPLE = "ViT-B-32"


class _ModelConfig(msgspec.Struct):
    """The keys of `model_cfg` that are read here; open_clip reads all of them."""

    vision_cfg: dict[str, Any]
    text_cfg: dict[str, Any]
    quick_gelu: bool = False


class _FolderConfig(msgspec.Struct):
    model_cfg: _ModelConfig


class ModelSource(NamedTuple):
    """A model of open_clip that is found, with its weights not read.

    `name` is open_clip's name of it: `local-dir:FOLDER`, or that of an architecture of open_clip.
    """

    name: str
    config: _ModelConfig
    weights: Path
    architecture: str | None = None

    @property
    def label(self) -> str:
        """Return what the weights have to fit, for messages."""
        return f"the architecture {self.architecture}" if self.architecture else OPEN_CLIP

    @property
    def tokenizer(self) -> str:
        """Return the name of a tokenizer of transformers, "" for the one in open_clip."""
        return str(self.config.text_cfg.get("hf_tokenizer_name") or "")

    @property
    def text_tower(self) -> str:
        """Return the name of a text tower of transformers, "" for one in open_clip."""
        return str(self.config.text_cfg.get("hf_model_name") or "")


def library() -> Configuration:
    """Import open_clip without its output. Raises MissingExtra and ModelError."""
    return import_library("open_clip", "model openclip", "mmbench[openclip]")


def find_source(checkpoint: Path | None, architecture: str | None) -> ModelSource:
    """Return the description of a folder, or of a file of weights with an architecture.

    Raises ModelError for a part that is missing, UnknownName for an unknown architecture.
    """
    open_clip = library()
    if checkpoint is None:
        raise ModelError(
            "model openclip needs a checkpoint: type openclip@FOLDER, or openclip:ARCHITECTURE@FILE"
        )
    if checkpoint.is_dir():
        return _folder_source(checkpoint, architecture)
    if architecture is None:
        raise ModelError(_without_architecture(checkpoint))
    name = architecture.replace("/", "-")  # ViT-B/32, as OpenAI writes it
    if (config := open_clip.get_model_config(name)) is None:
        raise UnknownName("architecture of open_clip", architecture, open_clip.list_models())
    return ModelSource(name, msgspec.convert(config, _ModelConfig), checkpoint, name)


def _folder_source(folder: Path, architecture: str | None) -> ModelSource:
    if architecture:
        raise ModelError(
            f"checkpoint {folder} is a folder, and an architecture goes with a file of weights;"
            f" type openclip@{folder}, or openclip:{architecture}@FILE"
        )
    file = folder / OPEN_CLIP
    if not file.is_file():
        raise ModelError(
            f"checkpoint {folder} has no {OPEN_CLIP}; give a folder that has it, or a file of"
            f" weights with its architecture: openclip:{_EXAMPLE}@FILE"
        )
    try:
        config = parse_json(read_regular(file), _FolderConfig).model_cfg
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: not a configuration of open_clip: {error}") from error
    return ModelSource(f"local-dir:{folder}", config, weights_in(folder))


def _without_architecture(file: Path) -> str:
    if (file.parent / OPEN_CLIP).is_file():
        return f"checkpoint {file} is one file of a folder; type openclip@{file.parent}"
    return (
        f"checkpoint {file} is a file of weights, which does not tell its architecture; type"
        f" openclip:ARCHITECTURE@{file}, such as openclip:{_EXAMPLE}@{file}"
    )
