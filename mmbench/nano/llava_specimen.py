"""The reference LLaVA with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any, ClassVar

from mmbench.nano.clip_specimen import MEAN, STD
from mmbench.nano.llava import Config, LLaVA
from mmbench.nano.tokens import Words


@dataclass(frozen=True)
class LlavaSpecimen:
    """A model with what its inputs need: the vocabulary, and mean and deviation of pixels / 255.

    The scale is that of the vision tower.
    """

    model: LLaVA
    words: Words
    mean: tuple[float, ...] = MEAN
    std: tuple[float, ...] = STD
    name: ClassVar[str] = "llava-nano"

    def described(self) -> dict[str, Any]:
        """Architecture, scale and words."""
        return {
            "architecture": asdict(self.model.config),
            "mean": self.mean,
            "std": self.std,
            "words": self.words.words,
        }

    @classmethod
    def of(cls, described: dict[str, Any]) -> LlavaSpecimen:
        """The specimen that is described, with weights of any value."""
        words, config = Words(described["words"]), Config(**described["architecture"])
        if len(words.words) != config.vocabulary:
            raise ValueError(
                f"{len(words.words)} words for a vocabulary of {config.vocabulary};"
                " write the checkpoint again"
            )
        return cls(LLaVA(config), words, tuple(described["mean"]), tuple(described["std"]))
