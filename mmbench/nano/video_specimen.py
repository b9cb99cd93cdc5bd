"""The reference video model with its vocabulary, the names of its classes and the pixels' scale."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.nano.clip_specimen import MEAN, STD
from mmbench.nano.folder import Description, refuse_counts
from mmbench.nano.tokens import Words
from mmbench.nano.video import Config
from mmbench.nano.video_model import Video


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
