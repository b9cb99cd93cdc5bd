"""How the reference models are optimised: AdamW and Muon, warm-up, half a cosine."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from mmbench.reference.training.muon import Muon

_BETAS, _EPSILON = (0.9, 0.98), 1e-6


def parameter_rates(model: nn.Module, rates: Mapping[str, float]) -> dict[str, float]:
    """The learning rate of each parameter that has one.

    `rates` are by the beginning of its name, of which the longest that fits counts; a parameter
    that none fits is not in the result. Raises ValueError for a beginning that fits none.
    """
    names = [name for name, _ in model.named_parameters()]
    for begin in rates:
        if not any(name.startswith(begin) for name in names):
            raise ValueError(f"rates name {begin!r}, and no parameter's name begins with it")
    matching = {name: [b for b in rates if name.startswith(b)] for name in names}
    return {name: rates[max(fits, key=len)] for name, fits in matching.items() if fits}


def make_optimisers(
    model: nn.Module, rates: Mapping[str, float], matrices: Mapping[str, float], decay: float
) -> list[Optimizer]:
    """Muon over the matrices that `matrices` fits, AdamW over all else that `rates` fits.

    Both hold rates as `parameter_rates` takes them. Raises ValueError as that does, and where
    nothing is left for AdamW.
    """
    matching = parameter_rates(model, matrices)
    by_muon = {name: matching[name] for name in matching if model.get_parameter(name).ndim == 2}
    by_adamw = {n: rate for n, rate in parameter_rates(model, rates).items() if n not in by_muon}
    optimisers: list[Optimizer] = [adamw(model, by_adamw, decay)]
    return [*optimisers, muon(model, by_muon, decay)] if by_muon else optimisers


def adamw(model: nn.Module, rates: Mapping[str, float], decay: float) -> AdamW:
    """AdamW (Loshchilov and Hutter 2019) with the β₂ and ε of the CLIP paper's transformers.

    `rates` holds the learning rate of each parameter by its name; others are left out. A group
    remembers its rate as `peak`.
    """
    groups: dict[tuple[float, float], list[Tensor]] = {}
    for name, weight in model.named_parameters():
        if name in rates:
            key = (rates[name], decay if decays(name, weight) else 0.0)
            groups.setdefault(key, []).append(weight)
    listed = [
        {"params": weights, "lr": rate, "peak": rate, "weight_decay": shrinks}
        for (rate, shrinks), weights in groups.items()
    ]
    return AdamW(listed, betas=_BETAS, eps=_EPSILON)


def muon(model: nn.Module, rates: Mapping[str, float], decay: float) -> Muon:
    """Muon over the weights of `rates`, matrices all; a group remembers its rate as `peak`."""
    return Muon(
        [
            {
                "params": [weight],
                "lr": rates[name],
                "peak": rates[name],
                "weight_decay": decay,
                "stacked": 3 if name.endswith("qkv.weight") else 1,
            }
            for name, weight in model.named_parameters()
            if name in rates
        ]
    )


def decays(name: str, weight: Tensor) -> bool:
    """Whether weight decay applies: to matrices, not to biases, norms, positions, temperature."""
    return weight.ndim >= 2 and not name.endswith("positions")


def share_at(step: int, *, steps: int, warm_up: int) -> float:
    """The share of the highest learning rate at a step from 1 to `steps`.

    It climbs along a line to 1 at `warm_up`, and falls along half a cosine to 0 at `steps`.
    """
    if step <= warm_up:
        return step / warm_up
    done = (step - warm_up) / (steps - warm_up)
    return (1 + math.cos(math.pi * done)) / 2
