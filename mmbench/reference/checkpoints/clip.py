"""The reference CLIP with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.clip import CLIP, Config
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.words import Words

MEAN, STD = (0.8, 0.8, 0.8), (0.2, 0.2, 0.2)
"""Mean and deviation of pixels / 255 of the shapes world, by channel, rounded."""


@dataclass(frozen=True)
class ClipSpecimen:
    """A model with what its inputs need: the vocabulary, and mean and deviation of pixels / 255."""

    model: CLIP
    words: Words
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str] = "clip-nano"

    def described(self) -> dict[str, object]:
        """Architecture, scale and words."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "words": self.words.words,
        }

    @classmethod
    def of(cls, described: Description) -> ClipSpecimen:
        """The specimen that is described, with weights of any value."""
        words, config = Words(described["words"]), Config(**described["architecture"])
        refuse_counts(words=(len(words.words), config.vocabulary))
        return cls(CLIP(config), words, tuple(described["mean"]), tuple(described["std"]))
