"""A reference CLIP: two encoders, a shared embedding space and a contrastive loss.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"
(arXiv:2103.00020). As in the released models, transformers are pre-norm, images are pooled at a
class token and texts at the end token, and patch embedding and projections have no bias. Released
weights can be loaded after renaming.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal, get_args

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from mmbench.reference.architectures.layers import (
    Activation,
    Attention,
    TransformerBlock,
    initialise,
)
from mmbench.reference.tokens.words import END

ImageTower = Literal["vit", "resnet"]


@dataclass(frozen=True)
class Config:
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    Sizes are in pixels, `context` is in tokens. Raises ValueError if `patch` does not divide
    `image_size` or a number of heads does not divide its width, and for an unknown image tower or
    activation.
    """

    vocabulary: int
    context: int = 48
    text_width: int = 128
    text_layers: int = 4
    text_heads: int = 4
    image_tower: ImageTower = "vit"
    image_size: int = 64
    patch: int = 16
    image_width: int = 128
    image_layers: int = 4
    image_heads: int = 4
    embedding: int = 128
    activation: Activation = "gelu"

    def __post_init__(self) -> None:
        for part, whole in (
            ("patch", "image_size"),
            ("image_heads", "image_width"),
            ("text_heads", "text_width"),
        ):
            if getattr(self, part) < 1 or getattr(self, whole) % getattr(self, part):
                raise ValueError(f"{part} {getattr(self, part)} does not divide {whole}")
        if self.image_tower not in get_args(ImageTower):
            raise ValueError(f"image_tower {self.image_tower!r} is not vit or resnet")
        if self.activation not in get_args(Activation):
            raise ValueError(f"activation {self.activation!r} is not gelu or quick_gelu")
        if self.image_tower == "resnet" and self.patch & (self.patch - 1):
            raise ValueError(f"patch {self.patch} of a ResNet is not a power of two")

    @classmethod
    def paper_size(cls, patch: int = 32) -> Config:
        """Return the settings of the released ViT-B models with patches of `patch` pixels.

        Images are 224 pixels wide; the text tower has width 512 and a context of 77 tokens.
        """
        return cls(49408, 77, 512, 12, 8, "vit", 224, patch, 768, 12, 12, 512, "quick_gelu")


class ImageViT(nn.Module):
    """A vision transformer; its features are the output at the class token."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        width, tokens = c.image_width, (c.image_size // c.patch) ** 2 + 1
        self.patches = nn.Conv2d(3, width, c.patch, c.patch, bias=False)
        self.class_token = nn.Parameter(torch.randn(width) * width**-0.5)
        self.positions = nn.Parameter(torch.randn(tokens, width) * width**-0.5)
        self.norm_in = nn.LayerNorm(width)
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(width, c.image_heads, False, c.activation)
                for _ in range(c.image_layers)
            )
        )
        self.norm_out = nn.LayerNorm(width)

    def embed_patches(self, images: Tensor) -> Tensor:
        """Map pixels [n, 3, size, size] to tokens [n, 1 + patches, width], class token first."""
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), 1, -1), x], dim=1)
        tokens: Tensor = self.norm_in(x + self.positions)
        return tokens

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, size, size] to features [n, width]."""
        features: Tensor = self.norm_out(self.blocks(self.embed_patches(images))[:, 0])
        return features

    def grid(self, images: Tensor) -> Tensor:
        """Return patch features [n, patches, width] before the last block, row by row.

        `images` are normalised pixels [n, 3, size, size]. The last block is skipped, since it was
        trained for the class token only.
        """
        patches: Tensor = self.blocks[:-1](self.embed_patches(images))[:, 1:]
        return patches


class ImageResidual(nn.Module):
    """A residual block of two 3 × 3 convolutions with group norm."""

    def __init__(self, wide_in: int, wide_out: int, stride: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(wide_in, wide_out, 3, stride, 1, bias=False)
        self.norm1 = nn.GroupNorm(math.gcd(8, wide_out), wide_out)
        self.conv2 = nn.Conv2d(wide_out, wide_out, 3, 1, 1, bias=False)
        self.norm2 = nn.GroupNorm(math.gcd(8, wide_out), wide_out)
        same = stride == 1 and wide_in == wide_out
        self.short = nn.Identity() if same else nn.Conv2d(wide_in, wide_out, 1, stride, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Map [n, in, h, w] to [n, out, h / stride, w / stride]."""
        y = self.norm2(self.conv2(F.relu(self.norm1(self.conv1(x)))))
        return F.relu(y + self.short(x))


class ImageResNet(nn.Module):
    """A residual network with attention pooling; the query is the mean over all positions.

    The total stride is the configuration's `patch`, a power of two. Each stage halves the image
    size, and the width doubles from stage to stage up to `image_width`. The `image_layers` blocks
    are spread over the stages.
    """

    def __init__(self, c: Config) -> None:
        super().__init__()
        stages = int(math.log2(c.patch))
        widths = [max(8, c.image_width >> (stages - 1 - i)) for i in range(stages)]
        depths = [max(1, (c.image_layers + i) // stages) for i in range(stages)]
        blocks: list[nn.Module] = []
        wide = 3
        for width, depth in zip(widths, depths, strict=True):
            for i in range(depth):
                blocks.append(ImageResidual(wide, width, 2 if i == 0 else 1))
                wide = width
        self.blocks = nn.Sequential(*blocks)
        tokens = (c.image_size // c.patch) ** 2 + 1
        self.positions = nn.Parameter(torch.randn(tokens, wide) * wide**-0.5)
        self.pool = Attention(wide, c.image_heads, causal=False)
        self.norm_out = nn.LayerNorm(wide)

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, size, size] to features [n, width]."""
        x = self.blocks(images).flatten(2).transpose(1, 2)
        x = torch.cat([x.mean(1, keepdim=True), x], dim=1) + self.positions
        features: Tensor = self.norm_out(self.pool(x)[:, 0])
        return features


class Text(nn.Module):
    """A causal text transformer; its features are the output at the end token."""

    def __init__(self, c: Config) -> None:
        super().__init__()
        width = c.text_width
        self.tokens = nn.Embedding(c.vocabulary, width)
        self.positions = nn.Parameter(torch.randn(c.context, width) * 0.01)
        self.blocks = nn.Sequential(
            *(
                TransformerBlock(width, c.text_heads, True, c.activation)
                for _ in range(c.text_layers)
            )
        )
        self.norm_out = nn.LayerNorm(width)

    def embed_ids(self, tokens: Tensor) -> Tensor:
        """Embed token ids [n, t] as [n, t, width]; t is at most the context."""
        x: Tensor = self.tokens(tokens) + self.positions[: tokens.shape[1]]
        return x

    def forward(self, tokens: Tensor) -> Tensor:
        """Map token ids [n, t] to features [n, width]; ids after the end token have no effect."""
        x = self.blocks(self.embed_ids(tokens))
        ends = (tokens == END).int().argmax(dim=1)
        features: Tensor = self.norm_out(x[torch.arange(len(x), device=x.device), ends])
        return features


class ContrastiveModel(nn.Module):
    """Base class of models that embed texts and another modality as unit vectors.

    A subclass creates the text tower, the projection of its features, and the logarithm of the
    inverse temperature of similarities.
    """

    text: Text
    text_projection: nn.Linear
    log_scale: nn.Parameter

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Embed token ids [n, t] as unit vectors, float32 [n, embedding]."""
        return F.normalize(self.text_projection(self.text(tokens)).float(), dim=-1)

    def scale(self) -> Tensor:
        """Return the inverse temperature, at most 100."""
        return self.log_scale.clamp(max=math.log(100)).exp()

    @torch.no_grad()
    def constrain(self) -> None:
        """Clamp the parameter of `scale` in place; beyond the limit it would have no gradient."""
        self.log_scale.clamp_(max=math.log(100))


class CLIP(ContrastiveModel):
    """CLIP, which embeds images and texts as unit vectors."""

    def __init__(self, config: Config) -> None:
        super().__init__()
        self.config = config
        self.image = ImageViT(config) if config.image_tower == "vit" else ImageResNet(config)
        self.text = Text(config)
        self.image_projection = nn.Linear(config.image_width, config.embedding, bias=False)
        self.text_projection = nn.Linear(config.text_width, config.embedding, bias=False)
        self.log_scale = nn.Parameter(torch.tensor(math.log(1 / 0.07)))
        self._initialise()

    def _initialise(self) -> None:
        """Initialise the weights from normal distributions as in the paper's code."""
        nn.init.normal_(self.text.tokens.weight, std=0.02)
        for tower, layers in (
            (self.image, self.config.image_layers),
            (self.text, self.config.text_layers),
        ):
            initialise(tower, layers)
        for projection in (self.image_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=projection.in_features**-0.5)

    def encode_image(self, images: Tensor) -> Tensor:
        """Embed normalised pixels [n, 3, size, size] as unit vectors, float32 [n, embedding]."""
        return F.normalize(self.image_projection(self.image(images)).float(), dim=-1)

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Return the contrastive loss of n image-text pairs, a scalar."""
        return contrastive_loss(self.encode_image(images), self.encode_text(tokens), self.scale())


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Return the mean cross-entropy of matching images to texts and texts to images.

    `images` and `texts` are unit vectors [n, d] of n pairs; `scale` is the inverse temperature.
    """
    logits = scale * images @ texts.T
    truth = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, truth) + F.cross_entropy(logits.T, truth)) / 2
