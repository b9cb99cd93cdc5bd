"""Pinned files: an endpoint receives exactly the bytes of a file that were hashed."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from mmbench.errors import SampleError
from mmbench.media.inside import MediaInFile
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys, digest
from mmbench.types import (
    Content,
    ContinuationRequest,
    Conversation,
    Item,
    Media,
    Message,
    View,
)
from mmbench.validation.regular_files import read_regular


def pin_files(item: Item, keys: ContentKeys) -> Item:
    """Return an item with pinned files: reading a file fails if its bytes have changed."""
    return with_media(item, partial(_pin_medium, keys=keys))


def with_media(item: Item, change: Callable[[Media], Media]) -> Item:
    """Return an item in which each media item is replaced by the result of `change`."""
    match item:
        case Media():
            return change(item)
        case View():
            return replace(item, media=change(item.media))
        case ContinuationRequest():
            return replace(item, conversation=_turns(item.conversation, change))
        case tuple():
            return _turns(item, change)
        case _:
            return item


def _turns(conversation: Conversation, change: Callable[[Media], Media]) -> Conversation:
    return tuple(
        Message(turn.role, tuple(_part(part, change) for part in turn.parts))
        for turn in conversation
    )


def _part(part: Content, change: Callable[[Media], Media]) -> Content:
    return change(part) if isinstance(part, Media) else part


def _pin_medium(medium: Media, keys: ContentKeys) -> Media:
    try:
        if isinstance(medium.read, MediaInFile):
            pinned = partial(_read_inside, medium.read, keys.digest_inside(medium))
        elif medium.read is None:
            pinned = partial(_read, medium.name, keys.file(Path(medium.name)))
        else:
            return medium
    except SampleError:
        return medium  # reading the file reports the error
    return replace(medium, read=pinned)


def _read(name: str, key: bytes) -> bytes:
    data = read_regular(name)
    return _same(data, blake2b(data, digest_size=KEY_BYTES).digest(), key)


def _read_inside(read: MediaInFile, key: bytes) -> bytes:
    data = read()
    return _same(data, digest(data), key)


def _same(data: bytes, found: bytes, key: bytes) -> bytes:
    if found != key:
        raise ValueError("the file changed after the run began")
    return data
