"""The pre-norm transformer block of the reference models, with a cache for generation."""

from __future__ import annotations

from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.positions import Rotation, rotate

Activation = Literal["gelu", "quick_gelu"]


def refuse_heads(width: int, heads: int, *, rotary: bool = False) -> None:
    """Raise ValueError unless `heads` divides `width`.

    With `rotary` positions, the width per head must also be even.
    """
    if heads < 1 or width % heads:
        raise ValueError(f"heads {heads} does not divide width {width}")
    if rotary and width // heads % 2:
        raise ValueError(
            f"heads {heads} divide width {width} into parts of {width // heads}, but rotary"
            " positions need an even width"
        )


class QuickGELU(nn.Module):
    """The activation x · sigmoid(1.702 x), an approximation of GELU in the first CLIP models."""

    def forward(self, x: Tensor) -> Tensor:
        """Apply the activation to a tensor of any shape."""
        return x * torch.sigmoid(1.702 * x)


class Cache:
    """The keys and values of earlier tokens in one attention layer, each [n, heads, t, d]."""

    def __init__(self) -> None:
        self.seen: tuple[Tensor, Tensor] | None = None

    def extend(self, k: Tensor, v: Tensor) -> tuple[Tensor, Tensor]:
        """Append the keys and values of new tokens; return all keys and all values."""
        if self.seen is not None:
            k, v = (torch.cat(pair, dim=2) for pair in zip(self.seen, (k, v), strict=True))
        self.seen = k, v
        return k, v

    @property
    def length(self) -> int:
        """Return the number of cached tokens."""
        return 0 if self.seen is None else self.seen[0].shape[2]

    def select_rows(self, rows: Tensor) -> None:
        """Keep only the rows with the indices `rows`, int64 [m], distinct and ascending."""
        if self.seen is not None and len(rows) < len(self.seen[0]):
            self.seen = self.seen[0][rows], self.seen[1][rows]


class Attention(nn.Module):
    """Multi-head self-attention; if `causal`, a token attends to itself and earlier tokens."""

    def __init__(self, width: int, heads: int, causal: bool) -> None:
        super().__init__()
        self.heads, self.causal = heads, causal
        self.qkv = nn.Linear(width, 3 * width)
        self.out = nn.Linear(width, width)

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        rotation: Rotation | None = None,
    ) -> Tensor:
        """Map [n, t, width] to [n, t, width].

        `mask`, bool and broadcast to [n, heads, t, s], replaces `causal`: it selects which of s
        tokens each of the t tokens attends to. With a `cache`, the s tokens are the cached tokens
        followed by the t new tokens. `rotation`, the rotary angles of the t positions, is applied
        to queries and keys.
        """
        n, t, width = x.shape
        q, k, v = self.qkv(x).view(n, t, 3, self.heads, width // self.heads).permute(2, 0, 3, 1, 4)
        if rotation is not None:
            q, k = rotate(q, rotation), rotate(k, rotation)
        if cache is not None:
            k, v = cache.extend(k, v)
        causal = self.causal and mask is None and t == k.shape[2]
        mixed = F.scaled_dot_product_attention(q, k, v, mask, is_causal=causal)
        joined: Tensor = self.out(mixed.transpose(1, 2).reshape(n, t, width))
        return joined


class TransformerBlock(nn.Module):
    """A pre-norm transformer block: x + attention(norm(x)), then x + mlp(norm(x))."""

    def __init__(
        self, width: int, heads: int, causal: bool, activation: Activation = "gelu"
    ) -> None:
        super().__init__()
        self.norm1 = nn.LayerNorm(width)
        self.attention = Attention(width, heads, causal)
        self.norm2 = nn.LayerNorm(width)
        act = QuickGELU() if activation == "quick_gelu" else nn.GELU()
        self.mlp = nn.Sequential(nn.Linear(width, 4 * width), act, nn.Linear(4 * width, width))

    def forward(
        self,
        x: Tensor,
        mask: Tensor | None = None,
        cache: Cache | None = None,
        rotation: Rotation | None = None,
    ) -> Tensor:
        """Map [n, t, width] to [n, t, width]; for the other arguments see `Attention.forward`."""
        x = x + self.attention(self.norm1(x), mask, cache, rotation)
        y: Tensor = x + self.mlp(self.norm2(x))
        return y


def initialise(module: nn.Module, layers: int) -> None:
    """Initialise the weights of all transformer blocks in a module with `layers` layers.

    Weights are drawn from normal distributions; projections into the residual stream are scaled
    down by the depth (arXiv 2103.00020, section 2.4, after GPT-2).
    """
    for block in (m for m in module.modules() if isinstance(m, TransformerBlock)):
        width = block.norm1.normalized_shape[0]
        writes = width**-0.5 * (2 * layers) ** -0.5
        nn.init.normal_(block.attention.qkv.weight, std=width**-0.5)
        nn.init.normal_(block.attention.out.weight, std=writes)
        nn.init.normal_(block.mlp.get_parameter("0.weight"), std=(2 * width) ** -0.5)
        nn.init.normal_(block.mlp.get_parameter("2.weight"), std=writes)
