"""Tiny folders with random weights, written by save_for_hf of timm."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import timm
import torch
from timm.models import save_for_hf

from tests.support.checkpoints.parts import NAMES

ARCHITECTURES: dict[str, dict[str, Any]] = {
    "resnet10t": {},
    "vit_tiny_patch16_224": {"img_size": 64, "depth": 2},
    "convnext_atto": {"depths": (1, 1, 1, 1), "dims": (8, 16, 16, 16)},
}


def folder(
    path: Path, name: str = "resnet10t", *, classes: int = len(NAMES), **config: Any
) -> Path:
    """Write a model with random weights; `config` contains further keys of config.json."""
    torch.manual_seed(0)
    model = timm.create_model(name, num_classes=classes, **ARCHITECTURES[name])
    for weight in model.parameters():
        if weight.ndim > 1:  # large, so that every input and layer has an effect
            torch.nn.init.normal_(weight, std=1.5 * weight[0].numel() ** -0.5)
    save_for_hf(model, path, model_config=config, safe_serialization=True)
    return path


def edited(path: Path, **changes: Any) -> Path:
    """Change keys of pretrained_cfg in config.json."""
    file = path / "config.json"
    config = json.loads(file.read_text())
    config["pretrained_cfg"] |= changes
    file.write_text(json.dumps(config))
    return path
