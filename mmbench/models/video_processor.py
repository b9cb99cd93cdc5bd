"""The part of a checkpoint folder that prepares the frames of a video."""

from __future__ import annotations

import json
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from mmbench.errors import MissingExtra
from mmbench.models.pretrained import load_image_processor, load_part


def load_video_processor(folder: Path) -> Any:
    """The image processor of a folder, which prepares frames; else its video processor.

    Those of transformers that are called video processors need torchvision. Raises MissingExtra
    where a folder has nothing else and torchvision is not there, ModelError for a faulty folder.
    """
    if not _is_video_processor(folder):
        return load_image_processor(folder, trust_remote_code=False)
    if find_spec("torchvision") is None:
        raise MissingExtra(f"checkpoint {folder}", "torchvision", "mmbench[video]")
    return load_part(folder, "AutoVideoProcessor", "video processor")


def _is_video_processor(folder: Path) -> bool:
    if (folder / "video_preprocessor_config.json").is_file():
        return True
    file = folder / "preprocessor_config.json"
    said = json.loads(file.read_text(encoding="utf-8")) if file.is_file() else {}
    return "video_processor_type" in said
