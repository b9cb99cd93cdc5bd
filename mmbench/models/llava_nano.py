"""The reference LLaVA of `mmbench.nano` as a model: conversations about images to answers."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path

from mmbench.models.reader_nano import ReaderNano


class LlavaNano(ReaderNano):
    """Loads a folder that `mmbench train llava-nano` wrote; by default the packaged one."""

    default_checkpoint: str | None = str(files("mmbench.nano") / "weights" / "llava-nano")

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        from mmbench.nano.llava_specimen import LlavaSpecimen

        super().__init__(folder, LlavaSpecimen, device=device, dtype=dtype)
