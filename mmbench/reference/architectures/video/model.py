"""The reference video model: a video tower, a classifier of motions, and a text tower."""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.clip import Config as TextConfig
from mmbench.reference.architectures.clip import ContrastiveModel, Text, contrastive_loss
from mmbench.reference.architectures.layers import initialise
from mmbench.reference.architectures.video.baselines import ResNet, TwoStream
from mmbench.reference.architectures.video.masked import PixelDecoder, masked_loss
from mmbench.reference.architectures.video.transformer import Config, VideoTransformer


class Video(ContrastiveModel):
    """A model that classifies videos, and embeds videos and texts as unit vectors.

    Class logits and embeddings are both computed from the features of the video tower. For masked
    pre-training, the transformer tower also has a pixel decoder.
    """

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = c = config
        self.tower = _tower(c)
        self.decoder = PixelDecoder(c) if c.tower == "transformer" else None
        self.head = nn.Linear(self.tower.wide, c.classes)
        self.text = Text(
            TextConfig(c.vocabulary, c.context, c.text_width, c.text_layers, c.text_heads)
        )
        self.video_projection = nn.Linear(self.tower.wide, c.embedding, bias=False)
        self.text_projection = nn.Linear(c.text_width, c.embedding, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        nn.init.normal_(self.text.tokens.weight, std=0.02)
        initialise(self.text, c.text_layers)
        for projection in (self.video_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=projection.in_features**-0.5)

    def classify(self, videos: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, frames, size, size] to logits [n, classes]."""
        logits: Tensor = self.head(self.tower(videos))
        return logits

    def encode_video(self, videos: Tensor) -> Tensor:
        """Embed videos as unit vectors, float32 [n, embedding].

        `videos` are normalised pixels [n, 3, frames, size, size].
        """
        return self._project(self.tower(videos))

    def _project(self, features: Tensor) -> Tensor:
        return F.normalize(self.video_projection(features).float(), dim=-1)

    def forward(self, videos: Tensor, classes: Tensor, tokens: Tensor) -> Tensor:
        """Return the classification loss plus the contrastive loss of n videos, a scalar."""
        features = self.tower(videos)
        vectors = self._project(features)
        class_loss = F.cross_entropy(self.head(features).float(), classes)
        return class_loss + contrastive_loss(vectors, self.encode_text(tokens), self.scale())

    def pretraining_loss(self, videos: Tensor, hidden: float) -> Tensor:
        """Return the loss of masked pre-training; `hidden` is the share of hidden positions."""
        assert self.decoder is not None
        assert isinstance(self.tower, VideoTransformer)
        return masked_loss(self.tower, self.decoder, videos, self.config, hidden)


def _tower(c: Config) -> VideoTransformer | ResNet | TwoStream:
    if c.tower == "transformer":
        return VideoTransformer(c)
    return TwoStream(c) if c.tower == "two_stream" else ResNet(3, 3, c.conv_width, c.conv_blocks)
