"""Checkpoint folders of reference models: `config.json` and `model.safetensors`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load, save
from torch import nn

from mmbench.errors import ModelError
from mmbench.reference.checkpoints.trained_model import Description, TrainedModel
from mmbench.validation import parse_json, read_regular

S = TypeVar("S", bound=TrainedModel[Any])


def write_checkpoint(folder: Path, checkpoint: TrainedModel[Any], dtype: torch.dtype) -> None:
    """Write `config.json` and `model.safetensors` into an existing folder.

    Floating-point weights and buffers are converted to `dtype`. Raises OSError.
    """
    config = {"model": checkpoint.name, **checkpoint.describe()}
    weights = {
        name: (value.to(dtype) if value.is_floating_point() else value).contiguous()
        for name, value in checkpoint.model.state_dict().items()
    }
    (folder / "config.json").write_text(json.dumps(config, indent=1) + "\n", encoding="utf-8")
    (folder / "model.safetensors").write_bytes(save(weights))


def read_checkpoint(folder: Path, kind: type[S]) -> S:
    """Load a checkpoint written by `write_checkpoint`, in float32 and evaluation mode.

    Raises ModelError, with the path of the faulty file, if the folder is not a checkpoint of
    `kind`.
    """
    file = folder / "config.json"
    config = _config(file, kind.name)
    try:
        with torch.device("meta"):  # allocate no memory; the weights come from the file
            checkpoint = kind.from_description(config)
    except (KeyError, TypeError, ValueError) as error:
        raise ModelError(f"{file}: not a {kind.name} checkpoint: {error}") from error
    load_weights(checkpoint.model, folder / "model.safetensors")
    checkpoint.model.eval()
    return checkpoint


def _config(file: Path, name: str) -> Description:
    try:
        config = parse_json(read_regular(file))
    except FileNotFoundError as error:
        raise ModelError(
            f"{file}: no such file; a {name} checkpoint is a folder with config.json and"
            f" model.safetensors, as `mmbench train {name} --out DIR` writes in DIR/step-N"
        ) from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: cannot be read: {error}") from error
    if not isinstance(config, dict):
        raise ModelError(f"{file} holds no JSON object; give the folder of a {name} checkpoint")
    if config.get("model") != name:
        raise ModelError(f"{file} is a checkpoint of {config.get('model')!r}, not of {name!r}")
    return config


def load_weights(model: nn.Module, file: Path) -> None:
    """Load weights from a safetensors file into a model. Raises ModelError if they do not fit."""
    try:
        tensors = load(read_regular(file))
        weights = {k: v.float() if v.is_floating_point() else v for k, v in tensors.items()}
        model.load_state_dict(weights, assign=True)
    except FileNotFoundError as error:
        raise ModelError(f"{file}: no such file; a checkpoint folder must contain it") from error
    except (OSError, SafetensorError) as error:
        raise ModelError(f"{file}: cannot be read: {error}") from error
    except RuntimeError as error:
        why = " ".join(str(error).split())[:300]
        raise ModelError(f"{file} does not fit its config.json: {why}") from error
