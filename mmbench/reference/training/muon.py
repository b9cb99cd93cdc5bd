"""The Muon optimiser, which orthogonalises the momentum of matrices (Jordan et al. 2024).

https://kellerjordan.github.io/posts/muon/. All directions of an update get the same size, although
a few dominate the gradient. Updates are scaled to the size of AdamW updates (Liu et al. 2025, arXiv
2502.16982, section 2.2), so that learning rates are similar. `torch.optim.Muon` is not used: it
multiplies in bfloat16, which is less precise and on some processors twenty times slower.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

_MOMENTUM = 0.95
_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients that move singular values from [0, 1] into [0.7, 1.2] in five steps."""


class Muon(Optimizer):
    """An optimiser for matrices [a, b], with decoupled weight decay as in AdamW.

    `groups` have `params`, `lr`, `weight_decay` and `stacked`, the number of matrices that are
    stacked in the rows of a parameter (3 for queries, keys and values). Stacked matrices are
    updated separately.
    """

    def __init__(self, groups: Sequence[Mapping[str, object]]) -> None:
        super().__init__([dict(group) for group in groups], {"stacked": 1})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # without a closure, which would not be called
        """Update each weight that has a gradient."""
        for group in self.param_groups:
            for weight in group["params"]:
                if weight.grad is not None:
                    ahead = self._ahead(weight, weight.grad)
                    parts = ahead.view(group["stacked"], -1, weight.shape[1])
                    step = orthogonal(parts).reshape_as(weight)
                    size = 0.2 * max(parts.shape[1:]) ** 0.5  # root mean square 0.2 as in AdamW
                    weight.mul_(1 - group["lr"] * group["weight_decay"])
                    weight.sub_(step, alpha=group["lr"] * size)

    def _ahead(self, weight: Tensor, grad: Tensor) -> Tensor:
        """Return the gradient combined with Nesterov momentum, [a, b]."""
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"].lerp_(grad, 1 - _MOMENTUM)
        return grad.lerp(momentum, _MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Orthogonalise matrices [n, a, b]: keep singular vectors, move singular values close to 1.

    It uses five steps of a Newton-Schulz iteration instead of a decomposition. Zero matrices stay
    zero.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    x: Tensor = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = _QUINTIC
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x
