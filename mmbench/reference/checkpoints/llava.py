"""The reference LLaVA with its vocabulary and the scale of its pixels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from mmbench.reference.architectures.llava import Config, LLaVA
from mmbench.reference.checkpoints.language import ReaderSpecimen


@dataclass(frozen=True)
class LlavaSpecimen(ReaderSpecimen):
    """A `LLaVA` with what its inputs need."""

    model: LLaVA
    name: ClassVar[str] = "llava-nano"
    made = (LLaVA, Config)
