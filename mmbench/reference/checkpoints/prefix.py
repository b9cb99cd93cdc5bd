"""The reference prefix model with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmbench.reference.architectures.prefix import Config, Prefix
from mmbench.reference.checkpoints.language import ReaderSpecimen


@dataclass(frozen=True)
class PrefixSpecimen(ReaderSpecimen):
    """A `Prefix` with what its inputs need."""

    model: Prefix
    name: ClassVar[str] = "prefix-nano"
    made = (Prefix, Config)
