"""The pictures of the reference models: which diagram is drawn of which checkpoint."""

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


class Of(NamedTuple):
    """The diagram that is made of an architecture's Config, and its title."""

    title: str
    diagram: Callable[..., Diagram]


PICTURES = {
    "clip-nano": Of("CLIP", clip),
    "llava-nano": Of("LLaVA", llava),
    "prefix-nano": Of("ClipCap", prefix),
    "video-nano": Of("Video transformer", video),
    "audioclip-nano": Of("AudioCLIP", audio),
    "asr-nano": Of("Speech", speech),
    "fusion-nano": Of("Early fusion", fusion),
    "unified-nano": Of("Multimodal GPT", unified),
}
"""By the name of the packaged checkpoint. Another model is a line here and a function."""


def drawn(name: str) -> str:
    """The picture of a packaged model, as SVG."""
    of = PICTURES[name]
    checkpoint = read_checkpoint(Path(packaged(name)), TRAINED_MODELS[name])
    weights = sum(parameter.numel() for parameter in checkpoint.model.parameters())
    diagram = of.diagram(checkpoint.model.config)
    return diagram.svg(f"{of.title}, {weights / 1e6:.2f} M weights")
