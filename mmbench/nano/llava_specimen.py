"""The reference LLaVA with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmbench.nano.language_specimen import ReaderSpecimen
from mmbench.nano.llava import Config, LLaVA


@dataclass(frozen=True)
class LlavaSpecimen(ReaderSpecimen):
    """A `LLaVA` with what its inputs need."""

    model: LLaVA
    name: ClassVar[str] = "llava-nano"
    made = (LLaVA, Config)
