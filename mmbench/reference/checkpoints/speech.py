"""The reference speech recogniser with its alphabet."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import ClassVar

from mmbench.reference.architectures.speech import Config, Speech
from mmbench.reference.checkpoints.configs import config_of
from mmbench.reference.checkpoints.folder import Description, refuse_counts

ALPHABET = " abcdefghijklmnopqrstuvwxyz"


@dataclass(frozen=True)
class SpeechSpecimen:
    """A model with the letters that it writes, in the order of its labels behind the blank."""

    model: Speech
    alphabet: str = ALPHABET
    name: ClassVar[str] = "asr-nano"

    def described(self) -> dict[str, object]:
        """Architecture and alphabet."""
        return {"architecture": asdict(self.model.config), "alphabet": self.alphabet}

    @classmethod
    def of(cls, described: Description) -> SpeechSpecimen:
        """The specimen that is described, with weights of any value."""
        config, alphabet = config_of(Config, described["architecture"]), described["alphabet"]
        refuse_counts(letters=(len(alphabet), config.labels - 1))  # the other one is the blank
        return cls(Speech(config), alphabet)

    def labels_of(self, text: str) -> list[int]:
        """The labels of a text. Raises ValueError for a letter that is not in the alphabet."""
        return [self.alphabet.index(letter) + 1 for letter in text]
