"""Items whose files may not change any more: what is sent away are the bytes that were hashed."""

from __future__ import annotations

from functools import partial
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from mmbench.errors import SampleError
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys
from mmbench.types import Content, ContinuationRequest, Item, Media, Message, View
from mmbench.validation.regular_files import read_regular


def pinned(item: Item, keys: ContentKeys) -> Item:
    """Return an item whose files, when read, are refused unless they have their present bytes."""
    match item:
        case Media():
            return _pinned(item, keys)
        case View():
            return replace(item, media=pinned(item.media, keys))
        case ContinuationRequest():
            return replace(item, conversation=pinned(item.conversation, keys))
        case tuple():
            return tuple(
                Message(turn.role, tuple(_part(part, keys) for part in turn.parts)) for turn in item
            )
        case _:
            return item


def _part(part: Content, keys: ContentKeys) -> Content:
    return _pinned(part, keys) if isinstance(part, Media) else part


def _pinned(medium: Media, keys: ContentKeys) -> Media:
    if medium.read is not None:
        return medium
    try:
        key = keys.file(Path(medium.name))
    except SampleError:
        return medium  # reading it says why
    return replace(medium, read=partial(_read, medium.name, key))


def _read(name: str, key: bytes) -> bytes:
    data = read_regular(name)
    if blake2b(data, digest_size=KEY_BYTES).digest() != key:
        raise ValueError("it was changed after the run began")
    return data
