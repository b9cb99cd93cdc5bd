"""A reference speech recogniser: an encoder of audio frames with a CTC head.

The encoder is Whisper's (Radford et al. 2022, arXiv:2212.04356, section 2.2: two convolutions over
the log-mel spectrogram, the second of stride 2, sinusoids, pre-norm transformer blocks). A linear
layer replaces its decoder: each frame is labelled with a letter or a blank, and dropping
repetitions and blanks gives the text (Graves et al. 2006, "Connectionist Temporal Classification"),
as in wav2vec 2.0 (arXiv:2006.11477).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import groupby

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.layers import TransformerBlock, initialise, refuse_heads
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids

BLANK = 0
"""The label of a frame without a letter; letter i of the alphabet has the label i + 1."""


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    `labels` is the number of letters plus 1 for the blank. Raises ValueError if `heads` does not
    divide `width`.
    """

    labels: int
    mel: Mel = field(default_factory=lambda: Mel(8000, 200, 80, 40))
    width: int = 128
    layers: int = 4
    heads: int = 4

    def __post_init__(self) -> None:
        refuse_heads(self.width, self.heads)

    @property
    def letters(self) -> int:
        """The number of letters, which is the number of labels without the blank."""
        return self.labels - 1

    @classmethod
    def paper_size(cls) -> Config:
        """Return the settings of Whisper base's encoder, with wav2vec 2.0's 32 English labels."""
        return cls(32, Mel.paper_size(), 512, 6, 8)


class SpeechEncoder(nn.Module):
    """An encoder of log-mel spectrograms that outputs a feature for every two frames."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.conv1 = nn.Conv1d(c.mel.bands, c.width, 3, padding=1)
        self.conv2 = nn.Conv1d(c.width, c.width, 3, stride=2, padding=1)
        self.blocks = nn.ModuleList(
            TransformerBlock(c.width, c.heads, False) for _ in range(c.layers)
        )
        self.norm_out = nn.LayerNorm(c.width)
        initialise(self, c.layers)

    def forward(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Map spectrograms [n, t, bands] to features [n, (t + 1) // 2, width].

        The first `frames` [n] frames of each row are audio, the rest padding. Padding has no effect
        on the features of audio frames: it is set to zero for the convolutions and masked in the
        blocks.
        """
        is_sound = length_mask(frames, mel.shape[1])[:, None]
        x = F.gelu(self.conv1(mel.transpose(1, 2) * is_sound)) * is_sound
        x = F.gelu(self.conv2(x)).transpose(1, 2)
        x = x + sinusoids(x.shape[1], x.shape[2]).to(x)
        mask = length_mask(feature_lengths(frames), x.shape[1])[:, None, None]
        for block in self.blocks:
            x = block(x, mask)
        features: Tensor = self.norm_out(x)
        return features


class Speech(nn.Module):
    """A speech recogniser: an encoder and a linear layer that maps features to label logits."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.encoder = SpeechEncoder(config)
        self.head = nn.Linear(config.width, config.labels)

    def forward(self, mel: Tensor, frames: Tensor) -> Tensor:
        """Map spectrograms [n, t, bands] to label logits [n, (t + 1) // 2, labels].

        The first `frames` [n] frames of each row are audio, the rest padding.
        """
        logits: Tensor = self.head(self.encoder(mel, frames))
        return logits.float()

    def loss(self, mel: Tensor, frames: Tensor, letters: Tensor, lengths: Tensor) -> Tensor:
        """Return the CTC loss in nats per letter, averaged over audio clips.

        `mel` and `frames` are the arguments of `forward`. `letters` [n, most] are the labels of the
        texts, of which the first `lengths` [n] of each row are valid. A text that is too long for
        its frames contributes no gradient.
        """
        log_probabilities = self(mel, frames).log_softmax(-1).transpose(0, 1)
        return F.ctc_loss(
            log_probabilities, letters, feature_lengths(frames), lengths, BLANK, zero_infinity=True
        )


def feature_lengths(frames: Tensor) -> Tensor:
    """Return the number of encoder features for each number of frames."""
    return (frames + 1) // 2


def length_mask(lengths: Tensor, most: int) -> Tensor:
    """Return a mask, bool [n, most], that is true at positions before each row's length."""
    return torch.arange(most, device=lengths.device) < lengths[:, None]


def decode_labels(labels: Sequence[int], alphabet: str) -> str:
    """Convert frame labels to text: drop repetitions, then blanks."""
    letters = [label for label, _ in groupby(labels) if label != BLANK]
    return "".join(alphabet[label - 1] for label in letters)
