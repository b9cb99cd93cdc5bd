"""Decoding of items to inputs of an adapter, and the lengths of items for batching."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from msgspec.structs import replace

from mmbench import media
from mmbench.columns import Places, Texts, take_rows
from mmbench.errors import SampleError
from mmbench.perturbations.decoded import (
    encoded,
    perturbed_audio,
    perturbed_frames,
    perturbed_image,
)
from mmbench.protocols import Hears, TakesEncoded, TakesEncodedVideos, Watches
from mmbench.types import (
    Audio,
    ContinuationRequest,
    Conversation,
    Frames,
    InvalidContent,
    Item,
    MatchRequest,
    Media,
    Message,
    Perturbation,
    SeededPrompt,
    VideoFrames,
    View,
)

RATE = 16_000  # samples per second, for models without `rate`
FRAMES = Frames(8)  # for models without `frames`


def decode(item: Item, model: object) -> object:
    """Return an item with its media decoded for the model.

    A text stays a str, and a MatchRequest stays as it is. An image becomes a PIL.Image, or an
    EncodedImage if the model implements TakesEncoded. An audio clip becomes an Audio at the model's
    sampling rate. A video becomes VideoFrames, or an EncodedVideo if the model implements
    TakesEncodedVideos. A ContinuationRequest becomes (conversation, text). Media with a
    perturbation are perturbed. Raises SampleError if the item is invalid or cannot be decoded.
    """
    match item:
        case str() | SeededPrompt() | MatchRequest():
            return item
        case InvalidContent():
            raise SampleError(item.reason)
        case Media():
            return _medium(item, model, None)
        case View():
            return _medium(item.media, model, item)
        case ContinuationRequest():
            return _conversation(item.conversation, model), item.text
        case _:
            return _conversation(item, model)


def _conversation(conversation: Conversation, model: object) -> tuple[Message[object], ...]:
    return tuple(
        Message(message.role, tuple(decode(part, model) for part in message.parts))
        for message in conversation
    )


def _medium(medium: Media, model: object, view: View | None) -> object:
    if medium.perturbation is not None:
        return _perturbed(medium, medium.perturbation, model, view)
    data = media.read_bytes(medium)
    match medium.modality:
        case "audio":
            rate = model.rate if isinstance(model, Hears) else RATE
            return media.decode_sound(data, medium.name, rate)
        case "video" if isinstance(model, TakesEncodedVideos) and model.encoded_videos:
            return media.encoded_video(data, medium.name, medium.span)
        case "video":
            frames = model.frames if isinstance(model, Watches) else FRAMES
            return media.decode_video(data, medium.name, frames, view, medium.span)
        case _ if isinstance(model, TakesEncoded):
            return media.decode_encoded(data, medium.name)
        case _:
            return media.decode_image(data, medium.name)


def _perturbed(
    medium: Media, perturbation: Perturbation, model: object, view: View | None
) -> object:
    data, clean = media.read_bytes(medium), replace(medium, perturbation=None)
    match medium.modality:
        case "audio":
            rate = model.rate if isinstance(model, Hears) else RATE
            return perturbed_audio(data, medium.name, rate, perturbation)
        case "video":
            decoded = _medium(clean, model, view)
            if not isinstance(decoded, VideoFrames):
                raise SampleError(f"{medium.name}: the model gets whole videos, not frames")
            return perturbed_frames(decoded, data, perturbation)
        case _:
            image = perturbed_image(data, medium.name, perturbation)
            return encoded(image) if isinstance(model, TakesEncoded) else image


def seconds_of_sound(decoded: object) -> float:
    """Return the total duration of the audio in a decoded item, in seconds."""
    match decoded:
        case Audio():
            return len(decoded.samples) / decoded.rate
        case Message():
            return sum(map(seconds_of_sound, decoded.parts))
        case tuple() if not isinstance(decoded, VideoFrames):
            return sum(map(seconds_of_sound, decoded))
        case _:
            return 0.0


def is_timed(item: object) -> bool:
    """Return whether an item is or contains audio or video."""
    match item:
        case str():
            return False
        case Media():
            return item.modality in ("audio", "video")
        case View():
            return is_timed(item.media)
        case ContinuationRequest():
            return is_timed(item.conversation)
        case Message():
            return any(map(is_timed, item.parts))
        case tuple():
            return any(map(is_timed, item))
        case _:
            return False


def lengths(items: Sequence[Item], rows: Places) -> Places:
    """Return the lengths of the items at `rows` [k], int64 [k]; `length` computes a length."""
    if isinstance(items, Texts):
        import pyarrow.compute as pc

        return np.asarray(pc.utf8_length(items.array))[rows]
    return np.fromiter(map(length, take_rows(items, rows)), np.int64, len(rows))


def length(item: Item) -> int:
    """Return the length of an item, by which items are sorted into batches.

    The length of a text is its number of characters, the length of an audio file its number of
    bytes, and the length of a part of a recording its number of bytes as WAV of 16 kHz and 16 bits.
    Images and videos have the length 0.
    """
    match item:
        case str():
            return len(item)
        case Media():
            return _bytes(item) if item.modality == "audio" else 0
        case ContinuationRequest():
            return length(item.conversation) + len(item.text)
        case MatchRequest():
            return len(item.text) + sum(map(len, item.references))
        case tuple():
            return sum(length(part) for message in item for part in message.parts)
        case _:
            return 0


def _bytes(medium: Media) -> int:
    if medium.read is not None:
        return round(2 * RATE * (medium.seconds or 0))
    try:
        return Path(medium.name).stat().st_size
    except (OSError, ValueError):
        return 0  # hashing the file reports the error


def describe_item(item: Item) -> str:
    """Return a short description of an item for error messages."""
    match item:
        case Media():
            return item.name
        case View():
            return item.media.name
        case tuple():
            parts = [part for message in item for part in message.parts]
            return " ".join(describe_item(part) for part in parts)[:80]
        case _:
            return repr(item)[:80]
