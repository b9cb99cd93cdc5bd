"""Masked pre-training of video models without labels.

VideoMAE (Tong et al. 2022, arXiv 2203.12602, section 3): the encoder sees only the visible patches,
and a small decoder predicts the pixels of the hidden patches. A position is hidden in all frames
(tube masking), so that its pixels cannot be copied from another frame.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.layers import initialise
from mmbench.reference.architectures.video.transformer import (
    Config,
    JointBlock,
    VideoTransformer,
    run_blocks,
)


def split_cubes(videos: Tensor, c: Config) -> Tensor:
    """Split videos [n, 3, frames, size, size] into patches, [n, t, s, cube, 3].

    There are t patches in time and s in space, each with cube = tubelet · patch · patch pixels.
    """
    n, side = len(videos), c.size // c.patch
    parts = videos.view(n, 3, c.grid[0], c.tubelet, side, c.patch, side, c.patch)
    return parts.permute(0, 2, 4, 6, 3, 5, 7, 1).reshape(n, *c.grid, -1, 3)


def normalise_patches(pixels: Tensor) -> Tensor:
    """Standardise each channel of each patch, as in the code of VideoMAE."""
    mean = pixels.mean(-2, keepdim=True)
    deviation = pixels.var(-2, keepdim=True).sqrt()
    return ((pixels - mean) / (deviation + 1e-6)).flatten(-2)


class PixelDecoder(nn.Module):
    """A decoder that predicts the pixels of all patches from features of visible patches."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        width, (times, places) = c.decoder_width, c.grid
        self.narrow = nn.Linear(c.width, width, bias=False)
        self.mask_token = nn.Parameter(torch.randn(width) * 0.02)
        self.space_positions = nn.Parameter(torch.randn(places, width) * 0.02)
        self.time_positions = nn.Parameter(torch.randn(times, width) * 0.02)
        blocks = (JointBlock(width, max(1, width // 64), False) for _ in range(c.decoder_layers))
        self.blocks = nn.ModuleList(blocks)
        self.norm_out = nn.LayerNorm(width)
        self.pixels = nn.Linear(width, c.tubelet * c.patch * c.patch * 3)
        initialise(self, c.decoder_layers)

    def forward(self, token: Tensor, seen: Tensor, visible: Tensor) -> Tensor:
        """Predict the pixels of all patches, [n, t, s, cube · 3], for cube pixels per patch.

        `token` [n, width] is the class token; `seen` [n, t, k, width] are the features of the k
        visible positions `visible` [n, k].
        """
        n, t, _, _ = seen.shape
        narrow = self.narrow(seen)
        where = visible[:, None, :, None].expand_as(narrow)
        hidden = self.mask_token.to(narrow.dtype).expand(n, t, len(self.space_positions), -1)
        x = hidden.scatter(2, where, narrow) + self.space_positions + self.time_positions[:, None]
        _, x = run_blocks(self.blocks, self.narrow(token)[:, None], x)
        pixels: Tensor = self.pixels(self.norm_out(x))
        return pixels


def masked_loss(
    tower: VideoTransformer, decoder: PixelDecoder, videos: Tensor, c: Config, hidden: float
) -> Tensor:
    """Return the mean squared error of the normalised pixels of hidden patches, a scalar.

    `hidden` is the share of hidden positions, from 0 to 1; at least one position is hidden and at
    least one is visible. The hidden positions are drawn for each video from torch's global
    generator.
    """
    places = c.grid[1]
    seen = min(places - 1, max(1, round(places * (1 - hidden))))
    order = torch.rand(len(videos), places, device=videos.device).argsort(dim=1)
    visible, hidden_places = order[:, :seen], order[:, seen:]
    predicted = decoder(*tower.encode(videos, visible), visible)
    true = normalise_patches(split_cubes(videos, c))
    where = hidden_places[:, None, :, None].expand(-1, predicted.shape[1], -1, predicted.shape[3])
    return F.mse_loss(predicted.gather(2, where).float(), true.gather(2, where))
