"""Description of an open_clip model: a configuration in a folder or file, or an architecture."""

from __future__ import annotations

from copy import deepcopy
from pathlib import Path
from typing import Any, NamedTuple

import msgspec

from mmbench.checkpoints.layouts import OPEN_CLIP
from mmbench.errors import ModelError, UnknownName
from mmbench.models.contrastive.openclip.weights import pattern_in, weights_in
from mmbench.models.support.library_messages import import_library
from mmbench.models.support.library_types import Configuration
from mmbench.text import with_home
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json


class _ModelConfig(msgspec.Struct):
    """The keys of `model_cfg` that are checked here; open_clip reads all of them."""

    embed_dim: int
    vision_cfg: dict[str, Any]
    text_cfg: dict[str, Any]
    quick_gelu: bool = False


class ModelSource(NamedTuple):
    """An open_clip model before its weights are read.

    `model_cfg` and `preprocess_cfg` are the entries of open_clip_config.json. `folder` is the
    folder of this file. Without it, `architecture` is the name of an architecture, or the path of
    its JSON file. `image_size` is set if it replaces the size in `model_cfg`.
    """

    model_cfg: dict[str, Any]
    preprocess_cfg: dict[str, Any]
    weights: Path
    folder: Path | None = None
    architecture: str | None = None
    image_size: int | None = None

    @property
    def label(self) -> str:
        """Return the description of the architecture in messages."""
        return f"the architecture {self.architecture}" if self.architecture else OPEN_CLIP

    @property
    def quick_gelu(self) -> bool:
        """Return whether the activation is QuickGELU."""
        return bool(self.model_cfg.get("quick_gelu"))

    @property
    def text_cfg(self) -> dict[str, Any]:
        """Return the configuration of the text tower and the tokenizer."""
        return dict(self.model_cfg["text_cfg"])

    @property
    def context_length(self) -> int:
        """Return the length of a text in tokens."""
        default = library().tokenizer.DEFAULT_CONTEXT_LENGTH
        return int(self.text_cfg.get("context_length", default))

    @property
    def tokenizer(self) -> str:
        """Return the name of a tokenizer of transformers, or "" for open_clip's own tokenizer."""
        return str(self.text_cfg.get("hf_tokenizer_name") or "")

    @property
    def text_tower(self) -> str:
        """Return the name of a text tower of transformers, or "" for a tower of open_clip."""
        return str(self.text_cfg.get("hf_model_name") or "")

    def with_overrides(
        self, quick_gelu: bool | None, image_size: int | None, context_length: int | None
    ) -> ModelSource:
        """Return the description with other values; None keeps the value of the configuration."""
        config = deepcopy(self.model_cfg)
        if quick_gelu is not None:
            config["quick_gelu"] = quick_gelu
        if image_size is not None:
            config["vision_cfg"]["image_size"] = image_size
        if context_length is not None:
            config["text_cfg"]["context_length"] = context_length
        return self._replace(model_cfg=config, image_size=image_size)


def library() -> Configuration:
    """Import open_clip without its output. Raises MissingExtra and ModelError."""
    return import_library("open_clip", "model openclip", "mmbench[openclip]")


def find_source(checkpoint: Path | None, architecture: str | None) -> ModelSource:
    """Return the description of a checkpoint folder or a weights file.

    The configuration of a weights file is that of `architecture`, or open_clip_config.json next to
    the file. Raises ModelError if a part is missing, UnknownName for an unknown architecture.
    """
    library()
    if checkpoint is None:
        raise ModelError(
            "model openclip needs a checkpoint; type openclip@FOLDER or openclip:ARCHITECTURE@FILE"
        )
    if checkpoint.is_dir():
        return _folder_source(checkpoint, architecture)
    refuse_bare_file(checkpoint, architecture)
    if architecture is None:
        return _with_config(checkpoint.parent / OPEN_CLIP, checkpoint)
    if is_config_file(architecture):
        source = _with_config(Path(with_home(architecture)), checkpoint)
        return source._replace(folder=None, architecture=architecture)
    name, config = named_config(architecture)
    return ModelSource(config, {}, checkpoint, architecture=name)


def is_config_file(architecture: str) -> bool:
    """Return whether an architecture is the path of its JSON file."""
    return architecture.lower().endswith(".json")


def named_config(architecture: str) -> tuple[str, dict[str, Any]]:
    """Return the name in open_clip of an architecture, and its configuration.

    Raises UnknownName.
    """
    name = architecture.replace("/", "-")  # OpenAI's spelling is ViT-B/32
    config = library().get_model_config(name) if ":" not in name else None
    if config is None:
        raise UnknownName(
            "architecture of open_clip",
            architecture,
            library().list_models(),
            "another architecture is given as the path of its JSON file",
        )
    return name, config


def refuse_bare_file(file: Path, architecture: str | None) -> None:
    """Raise ModelError for a weights file without a configuration."""
    if architecture is None and not (file.parent / OPEN_CLIP).is_file():
        raise ModelError(
            f"checkpoint {file} is a weights file, which does not contain its architecture; type"
            f" openclip:ARCHITECTURE@{file}, such as openclip:ViT-B-32@{file}"
        )


def _folder_source(folder: Path, architecture: str | None) -> ModelSource:
    file = folder / OPEN_CLIP
    if not file.is_file():
        raise ModelError(
            f"checkpoint {folder} is a folder without {OPEN_CLIP}; type"
            f" 'openclip:{architecture or 'ARCHITECTURE'}@{pattern_in(folder)}'"
        )
    if architecture:
        raise ModelError(
            f"checkpoint {folder} is a folder with {OPEN_CLIP}, which replaces the architecture;"
            f" type openclip@{folder}, or openclip:{architecture}@FILE"
        )
    return _with_config(file, weights_in(folder))


def _with_config(file: Path, weights: Path) -> ModelSource:
    """Return the description of weights with the configuration in a JSON file.

    The file is an open_clip_config.json, or has the content of its entry `model_cfg`, like the
    configurations of architectures in open_clip. Raises ModelError.
    """
    try:
        content = parse_json(read_regular(file), dict[str, Any])
        model_cfg = content.get("model_cfg", {} if file.name == OPEN_CLIP else content)
        msgspec.convert(model_cfg, _ModelConfig)
        preprocess_cfg = msgspec.convert(content.get("preprocess_cfg", {}), dict[str, Any])
    except FileNotFoundError as error:
        raise ModelError(f"architecture {file}: there is no such file; check the path") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} is not a configuration of open_clip: {error}") from error
    return ModelSource(model_cfg, preprocess_cfg, weights, file.parent)
