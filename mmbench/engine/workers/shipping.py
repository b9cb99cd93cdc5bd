"""Media files on their way from the driver to a worker.

A worker reads a file itself if it sees the file with the bytes that the driver hashed. Otherwise
the driver sends the bytes through Ray's object store.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from hashlib import blake2b
from pathlib import Path

from msgspec.structs import replace

from mmbench.engine.execution.pinned import with_media
from mmbench.engine.workers.messages import Shipped
from mmbench.errors import SampleError
from mmbench.media import read_bytes
from mmbench.media.inside import MediaInFile
from mmbench.storage.content_keys import KEY_BYTES, ContentKeys, digest
from mmbench.storage.media_places import media_place, read_place
from mmbench.types import Item, Media, MediaPlace

# The bytes of files by digest, or the reason why the driver cannot read a file.
Files = Mapping[bytes, bytes | str]


class FileNeeded(Exception):
    """The error for a file that a worker does not see with the bytes that the driver hashed."""

    def __init__(self, file_digest: bytes) -> None:
        super().__init__(file_digest)
        self.digest = file_digest


class MediaSender:
    """Replaces the media of items by their places and digests, and remembers how to read them."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys = keys

    def ship(self, items: Iterable[Item], media: dict[bytes, Media]) -> list[Item]:
        """Return items whose media are Shipped; add the original media to `media` by digest."""
        return [with_media(item, partial(self._ship, media=media)) for item in items]

    def _ship(self, medium: Media, media: dict[bytes, Media]) -> Media:
        place = visible_place(medium)
        try:
            content = self._digest(medium)
        except SampleError as error:  # it was readable when the run began
            content = digest("unreadable", str(error))
        media[content] = medium
        return replace(medium, read=Shipped(place, content))

    def _digest(self, medium: Media) -> bytes:
        if medium.read is None:
            return self._keys.file(Path(medium.name))
        if isinstance(medium.read, MediaInFile):
            return self._keys.digest_inside(medium)
        return digest(read_bytes(medium))


def read_for_worker(media: Mapping[bytes, Media]) -> dict[bytes, bytes | str]:
    """Read files to be sent to a worker; the result has a reason for a file that cannot be sent."""
    files: dict[bytes, bytes | str] = {}
    for content, medium in media.items():
        try:
            data = read_bytes(medium)
        except SampleError as error:
            files[content] = str(error)
            continue
        is_same = content == _digest(data, whole_file=medium.read is None)
        files[content] = data if is_same else _changed(medium)
    return files


def _changed(medium: Media) -> str:
    return f"{medium.name}: cannot be read: the file changed after the run began"


def receive_media(item: Item, files: Files) -> Item:
    """Return an item whose media can be read on this worker.

    Raises FileNeeded for a file that the driver has to send, and SampleError for a file that the
    driver cannot read.
    """
    return with_media(item, partial(_receive, files=files))


def _receive(medium: Media, files: Files) -> Media:
    assert isinstance(medium.read, Shipped)  # the driver made it
    data = files.get(medium.read.digest)
    if isinstance(data, str):
        raise SampleError(data)
    if data is None:
        data = _read_here(medium.read)
    return replace(medium, read=partial(bytes, data))


def _read_here(shipped: Shipped) -> bytes:
    if shipped.place is None:
        raise FileNeeded(shipped.digest)
    try:
        data = read_place(shipped.place)
    except SampleError as error:
        raise FileNeeded(shipped.digest) from error
    if _digest(data, whole_file=shipped.place.inside is None) != shipped.digest:
        raise FileNeeded(shipped.digest)
    return data


def _digest(data: bytes, *, whole_file: bool) -> bytes:
    """Return the digest of bytes as ContentKeys computes it for a file, or for a part of a file."""
    return blake2b(data, digest_size=KEY_BYTES).digest() if whole_file else digest(data)


def visible_place(medium: Media) -> MediaPlace | None:
    """Return the place of a media item; None for one that only the driver can read.

    The driver reads cells of Parquet files, because each cell costs the reading of a whole row
    group.
    """
    place = media_place(medium)
    inside = place.inside
    is_cell = inside is not None and inside.offset is None and inside.start is None
    return None if is_cell or not place.path else place


def folder_of(medium: Media) -> str | None:
    """Return the folder of the file of a media item; None if only the driver can read the item."""
    place = visible_place(medium)
    return None if place is None else str(Path(place.path).parent)
