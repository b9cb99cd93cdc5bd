"""Networks of the reference models with random weights."""

from __future__ import annotations

from typing import TypeVar

import torch
from torch import nn

from mmbench.reference.architectures.language import Reader
from mmbench.reference.tokens.turns import ASSISTANT, IMAGE, USER
from mmbench.reference.tokens.words import END, PAD, START, UNKNOWN

R = TypeVar("R", bound=Reader)


def lively(model: R) -> R:
    """Draw weights with which it says this and that and ends now and then, instead of one word.

    Its blocks speak louder than the token before, often for the end, for no other mark.
    """
    tokens = nn.init.normal_(model.language.tokens.weight, std=0.2)
    with torch.no_grad():
        tokens[END] *= 3
        tokens[[PAD, UNKNOWN, START, IMAGE, USER, ASSISTANT]] = 0
        for block in model.language.blocks:
            for writes in ("attention.out.weight", "mlp.2.weight"):
                block.get_parameter(writes).mul_(4)
    return model


def parameter_count(*modules: nn.Module) -> int:
    """Return the number of trainable numbers of the modules."""
    return sum(weight.numel() for module in modules for weight in module.parameters())
