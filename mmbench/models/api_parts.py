"""A conversation in the form of OpenAI's chat completions."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Sequence
from io import BytesIO
from typing import Any

from mmbench.models.pixels import pictures
from mmbench.types import Clip, Message, Sound


def messages(conversation: Sequence[Message]) -> list[dict[str, Any]]:
    """Messages as JSON: texts, images as PNG in a data URL, sounds as WAV, videos as their frames.

    A message of one text alone is a plain string, which every server takes.
    """
    return [{"role": turn.role, "content": _content(turn.parts)} for turn in conversation]


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
    return [{"type": "image_url", "image_url": {"url": _png(image)}} for image in images]


def _png(image: Any) -> str:
    stream = BytesIO()
    image.save(stream, "PNG")
    return f"data:image/png;base64,{b64encode(stream.getvalue()).decode()}"


def _wav(sound: Sound) -> str:
    import soundfile

    stream = BytesIO()
    soundfile.write(stream, sound.samples, sound.rate, format="WAV", subtype="PCM_16")
    return b64encode(stream.getvalue()).decode()
