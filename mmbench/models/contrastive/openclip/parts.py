"""Construction of the network and the tokenizer of an open_clip model."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Any

from mmbench.checkpoints.hub import linked_folder
from mmbench.checkpoints.layouts import OPEN_CLIP
from mmbench.errors import ModelError
from mmbench.models.contrastive.openclip.source import ModelSource, library
from mmbench.models.support.library_messages import loading, quiet, silent
from mmbench.models.support.pretrained import check_vocabulary
from mmbench.validation.safe_parse import encode_json

if TYPE_CHECKING:
    from mmbench.models.support.library_types import Configuration, Network

_PRECISIONS = {"float32": "fp32", "bfloat16": "pure_bf16", "float16": "pure_fp16"}

# The files of a tokenizer of transformers, one of which holds its vocabulary.
_VOCABULARIES = ("tokenizer.json", "vocab.json", "vocab.txt", "*.model")


def create_model(source: ModelSource, preprocessing: dict[str, Any], dtype: str) -> Network:
    """Create a model with random weights, without downloading weights of its towers."""
    config = deepcopy(source.model_cfg)
    if source.text_tower:
        tower = linked_folder(source.text_tower, "text tower", ["config.json"])
        config["text_cfg"]["hf_model_name"] = str(tower)
    with silent(), quiet(), loading(source.weights.parent, "model of open_clip"):
        if source.text_tower:
            from transformers import AutoConfig

            # open_clip would ask at the terminal whether to run code.
            AutoConfig.from_pretrained(tower, trust_remote_code=False)
        with _described(config, source.preprocess_cfg) as name:
            return library().create_model(
                name,
                load_weights=False,
                pretrained_text=False,
                precision=_PRECISIONS[dtype],
                force_image_size=source.image_size,  # also resizes towers of timm
                force_preprocess_cfg=preprocessing,
            )


@contextmanager
def _described(config: dict[str, Any], preprocess_cfg: dict[str, Any]) -> Iterator[str]:
    """Write a configuration for open_clip, and yield the name of the model in open_clip.

    open_clip reads configurations from folders and from a global table of architectures only.
    """
    with TemporaryDirectory(prefix="mmbench-") as folder:
        content = {"model_cfg": config, "preprocess_cfg": preprocess_cfg}
        Path(folder, OPEN_CLIP).write_bytes(encode_json(content))
        yield f"local-dir:{folder}"


def load_tokenizer(source: ModelSource) -> Configuration:
    """Load the tokenizer of open_clip, or of transformers from the folder of the configuration.

    Without this folder, the tokenizer of transformers has the name in the configuration.
    """
    if not source.tokenizer:
        with (
            loading(source.weights.parent, "tokenizer"),
            silent(),
            _described(source.model_cfg, {}) as name,
        ):
            return library().get_tokenizer(name)
    if source.folder is None:
        return _open_tokenizer(source, linked_folder(source.tokenizer, "tokenizer", _VOCABULARIES))
    try:
        tokenizer = _open_tokenizer(source, source.folder)
        check_vocabulary(source.folder, tokenizer.tokenizer)
    except ModelError as error:
        raise ModelError(
            f"{error}; copy the files of the tokenizer {source.tokenizer} into the folder"
        ) from error
    return tokenizer


def _open_tokenizer(source: ModelSource, folder: Path) -> Configuration:
    """Load a tokenizer of transformers from a folder, with the settings of the configuration."""
    options = source.text_cfg.get("tokenizer_kwargs", {})
    with silent(), quiet(), loading(folder, "tokenizer"):
        return library().tokenizer.HFTokenizer(
            folder,
            context_length=source.context_length,
            tokenizer_mode=source.text_cfg.get("tokenizer_mode"),
            **(options | {"trust_remote_code": False, "local_files_only": True}),
        )
