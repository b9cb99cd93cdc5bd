"""A conversation in the form of OpenAI's chat completions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from mmbench.models.pixels import pictures
from mmbench.types import Clip, EncodedImage, Message, Sound

_SORTS = {"image_url": "image", "input_audio": "sound"}


def messages(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as JSON: texts, images in data URLs, sounds as WAV, videos as their frames.

    An image is sent as the bytes of its file where these are what a decoder sees, else as PNG. A
    message of one text alone is a plain string, which every server takes.
    """
    return [{"role": turn.role, "content": _content(turn.parts)} for turn in conversation]


def sorts_of(turns: Sequence[dict[str, Any]]) -> set[str]:
    """Return which sorts of media messages hold: image, sound."""
    return {_SORTS[part["type"]] for turn in turns for part in _listed(turn) if "text" not in part}


def without(turns: Sequence[dict[str, Any]], sort: str) -> list[dict[str, Any]]:
    """Return messages without one sort of media; a message of nothing else becomes a dot."""
    return [
        turn | {"content": [p for p in _listed(turn) if _SORTS.get(p["type"]) != sort] or "."}
        for turn in turns
    ]


def _listed(turn: dict[str, Any]) -> list[dict[str, Any]]:
    content = turn["content"]
    return [{"type": "text", "text": content}] if isinstance(content, str) else content


def _content(parts: Sequence[Any]) -> Any:
    if len(parts) == 1 and isinstance(parts[0], str):
        return parts[0]
    return [made for part in parts for made in _parts(part)]


def _parts(part: Any) -> list[dict[str, Any]]:
    if isinstance(part, str):
        return [{"type": "text", "text": part}]
    if isinstance(part, Sound):
        return [{"type": "input_audio", "input_audio": {"data": _wav(part), "format": "wav"}}]
    images = pictures(part.frames) if isinstance(part, Clip) else [part]
    return [{"type": "image_url", "image_url": {"url": _data_url(image)}} for image in images]


def _data_url(image: Any) -> str:
    if isinstance(image, EncodedImage) and image.mime:
        return f"data:{image.mime};base64,{b64encode(image.data).decode()}"
    stream = BytesIO()
    (image.pixels if isinstance(image, EncodedImage) else image).save(stream, "PNG")
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def _wav(sound: Sound) -> str:
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return b64encode(stream.getvalue()).decode()
