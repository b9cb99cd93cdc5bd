"""A video transformer with attention over space and time.

Patches may extend over several frames.

Divided attention is from TimeSformer (Bertasius et al. 2021, arXiv 2102.05095, section 3): each
layer attends over the frames at one position, then over the positions in one frame. Joint attention
is over all patches, as in the same paper and ViViT's model 1 (Arnab et al. 2021, arXiv 2103.15691,
section 3.3). Tubelets, patches of several frames, are also from ViViT (section 3.2). Released
weights of TimeSformer can be loaded after renaming.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from mmbench.reference.architectures.layers import Attention, TransformerBlock, initialise

VideoTower = Literal["transformer", "conv3d", "two_stream"]
AttentionKind = Literal["divided", "joint"]


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the papers' values.

    `tower` is the video encoder: the transformer, or a baseline of `video.baselines`. A patch is
    `patch` pixels wide and high and `tubelet` frames long. Raises ValueError if `patch` does not
    divide `size`, `tubelet` does not divide `frames`, or a number of heads does not divide its
    width, and for an unknown tower or attention.
    """

    vocabulary: int
    tower: VideoTower = "transformer"
    classes: int = 10
    frames: int = 16
    size: int = 48
    patch: int = 12
    tubelet: int = 4
    attention: AttentionKind = "joint"
    width: int = 96
    layers: int = 3
    heads: int = 4
    decoder_width: int = 64
    decoder_layers: int = 1
    conv_width: int = 8
    conv_blocks: int = 1
    context: int = 32
    text_width: int = 96
    text_layers: int = 2
    text_heads: int = 4
    embedding: int = 96

    def __post_init__(self) -> None:
        for part, whole in (
            ("patch", "size"),
            ("tubelet", "frames"),
            ("heads", "width"),
            ("text_heads", "text_width"),
        ):
            if getattr(self, part) < 1 or getattr(self, whole) % getattr(self, part):
                raise ValueError(f"{part} {getattr(self, part)} does not divide {whole}")
        for name, kind in (("tower", VideoTower), ("attention", AttentionKind)):
            if getattr(self, name) not in get_args(kind):
                known = " or ".join(get_args(kind))
                raise ValueError(f"{name} {getattr(self, name)!r} is not {known}")

    @classmethod
    def paper_size(cls, tower: VideoTower = "transformer") -> Config:
        """Return the published size of `tower`.

        The transformer is TimeSformer with 8 frames and ViT-B/16; the baselines are R3D-18 and two
        ResNet-18.
        """
        transformer = cls(49408, tower, 400, 8, 224, 16, 1, "divided", 768, 12, 12, 384, 4)
        conv = cls(49408, tower, 400, 16, 112, conv_width=64, conv_blocks=2, patch=16)
        own = transformer if tower == "transformer" else conv
        return replace(own, context=77, text_width=512, text_layers=12, text_heads=8, embedding=512)

    @property
    def grid(self) -> tuple[int, int]:
        """The number of patches in time and in space."""
        return self.frames // self.tubelet, (self.size // self.patch) ** 2


class JointBlock(TransformerBlock):
    """A layer that attends over all patches of all frames at once."""

    def attend(self, token: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the layer to the class token [n, 1, width] and patches [n, t, s, width]."""
        x = self(torch.cat([token, patches.flatten(1, 2)], dim=1))
        return x[:, :1], x[:, 1:].view_as(patches)


class DividedBlock(JointBlock):
    """A layer that attends over time, then over space (arXiv 2102.05095, section 3).

    Over time, a patch attends to the same position in all frames. Over space, each frame has its
    own copy of the class token, and the mean of the copies is passed on.
    """

    def __init__(self, width: int, heads: int) -> None:
        super().__init__(width, heads, causal=False)
        self.norm_time = nn.LayerNorm(width)
        self.time = Attention(width, heads, causal=False)
        self.time_out = nn.Linear(width, width)

    def attend(self, token: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
        """Apply the layer to the class token [n, 1, width] and patches [n, t, s, width]."""
        n, t, s, width = patches.shape
        lines = self.norm_time(patches).transpose(1, 2).reshape(n * s, t, width)
        attended = self.time_out(self.time(lines)).view(n, s, t, width)
        patches = patches + attended.transpose(1, 2)
        frames = torch.cat([token[:, None].expand(n, t, 1, width), patches], dim=2)
        attended = self.attention(self.norm1(frames.flatten(0, 1))).view(n, t, s + 1, width)
        x = torch.cat([token, patches.flatten(1, 2)], dim=1)
        x = x + torch.cat(
            [attended[:, :, 0].mean(1, keepdim=True), attended[:, :, 1:].flatten(1, 2)], 1
        )
        x = x + self.mlp(self.norm2(x))
        return x[:, :1], x[:, 1:].view_as(patches)


def run_blocks(blocks: nn.ModuleList, token: Tensor, patches: Tensor) -> tuple[Tensor, Tensor]:
    """Apply all layers to the class token [n, 1, width] and patches [n, t, s, width]."""
    for block in blocks:
        assert isinstance(block, JointBlock)
        token, patches = block.attend(token, patches)
    return token, patches


class VideoTransformer(nn.Module):
    """A video transformer; its features are the output at the class token."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.wide, (times, places), cube = c.width, c.grid, (c.tubelet, c.patch, c.patch)
        self.patches = nn.Conv3d(3, c.width, cube, cube)
        self.class_token = nn.Parameter(torch.randn(c.width) * 0.02)
        self.class_positions = nn.Parameter(torch.randn(c.width) * 0.02)
        self.space_positions = nn.Parameter(torch.randn(places, c.width) * 0.02)
        self.time_positions = nn.Parameter(torch.randn(times, c.width) * 0.02)
        blocks = (
            DividedBlock(c.width, c.heads)
            if c.attention == "divided"
            else JointBlock(c.width, c.heads, causal=False)
            for _ in range(c.layers)
        )
        self.blocks = nn.ModuleList(blocks)
        self.norm_out = nn.LayerNorm(c.width)
        initialise(self, c.layers)

    def forward(self, videos: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, frames, size, size] to features [n, width]."""
        return self.encode(videos)[0]

    def encode(self, videos: Tensor, visible: Tensor | None = None) -> tuple[Tensor, Tensor]:
        """Return the features of the class token [n, width] and of the patches [n, t, s, width].

        `visible`, int64 [n, s], are the indices of the visible positions, which are the same in all
        frames (tube masking); by default all positions are visible.
        """
        x = self.patches(videos).flatten(3).permute(0, 2, 3, 1)
        x = x + self.space_positions + self.time_positions[:, None]
        if visible is not None:
            x = x.gather(2, visible[:, None, :, None].expand(-1, x.shape[1], -1, x.shape[3]))
        token = (self.class_token + self.class_positions).expand(len(x), 1, -1)
        token, x = run_blocks(self.blocks, token, x)
        return self.norm_out(token[:, 0]), self.norm_out(x)
