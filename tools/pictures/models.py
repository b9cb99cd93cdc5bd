"""The pictures of the reference models: the diagram of each checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from mmbench.reference.checkpoints import packaged
from mmbench.reference.checkpoints.families import TRAINED_MODELS
from mmbench.reference.checkpoints.folder import read_checkpoint
from tools.pictures.diagram import Diagram
from tools.pictures.of_images import clip, llava, prefix
from tools.pictures.of_mixed import fusion, unified
from tools.pictures.of_sounds import audio, speech
from tools.pictures.of_videos import video


class Picture(NamedTuple):
    """The title of a diagram, and a function that draws it for an architecture's Config."""

    title: str
    diagram: Callable[..., Diagram]


PICTURES = {
    "clip-nano": Picture("CLIP", clip),
    "llava-nano": Picture("LLaVA", llava),
    "prefix-nano": Picture("ClipCap", prefix),
    "video-nano": Picture("Video transformer", video),
    "audioclip-nano": Picture("AudioCLIP", audio),
    "asr-nano": Picture("Speech", speech),
    "fusion-nano": Picture("Early fusion", fusion),
    "unified-nano": Picture("Multimodal GPT", unified),
}
"""The diagrams by name of the packaged checkpoint. A new model needs an entry and a function."""


def draw_model(name: str) -> str:
    """Return the picture of a packaged model as SVG."""
    picture = PICTURES[name]
    checkpoint = read_checkpoint(Path(packaged(name)), TRAINED_MODELS[name])
    weights = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    diagram = picture.diagram(checkpoint.model.config)
    return diagram.svg(f"{picture.title}, {weights / 1e6:.2f} M weights")
