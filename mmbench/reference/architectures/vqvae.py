"""Two VQ-VAEs that encode images and log-mel spectrograms as tokens.

Van den Oord et al. 2017, "Neural Discrete Representation Learning" (arXiv 1711.00937, section 4):
strided convolutions and residual blocks, a codebook, and the mirrored decoder.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.codebook import Codebook
from mmbench.reference.architectures.speech import length_mask


@dataclass(frozen=True)
class VqVaeConfig:
    """Settings of a VQ-VAE.

    The codebook has `number` codes of `code_width` dimensions; the convolutions have `width`
    channels. A code covers 2**`halvings` pixels in each direction, or as many audio frames. Raises
    ValueError for a number below 1.
    """

    number: int = 256
    code_width: int = 32
    width: int = 64
    halvings: int = 3
    residuals: int = 2

    def __post_init__(self) -> None:
        if min(self.number, self.code_width, self.width, self.halvings) < 1:
            raise ValueError(f"{self} has a number below 1; give integers from 1")

    @property
    def stride(self) -> int:
        """The number of pixels (per side) or frames that a code covers."""
        return 1 << self.halvings


class CodeResidual(nn.Module):
    """A residual block: a convolution of size 3, then a pointwise convolution (section 4.1)."""

    def __init__(self, width: int, dims: int) -> None:
        super().__init__()
        conv = nn.Conv2d if dims == 2 else nn.Conv1d
        self.wide, self.point = conv(width, width, 3, padding=1), conv(width, width, 1)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, width, …] to the same shape."""
        y: Tensor = x + self.point(F.relu(self.wide(F.relu(x))))
        return y


class ImageCodes(nn.Module):
    """A VQ-VAE that encodes pixels as a square grid of codes."""

    def __init__(self, c: VqVaeConfig) -> None:
        super().__init__()
        widths = [3, *[max(16, c.width >> i) for i in reversed(range(c.halvings))]]
        pairs = list(pairwise(widths))
        self.down = nn.ModuleList(nn.Conv2d(a, b, 4, 2, 1) for a, b in pairs)
        self.before = nn.Sequential(*(CodeResidual(c.width, 2) for _ in range(c.residuals)))
        self.narrow = nn.Conv2d(c.width, c.code_width, 1)
        self.codebook = Codebook(c.number, c.code_width)
        self.widen = nn.Conv2d(c.code_width, c.width, 3, padding=1)
        self.after = nn.Sequential(*(CodeResidual(c.width, 2) for _ in range(c.residuals)))
        self.up = nn.ModuleList(nn.ConvTranspose2d(b, a, 4, 2, 1) for a, b in reversed(pairs))

    def features(self, images: Tensor) -> Tensor:
        """Map pixels [n, 3, size, size] to unquantised vectors, [n, rows, columns, code_width]."""
        x = images
        for conv in self.down:
            x = F.relu(conv(x))
        features: Tensor = self.narrow(self.before(x))
        return features.permute(0, 2, 3, 1)

    @torch.no_grad()
    def encode(self, images: Tensor) -> Tensor:
        """Encode pixels [n, 3, size, size] as codes, int64 [n, rows · columns], row by row."""
        return self.codebook.nearest(self.features(images)).flatten(1)

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Decode codes of a square grid [n, rows · columns] to pixels, float [n, 3, size, size]."""
        side = round(codes.shape[1] ** 0.5)
        return self.decode_vectors(self.codebook.codes[codes].view(len(codes), side, side, -1))

    def decode_vectors(self, codes: Tensor) -> Tensor:
        """Decode vectors [n, rows, columns, code_width] to pixels, float [n, 3, size, size]."""
        x = F.relu(self.after(self.widen(codes.permute(0, 3, 1, 2))))
        for i, conv in enumerate(self.up):
            x = conv(x if i == 0 else F.relu(x))
        return x

    def forward(self, images: Tensor) -> Tensor:
        """Return the mean squared error of the pixels plus the commitment loss, a scalar."""
        features = self.features(images)
        codes, commitment = self.codebook(features.flatten(0, 2))
        loss: Tensor = F.mse_loss(self.decode_vectors(codes.view_as(features)), images) + commitment
        return loss


class SoundCodes(nn.Module):
    """A VQ-VAE that encodes log-mel frames as a sequence of codes.

    Padding does not change the codes of the frames before it.
    """

    def __init__(self, c: VqVaeConfig, bands: int) -> None:
        super().__init__()
        widths = [bands, *[c.width] * c.halvings]
        pairs = list(pairwise(widths))
        self.stride = c.stride
        self.down = nn.ModuleList(nn.Conv1d(a, b, 4, 2, 1) for a, b in pairs)
        self.before = nn.ModuleList(CodeResidual(c.width, 1) for _ in range(c.residuals))
        self.narrow = nn.Conv1d(c.width, c.code_width, 1)
        self.codebook = Codebook(c.number, c.code_width)
        self.widen = nn.Conv1d(c.code_width, c.width, 3, padding=1)
        self.after = nn.ModuleList(CodeResidual(c.width, 1) for _ in range(c.residuals))
        self.up = nn.ModuleList(nn.ConvTranspose1d(b, a, 4, 2, 1) for a, b in reversed(pairs))

    def lengths(self, frames: Tensor) -> Tensor:
        """Return the number of codes for each number of frames, rounded up."""
        return (frames + self.stride - 1) // self.stride

    def features(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Map spectrograms [n, t, bands] to unquantised vectors, [n, codes, code_width].

        The first `frames` [n] frames of each row are audio, the rest padding.
        """
        mel = F.pad(mel, (0, 0, 0, -mel.shape[1] % self.stride))
        x, left = mel.transpose(1, 2), frames
        x = x * length_mask(left, x.shape[2])[:, None]
        for conv in self.down:
            left = (left + 1) // 2
            x = F.relu(conv(x)) * length_mask(left, x.shape[2] // 2)[:, None]
        for block in self.before:
            x = block(x) * length_mask(left, x.shape[2])[:, None]
        features: Tensor = self.narrow(x)
        return features.transpose(1, 2)

    @torch.no_grad()
    def encode(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Encode spectrograms [n, t, bands] as codes, int64 [n, ⌈t / stride⌉].

        The first `frames` [n] frames of each row are audio, the rest padding; `lengths` gives the
        number of valid codes.
        """
        return self.codebook.nearest(self.features(mel, frames))

    @torch.no_grad()
    def decode(self, codes: Tensor) -> Tensor:
        """Decode codes [n, t] of equal length to log-mel frames [n, t · stride, bands]."""
        return self.decode_vectors(self.codebook.codes[codes])

    def decode_vectors(self, codes: Tensor) -> Tensor:
        """Decode code vectors [n, t, code_width] to log-mel frames [n, t · stride, bands]."""
        x = self.widen(codes.transpose(1, 2))
        for block in self.after:
            x = block(x)
        for conv in self.up:
            x = conv(F.relu(x))
        reconstruction: Tensor = x.transpose(1, 2)
        return reconstruction

    def forward(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Return the mean squared error of the frames plus the commitment loss, a scalar."""
        features = self.features(mel, frames)
        is_code = length_mask(self.lengths(frames), features.shape[1])
        codes, commitment = self.codebook(features[is_code])
        empty = torch.zeros_like(features, dtype=codes.dtype)
        reconstruction = self.decode_vectors(empty.masked_scatter(is_code[..., None], codes))
        is_sound = length_mask(frames, mel.shape[1])
        loss: Tensor = (
            F.mse_loss(reconstruction[:, : mel.shape[1]][is_sound], mel[is_sound]) + commitment
        )
        return loss
