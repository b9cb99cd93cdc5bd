"""A checkpoint of the reference CLIP as a folder: `config.json` beside `model.safetensors`."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save

from mmbench.errors import ModelError
from mmbench.nano.clip import CLIP, Config
from mmbench.nano.tokens import Words

_MEAN, _STD = (0.8, 0.8, 0.8), (0.2, 0.2, 0.2)


@dataclass(frozen=True)
class Checkpoint:
    """A model with what its inputs need: the vocabulary, and mean and deviation of pixels / 255."""

    model: CLIP
    words: Words
    mean: tuple[float, float, float] = field(default=_MEAN)
    std: tuple[float, float, float] = field(default=_STD)


def write_checkpoint(folder: Path, checkpoint: Checkpoint, dtype: torch.dtype) -> None:
    """Write `config.json` and `model.safetensors` into an existing folder.

    Weights are stored as `dtype` (float16 halves the file). Raises OSError.
    """
    config = {
        "model": "clip-nano",
        "architecture": asdict(checkpoint.model.config),
        "mean": checkpoint.mean,
        "std": checkpoint.std,
        "words": checkpoint.words.words,
    }
    weights = {k: v.to(dtype).contiguous() for k, v in checkpoint.model.state_dict().items()}
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(save(weights))


def read_checkpoint(folder: Path) -> Checkpoint:
    """Load a folder that `write_checkpoint` wrote; the model is float32, in evaluation mode.

    Raises ModelError that names the file at fault.
    """
    config = _config(folder / "config.json")
    try:
        with torch.device("meta"):  # shapes only: the weights come from the file
            model = CLIP(Config(**config["architecture"]))
        words = Words(config["words"])
        mean, std = tuple(config["mean"]), tuple(config["std"])
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(
            f"{folder / 'config.json'}: not a clip-nano checkpoint: {error}"
        ) from error
    if len(words.words) != model.config.vocabulary:
        raise ModelError(
            f"{folder / 'config.json'}: {len(words.words)} words for a vocabulary of"
            f" {model.config.vocabulary}; write the checkpoint again"
        )
    _load_weights(model, folder / "model.safetensors")
    return Checkpoint(model.eval(), words, mean, std)


def _config(file: Path) -> dict[str, Any]:
    try:
        config = json.loads(file.read_text(encoding="utf-8"))
    except FileNotFoundError as error:
        raise ModelError(
            f"{file}: no such file; a clip-nano checkpoint is a folder with config.json and"
            " model.safetensors, as `mmbench train clip-nano --out DIR` writes in DIR/step-N"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{file}: holds no JSON object; is this a clip-nano checkpoint?")
    return config


def _load_weights(model: CLIP, file: Path) -> None:
    try:
        weights = {k: v.float() for k, v in load(file.read_bytes()).items()}
        model.load_state_dict(weights, assign=True)
    except FileNotFoundError as error:
        raise ModelError(
            f"{file}: no such file; the folder holds no safetensors weights"
        ) from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file}: cannot be read: {error}") from error
    except RuntimeError as error:
        why = " ".join(str(error).split())[:300]
        raise ModelError(f"{file}: does not fit the config.json beside it: {why}") from error
