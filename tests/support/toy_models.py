"""Toy models of every ability, and a data source, registered by name: what the engine is tried on.

They are tiny and deterministic, and say what reached them.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
from PIL import Image

from mmbench import register
from mmbench.datasets import Samples
from mmbench.errors import SampleError
from mmbench.types import (
    Audio,
    Frames,
    GeneratedText,
    GenerationConfig,
    Media,
    Message,
    Sample,
    VideoFrames,
)

COLOURS = {"red": (220, 40, 40), "green": (40, 160, 60), "blue": (50, 80, 220)}


class Toy:
    """A model of every modality, without weights."""

    modalities = frozenset({"text", "image", "audio", "video"})
    identity = "toy"  # what a program registers is cached only under an identity

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass


def told(part: Any) -> str:
    """Return a text as it is, and the sizes of a medium."""
    match part:
        case str():
            return part
        case Image.Image():
            return f"<{part.width}x{part.height}>"
        case Audio():
            return f"<{len(part.samples)} at {part.rate}>"
        case VideoFrames():
            return f"<{len(part.frames)} frames>"
    raise TypeError(type(part))


@register("model", "toy-echo")
class Echo(Toy):
    """Writes what it was given, so many words as it may."""

    rate, frames = 8000, Frames(4)
    loaded = 0

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        type(self).loaded += 1

    def write(self, conversations: Sequence[Any], options: GenerationConfig) -> list[Any]:
        return [self._one(turns, options) for turns in conversations]

    def _one(
        self, turns: tuple[Message, ...], options: GenerationConfig
    ) -> GeneratedText | SampleError:
        said = "|".join(told(part) for turn in turns for part in turn.parts)
        if "unspeakable" in said:
            return SampleError("the server hung up")
        words = said.split()
        finish = "length" if len(words) > options.max_tokens else "stop"
        return GeneratedText(" ".join(words[: options.max_tokens]), finish, len(words))

    def loglikelihood(self, conversations: Sequence[Any], texts: Sequence[str]) -> Any:
        shared = [
            len({*told(turns[-1].parts[-1]).split()} & {*text.split()})
            for turns, text in zip(conversations, texts, strict=True)
        ]
        return np.array([[n - 9.0, len(t.split())] for n, t in zip(shared, texts, strict=True)])


@register("model", "toy-sorter")
class Sorter(Toy):
    """Classifies by brightness; its classes have names of another spelling and order."""

    frames = Frames(2)
    labels: ClassVar[list[str]] = ["Very-Bright", "dark"]

    def classify(self, items: Sequence[Any], modality: str) -> Any:
        arrays = [
            item.frames if isinstance(item, VideoFrames) else np.asarray(item) for item in items
        ]
        return np.array([[a.mean() / 64 - 2, 2 - a.mean() / 64] for a in arrays], np.float32)


@register("model", "toy-artist")
class Artist(Toy):
    """Draws a colour that the prompt and the seed give, and speaks a tone for each letter."""

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Any]:
        return [
            SampleError("refused")
            if "unspeakable" in prompt
            else Image.new("RGB", (4, 4), (len(prompt) % 256, seed % 256, 0))
            for prompt, seed in zip(prompts, seeds, strict=True)
        ]

    def speak(self, texts: Sequence[str]) -> list[Any]:
        return [Audio(np.full(len(text) * 100, 0.25, np.float32), 8000) for text in texts]


@register("data", "toy-rows")
def rows(root: Path | None, *, labels: list[str] | None = None) -> Samples:
    """`rows.json` of a folder: id, target, inputs; an input with a suffix is a file beside it."""
    import json

    assert root is not None
    suffixes = {".png": "image", ".wav": "audio", ".mp4": "video"}
    found = []
    for row in json.loads((root / "rows.json").read_text()):
        inputs = {
            name: Media(suffixes[Path(text).suffix], str(root / text))
            if Path(text).suffix in suffixes
            else text
            for name, text in row["inputs"].items()
        }
        target = row.get("target")
        if isinstance(target, str) and target.endswith(".png"):
            target = Media("image", str(root / target))
        found.append(Sample(row["id"], inputs, target))
    return Samples(found, labels or [])


@register("model", "test-means")
class Means:
    """Mean colours, and letter counts: fast, and a row depends on its own item alone."""

    modalities = frozenset({"text", "image"})
    version = 1
    identity = "mean colours"  # what a program registers is cached only under an identity
    batches: ClassVar[list[int]] = []  # sizes of the batches asked of all instances
    broken: str | None = None  # what the next vectors contain
    memory = 10**9  # items that fit into the memory

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def embed(self, items: list[object], modality: str, role: str) -> np.ndarray:
        import torch

        if len(items) > Means.memory:
            raise torch.OutOfMemoryError("CUDA out of memory")
        Means.batches.append(len(items))
        one = self._text if modality == "text" else self._image
        vectors = np.stack([one(item) for item in items]).astype(np.float32)
        if Means.broken == modality:
            vectors[0] = np.nan
        return vectors

    def _text(self, text: str) -> np.ndarray:
        return 0.01 + np.array([text.count(name) for name in COLOURS], np.float32)

    def _image(self, image: object) -> np.ndarray:
        return np.asarray(image, np.float32).mean(axis=(0, 1)) / 255


class RowScores:
    """Scores by the red of an image: row n of `rows` for n. Counts its forwards."""

    modalities = frozenset({"image"})
    labels: Any = ("a", "b", "c")
    rows: Any = np.array([[3, 1, 2], [1, 3, 2], [1, 2, 3]], np.float32)
    forwards = 0

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        pass

    def classify(self, items: Any, modality: str) -> Any:
        type(self).forwards += 1
        return self.rows[[int(np.asarray(item)[0, 0, 0]) for item in items]]


def register_scores(name: str, **attributes: Any) -> type[RowScores]:
    """Register a model of these scores, labels and other attributes, and return its class."""
    cls = type(name, (RowScores,), attributes)
    register("model", name)(cls)
    return cls
