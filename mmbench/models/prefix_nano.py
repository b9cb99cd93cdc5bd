"""The reference prefix model of `mmbench.nano` as a model: one vector of an image, then words."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mmbench.models.reader_nano import ReaderNano


class PrefixNano(ReaderNano):
    """Loads a folder that `mmbench train prefix-nano` wrote; by default the packaged one."""

    default_checkpoint: str | None = str(files("mmbench.nano") / "weights" / "prefix-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        from mmbench.nano.prefix_specimen import PrefixSpecimen

        super().__init__(folder, PrefixSpecimen, device=device, dtype=dtype)
