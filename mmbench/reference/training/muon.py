"""Muon: momentum whose matrices are made orthogonal before they are stepped (Jordan et al. 2024).

https://kellerjordan.github.io/posts/muon/. A gradient's few large directions would drown the many
small ones: here all count alike. Steps are scaled to the size that AdamW's have (Liu et al. 2025,
arXiv 2502.16982, section 2.2), so that rates are of one order. `torch.optim.Muon` multiplies in
bfloat16, which some processors do twenty times slower than float32, and with other digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

_MOMENTUM = 0.95
_QUINTIC = (3.4445, -4.7750, 2.0315)
"""What pulls singular values of 0 to 1 towards 1 fastest: to between .7 and 1.2 in five steps."""


class Muon(Optimizer):
    """Steps matrices [a, b]; decay is decoupled, as AdamW's.

    `groups` have `params`, `lr` and `weight_decay`. A matrix whose rows are several times its
    columns by `stacked` (queries, keys, values) is stepped as that many matrices.
    """

    def __init__(self, groups: Sequence[Mapping[str, object]]) -> None:
        super().__init__([dict(group) for group in groups], {"stacked": 1})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: it would not be called
        """One step down each gradient that there is."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    ahead = self._ahead(weight, weight.grad)
                    parts = ahead.view(group["stacked"], -1, weight.shape[1])
                    step = orthogonal(parts).reshape_as(weight)
                    size = 0.2 * max(parts.shape[1:]) ** 0.5  # .2 in the mean of squares: AdamW's
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.sub_(step, alpha=group["lr"] * size)

    def _ahead(self, weight: Tensor, grad: Tensor) -> Tensor:
        """Nesterov's momentum, [a, b]."""
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"].lerp_(grad, 1 - _MOMENTUM)
        return grad.lerp(momentum, _MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Matrices [n, a, b] with the same singular vectors, and singular values near 1.

    By five steps of a Newton-Schulz iteration: nothing is decomposed. Zeros stay zeros.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    x: Tensor = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = _QUINTIC
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x
