"""What the models that read images among words keep beside their weights."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import ClassVar, Self

from mmbench.reference.architectures.language import Reader, Sizes
from mmbench.reference.checkpoints.clip import MEAN, STD
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.words import Words


@dataclass(frozen=True)
class ReaderSpecimen:
    """A model with what its inputs need: the vocabulary, and mean and deviation of pixels / 255.

    The scale is that of the vision tower. `made` makes a model of its sizes, and these.
    """

    model: Reader
    words: Words
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str]
    made: ClassVar[tuple[Callable[..., Reader], Callable[..., Sizes]]]

    def described(self) -> dict[str, object]:
        """Architecture, scale and words."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "words": self.words.words,
        }

    @classmethod
    def of(cls, described: Description) -> Self:
        """The specimen that is described, with weights of any value."""
        model, sizes_of = cls.made
        words, config = Words(described["words"]), sizes_of(**described["architecture"])
        refuse_counts(words=(len(words.words), config.vocabulary))
        return cls(model(config), words, tuple(described["mean"]), tuple(described["std"]))
