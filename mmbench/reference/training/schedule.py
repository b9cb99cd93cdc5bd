"""Optimisers and learning rates: AdamW and Muon, with warm-up and cosine decay."""

from __future__ import annotations

import math
from collections.abc import Mapping

from torch import Tensor, nn
from torch.optim import AdamW, Optimizer

from mmbench.reference.training.muon import Muon

_BETAS, _EPSILON = (0.9, 0.98), 1e-6


def parameter_rates(model: nn.Module, rates: Mapping[str, float]) -> dict[str, float]:
    """Return learning rates by parameter name.

    `rates` maps prefixes of names to rates; the longest matching prefix applies, and parameters
    without a matching prefix are left out. Raises ValueError for a prefix that matches none.
    """
    names = [name for name, _ in model.named_parameters()]
    for begin in rates:
        if not any(name.startswith(begin) for name in names):
            raise ValueError(
                f"no parameter name begins with {begin!r}; correct this prefix in rates or muon"
            )
    matching = {name: [b for b in rates if name.startswith(b)] for name in names}
    return {name: rates[max(fits, key=len)] for name, fits in matching.items() if fits}


def make_optimisers(
    model: nn.Module, rates: Mapping[str, float], matrices: Mapping[str, float], decay: float
) -> list[Optimizer]:
    """Return AdamW for parameters in `rates`, and Muon for 2-D parameters in `matrices`.

    `rates` and `matrices` map prefixes of parameter names to learning rates, as in
    `parameter_rates`. `decay` is the weight decay. Raises the errors of `parameter_rates`, and
    ValueError if no parameter is left for AdamW.
    """
    matching = parameter_rates(model, matrices)
    by_muon = {name: matching[name] for name in matching if model.get_parameter(name).ndim == 2}
    by_adamw = {n: rate for n, rate in parameter_rates(model, rates).items() if n not in by_muon}
    optimisers: list[Optimizer] = [adamw(model, by_adamw, decay)]
    return [*optimisers, muon(model, by_muon, decay)] if by_muon else optimisers


def adamw(model: nn.Module, rates: Mapping[str, float], decay: float) -> AdamW:
    """Return AdamW (Loshchilov and Hutter 2019) with the β₂ and ε of the CLIP paper.

    The paper uses these values for models with vision transformers. `rates` maps parameter names to
    learning rates; other parameters are left out. Each group stores its peak rate as `peak`.
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
    """Return Muon for the matrices in `rates`; each group stores its peak rate as `peak`."""
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
    """Return whether weight decay applies: true for matrices other than position embeddings."""
    return weight.ndim >= 2 and not name.endswith("positions")


def share_at(step: int, *, steps: int, warm_up: int) -> float:
    """Return the fraction of the peak learning rate at a step from 1 to `steps`.

    It rises linearly to 1 at `warm_up`, and falls along half a cosine to 0 at `steps`.
    """
    if step <= warm_up:
        return step / warm_up
    done = (step - warm_up) / (steps - warm_up)
    return (1 + math.cos(math.pi * done)) / 2
