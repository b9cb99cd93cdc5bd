"""How CLIP is optimised: AdamW with decay on matrices only, a warm-up and half a cosine."""

from __future__ import annotations

import math

from torch import Tensor, nn
from torch.optim import AdamW

_BETAS, _EPSILON = (0.9, 0.98), 1e-6


def adamw(model: nn.Module, rate: float, decay: float) -> AdamW:
    """AdamW (Loshchilov and Hutter 2019) with the β₂ and ε of the CLIP paper's transformers."""
    named = list(model.named_parameters())
    with_decay = [weight for name, weight in named if decays(name, weight)]
    without = [weight for name, weight in named if not decays(name, weight)]
    groups = [
        {"params": with_decay, "weight_decay": decay},
        {"params": without, "weight_decay": 0.0},
    ]
    return AdamW(groups, lr=rate, betas=_BETAS, eps=_EPSILON)


def decays(name: str, weight: Tensor) -> bool:
    """Whether weight decay applies: to matrices, not to biases, norms, positions, temperature."""
    return weight.ndim >= 2 and not name.endswith("positions")


def rate_at(step: int, *, steps: int, peak: float, warm_up: int) -> float:
    """The learning rate of a step from 1: linear to `peak`, then half a cosine down to zero."""
    if step <= warm_up:
        return peak * step / warm_up
    done = (step - warm_up) / (steps - warm_up)
    return peak * (1 + math.cos(math.pi * done)) / 2
