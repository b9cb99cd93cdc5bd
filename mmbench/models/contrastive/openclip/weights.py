"""Weights of open_clip models: selection of the file in a folder, conversion and loading."""

from __future__ import annotations

from math import isqrt
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.checkpoints.file_hashes import checkpoint_files
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

# The position embeddings of image towers, of open_clip and of timm, and the weights with the patch
# size in their last dimension.
_IMAGE_POSITIONS = {
    "visual.positional_embedding": "visual.conv1.weight",
    "visual.trunk.pos_embed": "visual.trunk.patch_embed.proj.weight",
}
_TEXT_POSITIONS = ("positional_embedding", "text.positional_embedding")

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
        others_found = f"; found {listed(others)}"
        advice = f"; type openclip@{folder / others[0]}"
    raise ModelError(
        f"checkpoint {folder} has no weights (looked for {', '.join(FILES)}{others_found}){advice}"
    )


def pattern_in(folder: Path) -> Path:
    """Return the pattern of the weights files in a folder, or in its first subfolder with one."""
    holders = {file.parent for file in checkpoint_files(folder) if file.suffix in SUFFIXES}
    return min(holders, key=lambda holder: (len(holder.parts), holder), default=folder) / "*"


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
    advice = _advice(model, tensors, source)
    load_state_dict(model, tensors, f"checkpoint {source.weights}", source.label, advice)


def _refuse_other_activation(source: ModelSource) -> None:
    """Raise ModelError for OpenAI weights in a model with GELU, because they need QuickGELU."""
    if not source.quick_gelu:
        raise ModelError(
            f"checkpoint {source.weights} has OpenAI weights, which need QuickGELU; type"
            " --model-arg quick_gelu=true"
        )


def _advice(model: Network, tensors: dict[str, Tensor], source: ModelSource) -> str:
    """Return advice for weights that do not fit a model."""
    own = model.state_dict()
    both = own.keys() & tensors.keys()
    misshapen = {name for name in both if own[name].shape != tensors[name].shape}
    if misshapen and own.keys() == tensors.keys():
        sizes = _sizes(model, {name: (own[name], tensors[name]) for name in misshapen}, source)
        if len(sizes) == len(misshapen):
            return f"type --model-arg {' --model-arg '.join(sizes)}"
    if source.architecture:
        return "give the architecture of the training run (`--model` of open_clip)"
    return ""


def _sizes(
    model: Network, pairs: dict[str, tuple[Tensor, Tensor]], source: ModelSource
) -> list[str]:
    """Return options (`image_size=256`) with which position embeddings have the shapes in a file.

    `pairs` are tensors of the model and of the file, by name. A pair that no option explains is
    left out.
    """
    options = []
    for name, (own, other) in sorted(pairs.items()):
        if own.shape[-1] != other.shape[-1] or own.ndim != other.ndim:
            continue
        if name in _TEXT_POSITIONS:
            length = source.context_length + len(other) - len(own)
            options.append(f"context_length={length}")
        elif name in _IMAGE_POSITIONS:
            patch = model.state_dict()[_IMAGE_POSITIONS[name]].shape[-1]
            size = _image_size(model.visual.image_size, patch, own.shape[-2], other.shape[-2])
            options += [f"image_size={size}"] if size else []
    return options


def _image_size(own_size: Any, patch: int, own_tokens: int, tokens: int) -> int | None:
    """Return the size in pixels of square images with `tokens` position embeddings.

    A model for images of `own_size` has `own_tokens` of them, with patches of `patch` x `patch`
    pixels. The result is None if the images are not square.
    """
    height, width = own_size if isinstance(own_size, tuple | list) else (own_size, own_size)
    class_tokens = own_tokens - (height // patch) * (width // patch)
    patches = tokens - class_tokens
    side = isqrt(max(patches, 0))
    return side * patch if side and side * side == patches else None


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
