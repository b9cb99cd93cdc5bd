"""Positions in a sequence of any length."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(length: int, width: int) -> Tensor:
    """Fixed positions float32 [length, width]: sines, then cosines, of width / 2 wavelengths.

    From 2π to 20,000π steps (Vaswani et al. 2017, arXiv 1706.03762, section 3.5), laid out as in
    Whisper's encoder.
    """
    half = width // 2
    rates = torch.exp(-math.log(10000) / (half - 1) * torch.arange(half))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)
