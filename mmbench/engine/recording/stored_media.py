"""The bytes of media that are stored because they are in no file."""

from __future__ import annotations

from mmbench.errors import SampleError
from mmbench.media import read_bytes
from mmbench.types import Media, MediaPlace

_MOST = 32 << 20  # bytes that one file of a board stores


class StoredMedia:
    """Reads media that are in no file, until 32 MiB were read."""

    def __init__(self) -> None:
        self._left = _MOST

    def data(self, medium: Media, place: MediaPlace) -> bytes | None:
        """Return the encoded bytes of a media item.

        Return None for an item that is in a file or on the web, or that cannot be read, and for an
        item that exceeds the limit.
        """
        if place.path or place.url or self._left <= 0:
            return None
        try:
            data = read_bytes(medium)
        except SampleError:
            return None  # the sample failed in the run, which says why
        self._left -= len(data)
        return data if self._left >= 0 else None
