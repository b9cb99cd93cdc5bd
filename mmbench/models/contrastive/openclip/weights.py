"""Weights of open_clip models: selection of the file in a folder, conversion and loading."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.support.state_dicts import load_state_dict, read_state_dict
from mmbench.text import listed

if TYPE_CHECKING:
    from torch import Tensor

    from mmbench.models.contrastive.openclip.source import ModelSource
    from mmbench.models.support.library_types import Network

# The order of open_clip 3.3.0 (factory.py, _find_checkpoint_in_dir), which also loads any other
# file, with a warning.
FILES = (
    *("open_clip_model.safetensors", "open_clip_pytorch_model.safetensors"),
    *("open_clip_pytorch_model.bin", "open_clip_pytorch_model.pth", "model.safetensors"),
    *("pytorch_model.bin", "pytorch_model.pth", "model.pth"),
)
SUFFIXES = (".safetensors", ".pt", ".pth", ".bin")

# Settings that OpenAI's archives store among the tensors; open_clip does not save them.
_OPENAI = ("input_resolution", "context_length", "vocab_size")

# A buffer that transformers before 4.31 saved with text towers.
_POSITION_IDS = "text.transformer.embeddings.position_ids"


def weights_in(folder: Path) -> Path:
    """Return the weights file that open_clip loads from a folder. Raises ModelError."""
    for name in FILES:
        if (folder / name).is_file():
            return folder / name
    others = sorted(file.name for file in folder.iterdir() if file.suffix in SUFFIXES)
    others_found, advice = "", ""
    if others:
        others_found, advice = f"; found {listed(others)}", "; rename the file to load"
    raise ModelError(
        f"checkpoint {folder} has no weights (looked for {', '.join(FILES)}{others_found}){advice}"
    )


def is_averaged(file: Path, *, ema: bool) -> bool:
    """Return whether the weights of a file are a moving average. Raises ModelError."""
    return file.suffix != ".safetensors" and read_state_dict(file, ema=ema).averaged


def load_weights(model: Network, source: ModelSource, *, ema: bool) -> None:
    """Load the weights of a model; their names and shapes must match. Raises ModelError."""
    tensors = read_state_dict(source.weights, ema=ema).tensors
    if tensors.keys() >= {*_OPENAI}:
        _refuse_other_activation(source)
        tensors = {name: one for name, one in tensors.items() if name not in _OPENAI}
    tensors = _converted(model, tensors)
    load_state_dict(model, tensors, f"checkpoint {source.weights}", source.label)


def _refuse_other_activation(source: ModelSource) -> None:
    """Raise ModelError for OpenAI weights in a model with GELU, because they need QuickGELU."""
    if source.config.quick_gelu:
        return
    advice = (
        f"type openclip:{source.architecture}-quickgelu@{source.weights}"
        if source.architecture
        else f'write "quick_gelu": true into model_cfg of {source.label}'
    )
    raise ModelError(
        f"checkpoint {source.weights} has OpenAI weights, which need QuickGELU; {advice}"
    )


def _converted(model: Network, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """Convert tensors to the current names in open_clip, as its load_checkpoint does.

    Position embeddings of another size are not interpolated.
    """
    from open_clip.convert import convert_state_dict
    from open_clip.model import convert_to_custom_text_state_dict

    converted: dict[str, Tensor] = convert_state_dict(model, tensors)
    if "positional_embedding" in converted and not hasattr(model, "positional_embedding"):
        converted = convert_to_custom_text_state_dict(converted)
    own = model.state_dict()
    if _POSITION_IDS not in own:
        converted.pop(_POSITION_IDS, None)
    for name in {"logit_scale", "logit_bias"} & converted.keys() & own.keys():
        converted[name] = converted[name].reshape(own[name].shape)  # a scalar or [1]
    return converted
