"""Position encodings for sequences of any length: sinusoids and rotary angles."""

from __future__ import annotations

import math

import torch
from torch import Tensor


def sinusoids(length: int, width: int) -> Tensor:
    """Return sinusoidal position encodings, float32 [length, width]: width / 2 sines, then cosines.

    The wavelengths range from 2π to 20,000π steps (Vaswani et al. 2017, arXiv 1706.03762, section
    3.5), in the layout of Whisper's encoder.
    """
    half = width // 2
    rates = torch.exp(-math.log(10000) / (half - 1) * torch.arange(half))
    angles = torch.arange(length)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


Rotation = tuple[Tensor, Tensor]
"""Cosines and sines of the rotation of pairs of channels, float32 [… , t, width / 2]."""


def rotary_angles(at: Tensor, width: int) -> Rotation:
    """Return the cosines and sines that rotate `width` channels at positions `at` [… , t].

    The product of two rotated vectors depends only on their distance: RoFormer (Su et al. 2021,
    arXiv 2104.09864, section 3.2), with its wavelengths from 2 π to 20,000 π.
    """
    angles = at[..., None] * 10000.0 ** (-torch.arange(0, width, 2, device=at.device) / width)
    return angles.cos(), angles.sin()


def rotate(x: Tensor, rotation: Rotation) -> Tensor:
    """Rotate vectors [n, heads, t, width]; channels i and i + width / 2 form a plane."""
    cos, sin = (part.to(x.dtype) for part in rotation)
    first, second = x.chunk(2, dim=-1)
    return torch.cat([first * cos - second * sin, second * cos + first * sin], dim=-1)
