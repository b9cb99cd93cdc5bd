"""LoRA folders of peft for the tiny checkpoints, with random weights or trained for a few steps."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import torch
from peft import LoraConfig, get_peft_model

TARGETS = ["q_proj", "v_proj"]


def lora(folder: Path, net: Any, *, seed: int = 1, **options: Any) -> Path:
    """Save a LoRA with random weights for the model, whose outputs it changes visibly."""
    torch.manual_seed(seed)
    settings = {"r": 4, "lora_alpha": 16, "target_modules": TARGETS, "init_lora_weights": False}
    adapted = get_peft_model(net, LoraConfig(**(settings | options)))
    with torch.no_grad():
        for name, weight in adapted.named_parameters():
            if "lora_" in name:
                weight.normal_(std=0.3)
    adapted.save_pretrained(folder)
    return folder


def trained_lora(folder: Path, net: Any, loss: Callable[[Any], torch.Tensor], steps: int) -> Path:
    """Train a LoRA of the model with AdamW, and save it as peft does."""
    torch.manual_seed(0)
    adapted = get_peft_model(net, LoraConfig(r=4, target_modules=TARGETS))
    weights = [weight for weight in adapted.parameters() if weight.requires_grad]
    optimizer = torch.optim.AdamW(weights, lr=0.02)
    for _ in range(steps):
        optimizer.zero_grad()
        loss(adapted).backward()
        optimizer.step()
    adapted.save_pretrained(folder)
    return folder
