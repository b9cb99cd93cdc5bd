"""A reference LLaVA: a vision tower, a projector, and a language model.

Liu et al. 2023, "Visual Instruction Tuning" (arXiv 2304.08485), with the two-layer projector of
"Improved Baselines with Visual Instruction Tuning" (arXiv 2310.03744, section 3.3). The patches of
an image before the tower's last block become tokens in place of the image token in the text.

The language model is a GPT with the rotary positions of Llama, on which LLaVA is based. Llama also
has RMSNorm, a gated MLP, no biases and an untied head.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mmbench.reference.architectures.language import Reader, Sizes


@dataclass(frozen=True)
class Config(Sizes):
    """The architecture. The defaults are small; `Config.paper_size()` is that of the paper."""

    @property
    def places(self) -> int:
        """Return the number of tokens of an image, its number of patches."""
        return (self.image_size // self.patch) ** 2

    @classmethod
    def paper_size(cls) -> Config:
        """Return the size of LLaVA-1.5-7B: CLIP ViT-L/14 for 336 px, and 32 layers 4,096 wide."""
        return cls(32064, 4096, 4096, 32, 32, 336, 14, 1024, 24, 16, "quick_gelu")


class LLaVA(Reader):
    """The image tower's patches, a projector of two layers, and the language model."""

    def __init__(self, config: Config) -> None:
        width_in, width_out = config.image_width, config.width
        super().__init__(
            config,
            lambda: nn.Sequential(
                nn.Linear(width_in, width_out), nn.GELU(), nn.Linear(width_out, width_out)
            ),
        )

    def project_images(self, images: Tensor) -> Tensor:
        """Return the projected patches [m, places, width] of pixels [m, 3, size, size]."""
        projected: Tensor = self.projector(self.vision.grid(images))
        return projected
