"""Reference classifiers of an image, an audio clip and a text, with three types of fusion.

The three types of fusion are from Baltrušaitis et al. 2017, "Multimodal Machine Learning: A Survey
and Taxonomy" (arXiv:1705.09406, section 6):

    early   patches, audio frames and words in one transformer from its first layer (as in ViLT,
            Kim et al. 2021, arXiv:2102.03334, for patches and words)
    late    an encoder and a classifier for each modality; the logits are averaged
    hybrid  an encoder of half the depth for each modality, and a joint transformer of their
            features; its logits are added to those of the three classifiers

Late fusion averages unimodal predictions. If no single modality tells anything about the class, the
average with the lowest cross-entropy does not either. With every type of fusion, each input passes
through `layers` layers.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Literal, get_args

import torch
from torch import Tensor, nn

from mmbench.reference.architectures import audio, clip
from mmbench.reference.architectures.layers import TransformerBlock, initialise, refuse_heads
from mmbench.reference.architectures.mel import Mel
from mmbench.reference.architectures.positions import sinusoids
from mmbench.reference.tokens.words import PAD

FusionType = Literal["early", "late", "hybrid"]


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    `values` is the number of different values that an input may show. Sizes are in pixels,
    `context` is in tokens; `convolutions` are the channels of the audio blocks before `width`.
    Raises ValueError if `heads` does not divide `width`, `patch` does not divide `image_size`, or
    the type of fusion is unknown.
    """

    vocabulary: int
    classes: int
    values: int
    fusion: FusionType = "early"
    width: int = 96
    layers: int = 4
    heads: int = 4
    image_size: int = 64
    patch: int = 16
    mel: Mel = field(default_factory=lambda: Mel(8000, 256, 192, 40))
    convolutions: tuple[int, ...] = (8, 16, 64)
    context: int = 16

    def __post_init__(self) -> None:
        if self.fusion not in get_args(FusionType):
            raise ValueError(f"fusion {self.fusion!r} is not early, late or hybrid")
        refuse_heads(self.width, self.heads)
        _ = self.towers, self.sounds  # which raise ValueError for invalid sizes

    @property
    def own_layers(self) -> int:
        """The number of layers in each separate encoder; the other layers are joint."""
        return {"early": 0, "late": self.layers, "hybrid": self.layers // 2}[self.fusion]

    @property
    def towers(self) -> clip.Config:
        """The configuration of a CLIP with the image and text encoders as towers."""
        text = (self.vocabulary, self.context, self.width, self.own_layers, self.heads)
        image = (self.image_size, self.patch, self.width, self.own_layers, self.heads)
        return clip.Config(*text, "vit", *image)

    @property
    def sounds(self) -> audio.Config:
        """The configuration of the AudioCLIP that gives the audio encoder."""
        widths = (*self.convolutions, self.width)
        return audio.Config(
            self.vocabulary, self.classes, self.mel, widths, self.own_layers, self.heads
        )

    @classmethod
    def paper_size(cls, fusion: FusionType = "early") -> Config:
        """Return the sizes of ViT-B/16, BERT base and CNN14: 12 layers of width 768."""
        mel = Mel(32000, 1024, 320, 64, 50, 14000)
        channels = (64, 128, 256, 512, 1024)
        return cls(30522, 1000, 1000, fusion, 768, 12, 12, 224, 16, mel, channels, 512)


class Joint(nn.Module):
    """A transformer over the tokens of all modalities and a class token."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        self.class_token = nn.Parameter(torch.randn(c.width) * c.width**-0.5)
        self.kinds = nn.Parameter(torch.randn(3, c.width) * c.width**-0.5)
        depth = c.layers - c.own_layers
        self.blocks = nn.ModuleList(TransformerBlock(c.width, c.heads, False) for _ in range(depth))
        self.norm_out = nn.LayerNorm(c.width)
        initialise(self.blocks, depth)

    def forward(self, parts: Sequence[Tensor], words: Tensor | None = None) -> Tensor:
        """Map embedded tokens [n, t, width] of image, audio and text to features [n, width].

        `words`, bool [n, t], is true for words of the text and false for padding.
        """
        own = self.class_token.expand(len(parts[0]), 1, -1)
        x = torch.cat(
            [own, *(part + kind for part, kind in zip(parts, self.kinds, strict=True))], 1
        )
        mask = None
        if words is not None:
            others = words.new_ones(len(x), x.shape[1] - words.shape[1])
            mask = torch.cat([others, words], 1)[:, None, None]
        for block in self.blocks:
            x = block(x, mask)
        features: Tensor = self.norm_out(x[:, 0])
        return features


class Fusion(nn.Module):
    """A classifier with three encoders and their fusion.

    All audio clips of a batch have the same length.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.image = clip.ImageViT(config.towers)
        self.audio = audio.AudioEncoder(config.sounds)
        self.text = clip.Text(config.towers)
        width, classes = config.width, config.classes
        if config.fusion != "late":
            self.joint = Joint(config)
            self.head = nn.Linear(width, classes)
        if config.fusion != "early":
            self.heads = nn.ModuleList(nn.Linear(width, classes) for _ in range(3))
        self.tells = nn.ModuleList(nn.Linear(width, config.values) for _ in range(3))
        nn.init.normal_(self.text.tokens.weight, std=0.02)
        for tower in (self.image, self.text):
            initialise(tower, config.own_layers)

    def forward(self, images: Tensor, mel: Tensor, tokens: Tensor) -> Tensor:
        """Return class logits, float32 [n, classes].

        `images` are pixels [n, 3, size, size], `mel` log-mel spectrograms [n, t, bands], and
        `tokens` token ids [n, t], padded on the right.
        """
        return self.class_logits(self.features(images, mel, tokens))

    def class_logits(self, features: Sequence[Tensor]) -> Tensor:
        """Return class logits, float32 [n, classes], given the result of `features`."""
        if self.config.fusion == "early":
            early_logits: Tensor = self.head(features[0])
            return early_logits.float()
        pairs = zip(self.heads, features, strict=True)
        logits = torch.stack([head(vector) for head, vector in pairs]).mean(0)
        if self.config.fusion == "hybrid":
            logits = logits + self.head(self.joint([vector[:, None] for vector in features]))
        return logits.float()

    def value_logits(self, features: Sequence[Tensor]) -> Tensor:
        """Return logits of the value that each of the 3 inputs shows, float32 [n, 3, values].

        The argument is the result of the method `features`.
        """
        pairs = zip(self.tells, features, strict=True)
        return torch.stack([tell(vector) for tell, vector in pairs], 1).float()

    def features(self, images: Tensor, mel: Tensor, tokens: Tensor) -> list[Tensor]:
        """Return three feature matrices [n, width], of image, audio and text.

        With early fusion, all three are the same joint features.
        """
        if self.config.fusion != "early":
            return [self.image(images), self.audio(mel), self.text(tokens)]
        return [self.joint(self._tokens(images, mel, tokens), tokens != PAD)] * 3

    def _tokens(self, images: Tensor, mel: Tensor, tokens: Tensor) -> list[Tensor]:
        """Return embedded patches, audio frames and words with positions, on the same scale."""
        frames = self.audio.out(self.audio.frames(mel))
        frames = frames + sinusoids(frames.shape[1], frames.shape[2]).to(frames)
        words = self.text.norm_out(self.text.embed_ids(tokens))
        return [self.image.norm_out(self.image.embed_patches(images)), frames, words]
