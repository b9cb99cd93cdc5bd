"""A reference LLaVA: a vision tower, a projector, and a language model that reads what it gives.

Liu et al. 2023, "Visual Instruction Tuning" (arXiv 2304.08485), with the two-layer projector of
"Improved Baselines with Visual Instruction Tuning" (arXiv 2310.03744, section 3.3). The patches of
an image, as they are before the tower's last block, become as many tokens, in the place of the
image token in the text.

The language model is a GPT with the rotary positions of Llama, which LLaVA builds on. Llama has
also RMSNorm, a gated MLP, no biases and a head of its own.
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
        """An image is as many tokens as it has patches."""
        return (self.image_size // self.patch) ** 2

    @classmethod
    def paper_size(cls) -> Config:
        """The size of LLaVA-1.5-7B: CLIP ViT-L/14 for 336 px, and 32 layers 4,096 wide."""
        return cls(32064, 4096, 4096, 32, 32, 336, 14, 1024, 24, 16, "quick_gelu")


class LLaVA(Reader):
    """The tower's patches, a projector of two layers, and the language model."""

    def __init__(self, config: Config) -> None:
        width_in, width_out = config.image_width, config.width
        super().__init__(
            config,
            lambda: nn.Sequential(
                nn.Linear(width_in, width_out), nn.GELU(), nn.Linear(width_out, width_out)
            ),
        )

    def project_images(self, images: Tensor) -> Tensor:
        """Pixels [m, 3, size, size] to their patches, projected: [m, places, width]."""
        projected: Tensor = self.projector(self.vision.grid(images))
        return projected
