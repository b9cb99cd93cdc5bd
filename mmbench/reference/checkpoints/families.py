"""Checkpoint classes for the families of reference models."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, ClassVar, TypeVar

from torch import nn

from mmbench.reference.architectures import audio, clip, fusion, gpt, llava, prefix, speech
from mmbench.reference.architectures.language import Reader
from mmbench.reference.architectures.video import transformer
from mmbench.reference.architectures.video.model import Video
from mmbench.reference.checkpoints.trained_model import Counts, TrainedModel
from mmbench.reference.tokens.bpe import Bpe
from mmbench.reference.tokens.words import Words

MEAN, STD = (0.8, 0.8, 0.8), (0.2, 0.2, 0.2)
"""Mean and deviation of pixels / 255 of the shapes world, by channel, rounded."""
ALPHABET = " abcdefghijklmnopqrstuvwxyz"

M = TypeVar("M", bound=nn.Module)

_WORDS = {"words": ("words", "vocabulary")}
_LABELS = {"labels": ("labels", "classes")}


@dataclass(frozen=True)
class TrainedImageModel(TrainedModel[M]):
    """A trained model of images or videos.

    Pixels are divided by 255, then normalised by the `mean` and `std` of each channel.
    """

    mean: tuple[float, ...] = field(default=MEAN, kw_only=True)
    std: tuple[float, ...] = field(default=STD, kw_only=True)


@dataclass(frozen=True)
class TrainedClip(TrainedImageModel[clip.CLIP]):
    """A trained CLIP with its vocabulary."""

    words: Words
    name: ClassVar[str] = "clip-nano"
    model_classes = (clip.CLIP, clip.Config)
    counts: ClassVar[Counts] = _WORDS


@dataclass(frozen=True)
class TrainedReader(TrainedImageModel[Reader]):
    """A trained language model that takes images, with its vocabulary."""

    words: Words
    counts: ClassVar[Counts] = _WORDS


@dataclass(frozen=True)
class TrainedLlava(TrainedReader):
    """A trained LLaVA."""

    model: llava.LLaVA
    name: ClassVar[str] = "llava-nano"
    model_classes = (llava.LLaVA, llava.Config)


@dataclass(frozen=True)
class TrainedPrefix(TrainedReader):
    """A trained prefix model (ClipCap)."""

    model: prefix.Prefix
    name: ClassVar[str] = "prefix-nano"
    model_classes = (prefix.Prefix, prefix.Config)


@dataclass(frozen=True)
class TrainedVideo(TrainedImageModel[Video]):
    """A trained video model with its class names and vocabulary."""

    labels: tuple[str, ...]
    words: Words
    name: ClassVar[str] = "video-nano"
    model_classes = (Video, transformer.Config)
    counts: ClassVar[Counts] = _WORDS | _LABELS


@dataclass(frozen=True)
class TrainedFusion(TrainedImageModel[fusion.Fusion]):
    """A trained fusion classifier with its class names and its vocabulary."""

    labels: tuple[str, ...]
    words: Words
    name: ClassVar[str] = "fusion-nano"
    model_classes = (fusion.Fusion, fusion.Config)
    counts: ClassVar[Counts] = _WORDS | _LABELS


@dataclass(frozen=True)
class TrainedAudio(TrainedModel[audio.AudioCLIP]):
    """A trained AudioCLIP with its vocabulary and tag names."""

    words: Words
    tags: tuple[str, ...]
    name: ClassVar[str] = "audioclip-nano"
    model_classes = (audio.AudioCLIP, audio.Config)
    counts: ClassVar[Counts] = _WORDS | {"tags": ("tags", "tags")}


@dataclass(frozen=True)
class TrainedSpeech(TrainedModel[speech.Speech]):
    """A trained speech recogniser with its alphabet.

    Label 0 is the blank, label i + 1 is letter i of the alphabet.
    """

    alphabet: str = ALPHABET
    name: ClassVar[str] = "asr-nano"
    model_classes = (speech.Speech, speech.Config)
    counts: ClassVar[Counts] = {"letters": ("alphabet", "letters")}

    def encode_letters(self, text: str) -> list[int]:
        """Return the labels of the letters of a text. Raises ValueError for an unknown letter."""
        return [self.alphabet.index(letter) + 1 for letter in text]


@dataclass(frozen=True)
class TrainedUnified(TrainedImageModel[gpt.UnifiedModel]):
    """A trained multimodal GPT with its BPE text tokenizer."""

    bpe: Bpe
    name: ClassVar[str] = "unified-nano"
    model_classes = (gpt.UnifiedModel, gpt.Config)
    counts: ClassVar[Counts] = {"tokens": ("bpe", "text")}


TRAINED_MODELS: dict[str, type[Any]] = {
    kind.name: kind
    for kind in (
        TrainedClip,
        TrainedLlava,
        TrainedPrefix,
        TrainedVideo,
        TrainedFusion,
        TrainedAudio,
        TrainedSpeech,
        TrainedUnified,
    )
}
"""The class of a checkpoint by the name of the adapter that runs it."""
