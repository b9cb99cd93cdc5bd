"""The multimodal GPT with its encoding of texts and the scale of its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.gpt import Config, Unified
from mmbench.reference.checkpoints.clip import MEAN, STD
from mmbench.reference.checkpoints.configs import config_of
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.bpe import Bpe


@dataclass(frozen=True)
class UnifiedSpecimen:
    """A model with what its inputs need: the BPE, and mean and deviation of pixels / 255."""

    model: Unified
    bpe: Bpe
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str] = "unified-nano"

    def described(self) -> dict[str, object]:
        """Architecture, scale and encoding."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "bpe": self.bpe.description,
        }

    @classmethod
    def of(cls, described: Description) -> UnifiedSpecimen:
        """The specimen that is described, with weights of any value."""
        bpe, config = Bpe(described["bpe"]), config_of(Config, described["architecture"])
        refuse_counts(tokens=(len(bpe), config.text))
        return cls(Unified(config), bpe, tuple(described["mean"]), tuple(described["std"]))
