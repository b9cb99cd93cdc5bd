"""A reference audio encoder that predicts tags and embeds audio in one space with texts.

The encoder is PANNs' convolutional network (Kong et al. 2019, arXiv:1912.10211, section III.A and
table I: blocks of two 3 × 3 convolutions over the log-mel spectrogram, mean over frequency, maximum
and mean over time), followed by transformer blocks over time that represent the order of events, as
in Kong et al. 2020 (arXiv:1912.04761). With a text tower it is CLAP (Elizalde et al. 2022,
arXiv:2206.04769) or, as a third tower of CLIP, AudioCLIP (Guzhov et al. 2021, arXiv:2106.13043).

Group norm replaces batch norm, so that a row does not depend on the other rows of a batch. Its
statistics cover the whole clip, so all clips of a batch have the same length, without padding.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures import clip
from mmbench.reference.architectures.layers import TransformerBlock, initialise
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    `widths` are the channels of the convolutional blocks, followed by `layers` transformer layers.
    All blocks but the last halve time and frequency. Raises ValueError if `heads` does not divide
    the last width, or the spectrogram has too few bands for the blocks.
    """

    vocabulary: int
    tags: int
    mel: Mel = field(default_factory=lambda: Mel(8000, 256, 192, 40))
    widths: tuple[int, ...] = (8, 16, 64, 128)
    layers: int = 2
    heads: int = 4
    context: int = 40
    text_width: int = 128
    text_layers: int = 2
    text_heads: int = 4
    embedding: int = 128

    def __post_init__(self) -> None:
        if self.widths[-1] % self.heads or self.heads < 1:
            raise ValueError(
                f"heads {self.heads} does not divide {self.widths[-1]}, the last width"
            )
        if self.mel.bands < self.stride:
            raise ValueError(
                f"{self.mel.bands} bands are too few; the blocks need at least {self.stride}"
            )

    @property
    def stride(self) -> int:
        """The number of spectrogram frames per feature."""
        return int(2 ** (len(self.widths) - 1))

    @property
    def texts(self) -> clip.Config:
        """The configuration of the text tower."""
        sizes = (self.context, self.text_width, self.text_layers, self.text_heads)
        return clip.Config(self.vocabulary, *sizes)

    @classmethod
    def paper_size(cls) -> Config:
        """Return the settings of CLAP: CNN14, the 527 AudioSet tags, BERT base as text tower."""
        mel, widths = Mel(32000, 1024, 320, 64, 50, 14000), (64, 128, 256, 512, 1024, 2048)
        return cls(30522, 527, mel, widths, 0, 1, 512, 768, 12, 12, 1024)


class ConvBlock(nn.Module):
    """Two 3 × 3 convolutions with norm and ReLU, then average pooling over `pool` × `pool`."""

    def __init__(self, wide_in: int, wide_out: int, pool: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, padding=1, bias=False)
        self.norm1 = nn.GroupNorm(math.gcd(8, wide_out), wide_out)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, padding=1, bias=False)
        self.norm2 = nn.GroupNorm(math.gcd(8, wide_out), wide_out)
        self.pool = pool

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, in, t, bands] to [n, out, t // pool, bands // pool]."""
        x = F.relu(self.norm1(self.conv1(x)))
        x = F.relu(self.norm2(self.conv2(x)))
        return F.avg_pool2d(x, self.pool) if self.pool > 1 else x


class AudioEncoder(nn.Module):
    """An encoder that maps a log-mel spectrogram to one feature vector."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(c.mel.bands))
        self.shift = nn.Parameter(torch.zeros(c.mel.bands))
        ends = zip((1, *c.widths), c.widths, strict=False)
        self.convolutions = nn.Sequential(
            *(ConvBlock(a, b, 2 if i < len(c.widths) - 1 else 1) for i, (a, b) in enumerate(ends))
        )
        width = c.widths[-1]
        self.blocks = nn.Sequential(
            *(TransformerBlock(width, c.heads, False) for _ in range(c.layers))
        )
        self.out = nn.Linear(width, width)
        initialise(self.blocks, max(1, c.layers))

    def frames(self, mel: Tensor) -> Tensor:
        """Map spectrograms [n, t, bands], t ≥ `stride`, to features [n, t // stride, width]."""
        x: Tensor = self.convolutions((mel * self.gain + self.shift)[:, None])
        return x.mean(3).transpose(1, 2)

    def forward(self, mel: Tensor) -> Tensor:
        """Map spectrograms [n, t, bands], t ≥ `stride`, to non-negative features [n, width]."""
        x = self.frames(mel)
        if len(self.blocks):
            x = self.blocks(x + sinusoids(x.shape[1], x.shape[2]).to(x))
        return F.relu(self.out(x.amax(1) + x.mean(1)))


class AudioCLIP(clip.ContrastiveModel):
    """A model that embeds audio and texts as unit vectors and predicts audio tags."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.audio = AudioEncoder(config)
        self.tags = nn.Linear(config.widths[-1], config.tags)
        self.text = clip.Text(config.texts)
        self.audio_projection = nn.Linear(config.widths[-1], config.embedding, bias=False)
        self.text_projection = nn.Linear(config.text_width, config.embedding, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        nn.init.normal_(self.text.tokens.weight, std=0.02)
        initialise(self.text, config.text_layers)

    def encode_audio(self, mel: Tensor) -> Tensor:
        """Embed spectrograms [n, t, bands] of equal length as unit vectors [n, embedding]."""
        return self.project(self.audio(mel))

    def project(self, features: Tensor) -> Tensor:
        """Project audio features [n, width] to unit vectors, float32 [n, embedding]."""
        return F.normalize(self.audio_projection(features).float(), dim=-1)

    def classify(self, mel: Tensor) -> Tensor:
        """Return tag logits [n, tags] for log-mel spectrograms [n, t, bands] of equal length."""
        logits: Tensor = self.tags(self.audio(mel))
        return logits.float()

    def forward(self, mel: Tensor, tokens: Tensor, tags: Tensor) -> Tensor:
        """Return the contrastive loss of n audio-text pairs plus the tagging loss, a scalar.

        `mel` are spectrograms [n, t, bands], `tokens` the token ids of the texts, and `tags` [n,
        tags] is 1 for each tag of a clip, else 0.
        """
        features = self.audio(mel)
        pairs = clip.contrastive_loss(
            self.project(features), self.encode_text(tokens), self.scale()
        )
        return pairs + F.binary_cross_entropy_with_logits(self.tags(features).float(), tags)
