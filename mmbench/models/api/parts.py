"""Conversations in the message format of OpenAI's chat completions API."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Literal, TypedDict

from mmbench.models.support.videos import frame_images
from mmbench.types import Audio, EncodedImage, Message, VideoFrames

if TYPE_CHECKING:
    from typing import TypeAlias

    from PIL.Image import Image

    from mmbench.types import DecodedPart

    JsonPart: TypeAlias = "TextPart | ImagePart | SoundPart"

_MEDIA = {"image_url": "image", "input_audio": "sound"}


class TextPart(TypedDict):
    """A text in a message."""

    type: Literal["text"]
    text: str


class ImagePart(TypedDict):
    """An image in a message: `url` is a data URL."""

    type: Literal["image_url"]
    image_url: dict[Literal["url"], str]


class SoundPart(TypedDict):
    """A sound in a message: `data` in Base64, and its `format`."""

    type: Literal["input_audio"]
    input_audio: dict[Literal["data", "format"], str]


class JsonMessage(TypedDict):
    """A message as JSON."""

    role: str
    content: str | list[JsonPart]


def encode_messages(
    conversation: Sequence[Message[DecodedPart | EncodedImage]],
) -> list[JsonMessage]:
    """Return messages as JSON: texts, images in data URLs, sounds as WAV, videos as their frames.

    An image is sent as the bytes of its file where a decoder sees the same pixels, else as PNG. A
    message that is a single text becomes a plain string, which every server accepts.
    """
    return [{"role": turn.role, "content": _content(turn.parts)} for turn in conversation]


def media_types(turns: Sequence[JsonMessage]) -> set[str]:
    """Return the types of media in messages: image, sound."""
    types = (part["type"] for turn in turns for part in _part_list(turn))
    return {_MEDIA[kind] for kind in types if kind != "text"}


def remove_media(turns: Sequence[JsonMessage], medium: str) -> list[JsonMessage]:
    """Return messages without one type of media; a message with nothing else becomes a dot."""
    remaining = [
        [part for part in _part_list(turn) if _MEDIA.get(part["type"]) != medium] for turn in turns
    ]
    return [
        {"role": turn["role"], "content": parts or "."}
        for turn, parts in zip(turns, remaining, strict=True)
    ]


def _part_list(turn: JsonMessage) -> list[JsonPart]:
    content = turn["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _content(parts: Sequence[DecodedPart | EncodedImage]) -> str | list[JsonPart]:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [json_part for part in parts for json_part in _parts(part)]


def _parts(part: DecodedPart | EncodedImage) -> list[JsonPart]:
    if isinstance(part, str):
        return [{"type": "text", "text": part}]
    if isinstance(part, Audio):
        return [{"type": "input_audio", "input_audio": {"data": _wav(part), "format": "wav"}}]
    images = frame_images(part.frames) if isinstance(part, VideoFrames) else [part]
    return [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in images]


def _data_url(image: Image | EncodedImage) -> str:
    if isinstance(image, EncodedImage) and image.mime:
        return f"data:{image.mime};base64,{b64encode(image.data).decode()}"
    stream = BytesIO()
    (image.pixels if isinstance(image, EncodedImage) else image).save(stream, "PNG")
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def _wav(sound: Audio) -> str:
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return b64encode(stream.getvalue()).decode()
