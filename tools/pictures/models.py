"""The pictures of the reference models: which diagram is drawn of which checkpoint."""

from __future__ import annotations

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any, NamedTuple

from mmbench.reference.checkpoints.families import (
    AudioSpecimen,
    ClipSpecimen,
    FusionSpecimen,
    LlavaSpecimen,
    PrefixSpecimen,
    SpeechSpecimen,
    UnifiedSpecimen,
    VideoSpecimen,
)
from mmbench.reference.checkpoints.folder import read_checkpoint
from mmbench.reference.checkpoints.specimen import Specimen
from tools.pictures.diagram import Diagram
from tools.pictures.of_images import clip, llava, prefix
from tools.pictures.of_mixed import fusion, unified
from tools.pictures.of_sounds import audio, speech
from tools.pictures.of_videos import video


class Of(NamedTuple):
    """What a checkpoint is read as, and the diagram that is made of its architecture's Config."""

    kind: type[Specimen[Any]]
    title: str
    diagram: Callable[..., Diagram]


PICTURES = {
    "clip-nano": Of(ClipSpecimen, "CLIP", clip),
    "llava-nano": Of(LlavaSpecimen, "LLaVA", llava),
    "prefix-nano": Of(PrefixSpecimen, "ClipCap", prefix),
    "video-nano": Of(VideoSpecimen, "Video transformer", video),
    "audioclip-nano": Of(AudioSpecimen, "AudioCLIP", audio),
    "asr-nano": Of(SpeechSpecimen, "Speech", speech),
    "fusion-nano": Of(FusionSpecimen, "Early fusion", fusion),
    "unified-nano": Of(UnifiedSpecimen, "Multimodal GPT", unified),
}
"""By the name of the packaged checkpoint. Another model is a line here and a function."""


def drawn(name: str) -> str:
    """The picture of a packaged model, as SVG."""
    of = PICTURES[name]
    specimen = read_checkpoint(Path(str(files("mmbench.reference") / "weights" / name)), of.kind)
    weights = sum(parameter.numel() for parameter in specimen.model.parameters())
    diagram = of.diagram(specimen.model.config)
    return diagram.svg(f"{of.title}, {weights / 1e6:.2f} M weights")
