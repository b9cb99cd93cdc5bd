"""The optimiser Muon: orthogonalised momentum of matrices (Jordan et al. 2024).

https://kellerjordan.github.io/posts/muon/. All directions of a gradient count equally, although a
few are much larger. Steps are scaled to the size of those of AdamW (Liu et al. 2025, arXiv
2502.16982, section 2.2), so that learning rates are similar. `torch.optim.Muon` multiplies in
bfloat16, which is twenty times slower than float32 on some processors and gives other digits.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import torch
from torch import Tensor
from torch.optim import Optimizer

_MOMENTUM = 0.95
_QUINTIC = (3.4445, -4.7750, 2.0315)
"""Coefficients that move singular values in 0 to 1 towards 1: to .7 to 1.2 in five steps."""


class Muon(Optimizer):
    """An optimiser of matrices [a, b], with decoupled weight decay as in AdamW.

    `groups` have `params`, `lr` and `weight_decay`. With `stacked`, the rows of a matrix are those
    of several matrices (queries, keys, values), which are stepped separately.
    """

    def __init__(self, groups: Sequence[Mapping[str, object]]) -> None:
        super().__init__([dict(group) for group in groups], {"stacked": 1})

    @torch.no_grad()
    def step(self) -> None:  # type: ignore[override]  # no closure: it would not be called
        """Step each weight that has a gradient."""
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
        """Return the gradient with Nesterov's momentum, [a, b]."""
        state = self.state[weight]
        if "momentum" not in state:
            state["momentum"] = torch.zeros_like(weight)
        momentum: Tensor = state["momentum"].lerp_(grad, 1 - _MOMENTUM)
        return grad.lerp(momentum, _MOMENTUM)


def orthogonal(matrices: Tensor) -> Tensor:
    """Return matrices [n, a, b] with the same singular vectors and singular values near 1.

    Five steps of a Newton-Schulz iteration replace a decomposition. Zeros stay zeros.
    """
    if matrices.shape[1] > matrices.shape[2]:
        return orthogonal(matrices.mT).mT
    x: Tensor = matrices / matrices.norm(dim=(1, 2), keepdim=True).clamp(min=1e-7)
    a, b, c = _QUINTIC
    for _ in range(5):
        square = x @ x.mT
        x = a * x + (b * square + c * square @ square) @ x
    return x
