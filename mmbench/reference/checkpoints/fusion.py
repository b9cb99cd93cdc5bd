"""The reference fusion classifier with its vocabulary, its labels and the scale of its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.fusion import Config, Fusion
from mmbench.reference.checkpoints.clip import MEAN, STD
from mmbench.reference.checkpoints.configs import config_of
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.words import Words


@dataclass(frozen=True)
class FusionSpecimen:
    """A model with what its inputs need: vocabulary, mean and deviation of pixels / 255.

    `labels` are the texts of its classes in their order.
    """

    model: Fusion
    words: Words
    labels: list[str]
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str] = "fusion-nano"

    def described(self) -> dict[str, object]:
        """Architecture, scale, labels and words."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "labels": self.labels,
            "words": self.words.words,
        }

    @classmethod
    def of(cls, described: Description) -> FusionSpecimen:
        """The specimen that is described, with weights of any value."""
        words, labels = Words(described["words"]), list(described["labels"])
        config = config_of(Config, described["architecture"])
        refuse_counts(
            words=(len(words.words), config.vocabulary), labels=(len(labels), config.classes)
        )
        scale = tuple(described["mean"]), tuple(described["std"])
        return cls(Fusion(config), words, labels, *scale)
