"""A reference LLaVA: a vision tower, a projector, and a language model.

Liu et al. 2023, "Visual Instruction Tuning" (arXiv 2304.08485), with the two-layer projector of
"Improved Baselines with Visual Instruction Tuning" (arXiv 2310.03744, section 3.3). The input of
the tower's last block, one feature per patch, replaces the image token in the text.

The language model is a GPT with rotary positions as in Llama, on which LLaVA is based. Unlike
Llama, it has no RMSNorm and no gated MLP, but biases and a tied head.
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from mmbench.reference.architectures.language import Reader, Sizes


@dataclass(frozen=True)
class Config(Sizes):
    """Settings of the model. The defaults are small; `paper_size()` returns the paper's values."""

    @property
    def places(self) -> int:
        """The number of tokens per image, which is its number of patches."""
        return (self.image_size // self.patch) ** 2

    @classmethod
    def paper_size(cls) -> Config:
        """Return the size of LLaVA-1.5-7B: CLIP ViT-L/14 at 336 px, 32 layers of width 4,096."""
        return cls(32064, 4096, 4096, 32, 32, 336, 14, 1024, 24, 16, "quick_gelu")


class LLaVA(Reader):
    """LLaVA: patch features of an image tower, a two-layer projector and a language model."""

    def __init__(self, config: Config) -> None:
        width_in, width_out = config.image_width, config.width
        super().__init__(
            config,
            lambda: nn.Sequential(
                nn.Linear(width_in, width_out), nn.GELU(), nn.Linear(width_out, width_out)
            ),
        )

    def project_images(self, images: Tensor) -> Tensor:
        """Map pixels [m, 3, size, size] to projected patches [m, places, width]."""
        projected: Tensor = self.projector(self.vision.grid(images))
        return projected
