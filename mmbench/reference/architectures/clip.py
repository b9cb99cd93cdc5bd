"""A reference CLIP: two encoders, a common space, and a contrastive loss.

Radford et al. 2021, "Learning Transferable Visual Models From Natural Language Supervision"
(arXiv:2103.00020). As in the released models: pre-norm transformers, a class token for images, the
end token for texts, no bias in patches and projections. Released weights fit after renaming.
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
    """The architecture. The defaults are small; `Config.paper_size()` is that of the paper.

    Sizes in pixels, `context` in tokens. Raises ValueError for sizes that do not divide and for a
    tower or an activation that does not exist.
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
        """Return the size of the released ViT-B models: 224 px, 512-wide text, 77 tokens."""
        return cls(49408, 77, 512, 12, 8, "vit", 224, patch, 768, 12, 12, 512, "quick_gelu")


class ImageViT(nn.Module):
    """Patches through a transformer; the features are those of the class token."""

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
        """Map pixels [n, 3, size, size] to tokens [n, 1 + patches, width], class first."""
        x = self.patches(images).flatten(2).transpose(1, 2)
        x = torch.cat([self.class_token.expand(len(x), 1, -1), x], dim=1)
        tokens: Tensor = self.norm_in(x + self.positions)
        return tokens

    def forward(self, images: Tensor) -> Tensor:
        """Map normalised pixels [n, 3, size, size] to features [n, width]."""
        features: Tensor = self.norm_out(self.blocks(self.embed_patches(images))[:, 0])
        return features

    def grid(self, images: Tensor) -> Tensor:
        """Return the patches of normalised pixels [n, 3, size, size] before the last block.

        [n, patches, width], row by row. The last block serves the class token only.
        """
        patches: Tensor = self.blocks[:-1](self.embed_patches(images))[:, 1:]
        return patches


class ImageResidual(nn.Module):
    """Two 3 × 3 convolutions with a shortcut, and group norm, so that rows are independent."""

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
    """A residual network with attention pooling: the mean of the places is the query.

    `patch` is the total stride, a power of two. Each halving is a stage; `image_layers` is the
    number of blocks of all stages, and the width doubles up to `image_width`.
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
    """Tokens through a causal transformer; the features are those of the end token."""

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
        """Embed ids [n, t], t up to the context, as [n, t, width]."""
        x: Tensor = self.tokens(tokens) + self.positions[: tokens.shape[1]]
        return x

    def forward(self, tokens: Tensor) -> Tensor:
        """Map ids [n, t], t up to the context, to [n, width]; ids after the end have no effect."""
        x = self.blocks(self.embed_ids(tokens))
        ends = (tokens == END).int().argmax(dim=1)
        features: Tensor = self.norm_out(x[torch.arange(len(x), device=x.device), ends])
        return features


class ContrastiveModel(nn.Module):
    """A model of unit vectors of texts and another medium, with a temperature of their similarity.

    A subclass creates the text tower, the projection of its features, and the logarithm of the
    inverse temperature.
    """

    text: Text
    text_projection: nn.Linear
    log_scale: nn.Parameter

    def encode_text(self, tokens: Tensor) -> Tensor:
        """Return unit vectors [n, embedding] in float32 of ids [n, t]."""
        return F.normalize(self.text_projection(self.text(tokens)).float(), dim=-1)

    def scale(self) -> Tensor:
        """Return the inverse temperature, at most 100."""
        return self.log_scale.clamp(max=math.log(100)).exp()

    @torch.no_grad()
    def constrain(self) -> None:
        """Clamp the parameter of `scale`, which has no gradient beyond the limit."""
        self.log_scale.clamp_(max=math.log(100))


class CLIP(ContrastiveModel):
    """A model of unit vectors of images and texts."""

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
        """Draw normal weights as in the paper's code."""
        nn.init.normal_(self.text.tokens.weight, std=0.02)
        for tower, layers in (
            (self.image, self.config.image_layers),
            (self.text, self.config.text_layers),
        ):
            initialise(tower, layers)
        for projection in (self.image_projection, self.text_projection):
            nn.init.normal_(projection.weight, std=projection.in_features**-0.5)

    def encode_image(self, images: Tensor) -> Tensor:
        """Return unit vectors [n, embedding] in float32 of normalised pixels [n, 3, size, size]."""
        return F.normalize(self.image_projection(self.image(images)).float(), dim=-1)

    def forward(self, images: Tensor, tokens: Tensor) -> Tensor:
        """Return the contrastive loss of n pairs, a scalar."""
        return contrastive_loss(self.encode_image(images), self.encode_text(tokens), self.scale())


def contrastive_loss(images: Tensor, texts: Tensor, scale: Tensor) -> Tensor:
    """Return the mean of two cross-entropies: images among texts, texts among images.

    `images` and `texts` are unit vectors [n, d]; row i of one belongs to row i of the other.
    """
    logits = scale * images @ texts.T
    truth = torch.arange(len(logits), device=logits.device)
    return (F.cross_entropy(logits, truth) + F.cross_entropy(logits.T, truth)) / 2
