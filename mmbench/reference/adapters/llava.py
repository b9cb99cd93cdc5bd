"""The reference LLaVA: conversations about images to answers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mmbench.reference.adapters.reader import ReaderNano


class LlavaNano(ReaderNano):
    """Loads a folder that `mmbench train llava-nano` wrote; by default the packaged one."""

    default_checkpoint: str | None = str(files("mmbench.reference") / "weights" / "llava-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        from mmbench.reference.checkpoints.families import LlavaSpecimen

        super().__init__(folder, LlavaSpecimen, device=device, dtype=dtype)
