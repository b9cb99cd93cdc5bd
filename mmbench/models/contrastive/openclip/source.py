"""Description of an open_clip model: the configuration in a folder, or a named architecture."""

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
    """An open_clip model before its weights are read.

    `name` is the name in open_clip: `local-dir:FOLDER` or the name of an architecture.
    """

    name: str
    config: _ModelConfig
    weights: Path
    architecture: str | None = None

    @property
    def label(self) -> str:
        """Return the description of the architecture in messages."""
        return f"the architecture {self.architecture}" if self.architecture else OPEN_CLIP

    @property
    def tokenizer(self) -> str:
        """Return the name of a tokenizer of transformers, or "" for open_clip's own tokenizer."""
        return str(self.config.text_cfg.get("hf_tokenizer_name") or "")

    @property
    def text_tower(self) -> str:
        """Return the name of a text tower of transformers, or "" for a tower of open_clip."""
        return str(self.config.text_cfg.get("hf_model_name") or "")


def library() -> Configuration:
    """Import open_clip without its output. Raises MissingExtra and ModelError."""
    return import_library("open_clip", "model openclip", "mmbench[openclip]")


def find_source(checkpoint: Path | None, architecture: str | None) -> ModelSource:
    """Return the description of a checkpoint folder, or of a weights file with an architecture.

    Raises ModelError if a part is missing, UnknownName for an unknown architecture.
    """
    open_clip = library()
    if checkpoint is None:
        raise ModelError(
            "model openclip needs a checkpoint; type openclip@FOLDER or openclip:ARCHITECTURE@FILE"
        )
    if checkpoint.is_dir():
        return _folder_source(checkpoint, architecture)
    if architecture is None:
        raise ModelError(_without_architecture(checkpoint))
    name = architecture.replace("/", "-")  # OpenAI's spelling is ViT-B/32
    if (config := open_clip.get_model_config(name)) is None:
        raise UnknownName("architecture of open_clip", architecture, open_clip.list_models())
    return ModelSource(name, msgspec.convert(config, _ModelConfig), checkpoint, name)


def _folder_source(folder: Path, architecture: str | None) -> ModelSource:
    if architecture:
        raise ModelError(
            f"checkpoint {folder} is a folder, but only a weights file needs an architecture; type"
            f" openclip@{folder}, or openclip:{architecture}@FILE"
        )
    file = folder / OPEN_CLIP
    if not file.is_file():
        raise ModelError(
            f"checkpoint {folder} has no {OPEN_CLIP}; give a folder with this file, or a weights"
            f" file with its architecture, such as openclip:{_EXAMPLE}@FILE"
        )
    try:
        config = parse_json(read_regular(file), _FolderConfig).model_cfg
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} is not a configuration of open_clip: {error}") from error
    return ModelSource(f"local-dir:{folder}", config, weights_in(folder))


def _without_architecture(file: Path) -> str:
    if (file.parent / OPEN_CLIP).is_file():
        return f"checkpoint {file} is one file of a folder; type openclip@{file.parent}"
    return (
        f"checkpoint {file} is a weights file, which does not contain its architecture; type"
        f" openclip:ARCHITECTURE@{file}, such as openclip:{_EXAMPLE}@{file}"
    )
