"""Two earlier types of video networks as baselines: 3-D convolutions and two streams.

They have the same interface as the transformer. Group norm replaces the batch norm of the papers,
so that a row does not depend on the other rows of a batch.
"""

from __future__ import annotations

import math
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.video.transformer import Config

Dimensions = Literal[2, 3]


def _conv(dims: Dimensions, wide_in: int, wide_out: int, size: int, stride: int) -> nn.Module:
    kind = nn.Conv2d if dims == 2 else nn.Conv3d
    return kind(wide_in, wide_out, size, stride, size // 2, bias=False)


def _norm(width: int) -> nn.GroupNorm:
    return nn.GroupNorm(math.gcd(8, width), width)


class VideoResidual(nn.Module):
    """A residual block of two convolutions with kernels of size 3 (arXiv 1512.03385, figure 2)."""

    def __init__(self, dims: Dimensions, wide_in: int, wide_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = _conv(dims, wide_in, wide_out, 3, stride)
        self.norm1 = _norm(wide_out)
        self.conv2 = _conv(dims, wide_out, wide_out, 3, 1)
        self.norm2 = _norm(wide_out)
        short = nn.Sequential(_conv(dims, wide_in, wide_out, 1, stride), _norm(wide_out))
        self.short = nn.Identity() if stride == 1 and wide_in == wide_out else short

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, in, ...] to [n, out, ...]; the other dimensions are divided by the stride."""
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.short(x))


class ResNet(nn.Module):
    """A residual network: a stem, four stages that double the width, and global average pooling.

    The stages halve the size. With `dims` 3, the stem is the same as in R3D (Tran et al. 2018,
    arXiv 1711.11248, table 1): a 3 × 7 × 7 convolution that halves space, but not time. With `dims`
    2, it is the same as in ResNet (arXiv 1512.03385, table 1), but without pooling, since the
    images are small.
    """

    def __init__(self, dims: Dimensions, channels: int, width: int, blocks: int) -> None:
        super().__init__()
        self.wide = 8 * width
        self.stem: nn.Module = _conv(2, channels, width, 7, 2)
        if dims == 3:
            self.stem = nn.Conv3d(channels, width, (3, 7, 7), (1, 2, 2), (1, 3, 3), bias=False)
        self.norm = _norm(width)
        stages: list[nn.Module] = []
        wide = width
        for stage in range(4):
            for block in range(blocks):
                stride = 2 if stage and not block else 1
                stages.append(VideoResidual(dims, wide, width << stage, stride))
                wide = width << stage
        self.blocks = nn.Sequential(*stages)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, channels, ...] to [n, 8 · width]."""
        maps: Tensor = self.blocks(F.relu(self.norm(self.stem(x))))
        return maps.flatten(2).mean(2)


class TwoStream(nn.Module):
    """Two networks for appearance and motion (Simonyan and Zisserman 2014, arXiv 1406.2199).

    The input for appearance is the middle frame. The input for motion consists of the differences
    between neighbouring frames, stacked as the channels of one image; they replace the paper's
    optical flow. The features of both networks are concatenated.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.appearance = ResNet(2, 3, c.conv_width, c.conv_blocks)
        self.motion = ResNet(2, 3 * (c.frames - 1), c.conv_width, c.conv_blocks)
        self.wide = self.appearance.wide + self.motion.wide

    def forward(self, videos: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, frames, size, size] to [n, 16 · conv_width]."""
        changes = videos.diff(dim=2).flatten(1, 2)
        middle = videos[:, :, videos.shape[2] // 2]
        return torch.cat([self.appearance(middle), self.motion(changes)], dim=1)
