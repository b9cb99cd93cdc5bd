"""Pinned files: an endpoint receives exactly the bytes of a file that were hashed."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from mmbench.errors import SampleError
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys
from mmbench.types import Content, ContinuationRequest, Item, Media, Message, View
from mmbench.validation.regular_files import read_regular


def pin_files(item: Item, keys: ContentKeys) -> Item:
    """Return an item with pinned files: reading a file fails if its bytes have changed."""
    match item:
        case Media():
            return _pin_medium(item, keys)
        case View():
            return replace(item, media=pin_files(item.media, keys))
        case ContinuationRequest():
            return replace(item, conversation=pin_files(item.conversation, keys))
        case tuple():
            return tuple(
                Message(turn.role, tuple(_pin_part(part, keys) for part in turn.parts))
                for turn in item
            )
        case _:
            return item


def _pin_part(part: Content, keys: ContentKeys) -> Content:
    return _pin_medium(part, keys) if isinstance(part, Media) else part


def _pin_medium(medium: Media, keys: ContentKeys) -> Media:
    if medium.read is not None:
        return medium
    try:
        key = keys.file(Path(medium.name))
    except SampleError:
        return medium  # reading the file reports the error
    return replace(medium, read=partial(_read, medium.name, key))


def _read(name: str, key: bytes) -> bytes:
    data = read_regular(name)
    if blake2b(data, digest_size=KEY_BYTES).digest() != key:
        raise ValueError("the file changed after the run began")
    return data
