"""A reference ClipCap: an image's CLIP embedding becomes a prefix of a language model.

Mokady et al. 2021, "ClipCap: CLIP Prefix for Image Captioning" (arXiv 2111.09734), in the variant
with an MLP and a language model that is trained, too. It is a simple baseline for LLaVA: an image
is a single CLIP embedding instead of patches. Here the prefix replaces the image in a conversation,
so that the model can answer questions as well as generate captions.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mmbench.reference.architectures.language import Reader, Sizes


@dataclass(frozen=True)
class Config(Sizes):
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values.

    `embedding` is the dimension of CLIP's embedding, `prefix` the number of tokens made from it.
    """

    embedding: int = 128
    prefix: int = 8

    @property
    def places(self) -> int:
        """The number of tokens per image, which is the length of the prefix."""
        return self.prefix

    @classmethod
    def paper_size(cls) -> Config:
        """Return the paper's size: CLIP ViT-B/32, 10 prefix tokens, GPT-2 with 124 M parameters."""
        return cls(50257, 1024, 768, 12, 12, 224, 32, 768, 12, 12, "quick_gelu", 512, 10)


class Prefix(Reader):
    """ClipCap: the CLIP embedding of an image, a two-layer projector and a language model."""

    def __init__(self, config: Config) -> None:
        width_in, width_out = config.embedding, config.prefix * config.width
        half = width_out // 2
        super().__init__(
            config,
            lambda: nn.Sequential(nn.Linear(width_in, half), nn.Tanh(), nn.Linear(half, width_out)),
        )
        self.image_projection = nn.Linear(config.image_width, width_in, bias=False)

    def project_images(self, images: Tensor) -> Tensor:
        """Map pixels [m, 3, size, size] to prefixes [m, places, width].

        As in the paper's code, CLIP's embedding is not normalised to length 1.
        """
        mapped: Tensor = self.projector(self.image_projection(self.vision(images)))
        return mapped.view(len(mapped), self.config.places, -1)
