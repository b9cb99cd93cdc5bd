"""The reference video model with its vocabulary, the names of its classes and the pixels' scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.video import Config
from mmbench.reference.architectures.video_model import Video
from mmbench.reference.checkpoints.clip import MEAN, STD
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.words import Words


@dataclass(frozen=True)
class VideoSpecimen:
    """A model with what it needs: vocabulary, class names, mean and deviation of pixels / 255."""

    model: Video
    words: Words
    labels: tuple[str, ...]
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str] = "video-nano"

    def described(self) -> dict[str, object]:
        """Architecture, scale, names of the classes and words."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "labels": self.labels,
            "words": self.words.words,
        }

    @classmethod
    def of(cls, described: Description) -> VideoSpecimen:
        """The specimen that is described, with weights of any value."""
        words, config = Words(described["words"]), Config(**described["architecture"])
        labels = tuple(described["labels"])
        refuse_counts(
            words=(len(words.words), config.vocabulary), labels=(len(labels), config.classes)
        )
        scale = tuple(described["mean"]), tuple(described["std"])
        return cls(Video(config), words, labels, *scale)
