"""Conversations in the message format of OpenAI's chat completions API."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Literal, TypedDict

from mmbench.models.support.videos import frame_images
from mmbench.types import Audio, EncodedImage, EncodedVideo, Message, VideoFrames

if TYPE_CHECKING:
    from typing import TypeAlias

    from PIL.Image import Image

    from mmbench.types import DecodedPart

    JsonPart: TypeAlias = "TextPart | ImagePart | VideoPart | SoundPart"
    SentPart: TypeAlias = "DecodedPart | EncodedImage | EncodedVideo"

_MEDIA = {"image_url": "image", "video_url": "video", "input_audio": "sound"}


class TextPart(TypedDict):
    """A text part of a message."""

    type: Literal["text"]
    text: str


class ImagePart(TypedDict):
    """An image part of a message; `url` is a data URL."""

    type: Literal["image_url"]
    image_url: dict[Literal["url"], str]


class VideoPart(TypedDict):
    """A video in a message: `url` is a data URL. vLLM and SGLang take it, OpenAI does not."""

    type: Literal["video_url"]
    video_url: dict[Literal["url"], str]


class SoundPart(TypedDict):
    """An audio part of a message: the file as Base64 in `data`, and its `format` ("wav")."""

    type: Literal["input_audio"]
    input_audio: dict[Literal["data", "format"], str]


class JsonMessage(TypedDict):
    """A message of the API: a role, and a string or a list of parts as content."""

    role: str
    content: str | list[JsonPart]


def encode_messages(
    conversation: Sequence[Message[SentPart]],
) -> list[JsonMessage]:
    """Return messages as JSON with images as data URLs, audio as WAV and videos as frame images.

    An encoded video is sent as the bytes of its file, and so is an EncodedImage with a MIME type;
    any other image is sent as PNG. A
    message that is a single text becomes a plain string, which every server accepts.
    """
    return [{"role": turn.role, "content": _content(turn.parts)} for turn in conversation]


def media_types(turns: Sequence[JsonMessage]) -> set[str]:
    """Return the media types in messages, a subset of {"image", "video", "sound"}."""
    types = (part["type"] for turn in turns for part in _part_list(turn))
    return {_MEDIA[kind] for kind in types if kind != "text"}


def remove_media(turns: Sequence[JsonMessage], medium: str) -> list[JsonMessage]:
    """Return messages without the parts of one media type ("image" or "sound").

    A message without any other part gets the content ".".
    """
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


def _content(parts: Sequence[SentPart]) -> str | list[JsonPart]:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [json_part for part in parts for json_part in _parts(part)]


def _parts(part: SentPart) -> list[JsonPart]:
    if isinstance(part, str):
        return [{"type": "text", "text": part}]
    if isinstance(part, Audio):
        data = b64encode(wav_bytes(part)).decode()
        return [{"type": "input_audio", "input_audio": {"data": data, "format": "wav"}}]
    if isinstance(part, EncodedVideo):
        url = f"data:{part.mime};base64,{b64encode(part.data).decode()}"
        return [{"type": "video_url", "video_url": {"url": url}}]
    images = frame_images(part.frames) if isinstance(part, VideoFrames) else [part]
    return [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in images]


def _data_url(image: Image | EncodedImage) -> str:
    if isinstance(image, EncodedImage) and image.mime:
        return f"data:{image.mime};base64,{b64encode(image.data).decode()}"
    stream = BytesIO()
    (image.pixels if isinstance(image, EncodedImage) else image).save(stream, "PNG")
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def wav_bytes(sound: Audio) -> bytes:
    """Return a sound as a WAV file of 16 bits."""
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return stream.getvalue()
