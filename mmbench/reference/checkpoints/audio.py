"""The reference AudioCLIP with its vocabulary and the names of its tags."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.audio import AudioCLIP, Config
from mmbench.reference.checkpoints.configs import config_of
from mmbench.reference.checkpoints.folder import Description, refuse_counts
from mmbench.reference.tokens.words import Words


@dataclass(frozen=True)
class AudioSpecimen:
    """A model with what its inputs need, the vocabulary, and the names of the tags it knows."""

    model: AudioCLIP
    words: Words
    tags: list[str]
    name: ClassVar[str] = "audioclip-nano"

    def described(self) -> dict[str, object]:
        """Architecture, words and tags."""
        architecture = asdict(self.model.config)
        return {"architecture": architecture, "words": self.words.words, "tags": self.tags}

    @classmethod
    def of(cls, described: Description) -> AudioSpecimen:
        """The specimen that is described, with weights of any value."""
        words, tags = Words(described["words"]), list(described["tags"])
        config = config_of(Config, described["architecture"])
        refuse_counts(words=(len(words.words), config.vocabulary), tags=(len(tags), config.tags))
        return cls(AudioCLIP(config), words, tags)
