"""A reference ClipCap: one vector of CLIP becomes a prefix that a language model goes on from.

Mokady et al. 2021, "ClipCap: CLIP Prefix for Image Captioning" (arXiv 2111.09734), the variant with
an MLP and a language model that is trained. What CLIP says of an image is one vector, where LLaVA
has its patches: the simple baseline beside it. Here the prefix stands where the image stands in a
conversation, so that questions are answered by the same means as captions are written.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mmbench.reference.architectures.language import Reader, Sizes


@dataclass(frozen=True)
class Config(Sizes):
    """The architecture. The defaults are small; `Config.paper_size()` is that of the paper.

    `embedding` is the length of CLIP's vector, `prefix` the number of tokens that it becomes.
    """

    embedding: int = 128
    prefix: int = 8

    @property
    def places(self) -> int:
        """An image is a prefix."""
        return self.prefix

    @classmethod
    def paper_size(cls) -> Config:
        """The size of the paper: CLIP ViT-B/32, a prefix of 10 tokens, and GPT-2 of 124 M."""
        return cls(50257, 1024, 768, 12, 12, 224, 32, 768, 12, 12, "quick_gelu", 512, 10)


class Prefix(Reader):
    """CLIP's vector of an image, a projector of two layers to a prefix, and the language model."""

    def __init__(self, config: Config) -> None:
        width_in, width_out = config.embedding, config.prefix * config.width
        half = width_out // 2
        super().__init__(
            config,
            lambda: nn.Sequential(nn.Linear(width_in, half), nn.Tanh(), nn.Linear(half, width_out)),
        )
        self.image_projection = nn.Linear(config.image_width, width_in, bias=False)

    def project_images(self, images: Tensor) -> Tensor:
        """Pixels [m, 3, size, size] to prefixes [m, places, width].

        CLIP's vector is taken as it is projected, not at length 1: the paper's code does so too.
        """
        mapped: Tensor = self.projector(self.image_projection(self.vision(images)))
        return mapped.view(len(mapped), self.config.places, -1)
