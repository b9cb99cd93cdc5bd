"""The reference prefix model with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmbench.nano.language_specimen import ReaderSpecimen
from mmbench.nano.prefix import Config, Prefix


@dataclass(frozen=True)
class PrefixSpecimen(ReaderSpecimen):
    """A `Prefix` with what its inputs need."""

    model: Prefix
    name: ClassVar[str] = "prefix-nano"
    made = (Prefix, Config)
