"""The reference prefix model: one vector of an image, then words."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mmbench.reference.adapters.reader import ReaderNano


class PrefixNano(ReaderNano):
    """Loads a folder that `mmbench train prefix-nano` wrote; by default the packaged one."""

    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "prefix-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        from mmbench.reference.checkpoints.families import PrefixSpecimen

        super().__init__(folder, PrefixSpecimen, device=device, dtype=dtype)
