"""Reading of media items as encoded bytes."""

from __future__ import annotations

from mmbench.errors import ContentError, SampleError
from mmbench.surrogates import escape_surrogates
from mmbench.types import Media
from mmbench.validation.regular_files import read_regular


def read_bytes(media: Media) -> bytes:
    """Return the encoded bytes of an image, audio clip or video.

    Raises SampleError if they cannot be read (missing file, not a file, no permission) and
    ContentError if there are no bytes. Messages contain the name of the media item.
    """
    try:
        data = read_regular(media.name) if media.read is None else media.read()
    except (OSError, ValueError) as error:
        # A path that contains NUL raises ValueError.
        reason = getattr(error, "strerror", None) or error
        raise SampleError(f"{printable_name(media.name)}: cannot be read: {reason}") from error
    except MemoryError as error:
        raise SampleError(f"{printable_name(media.name)}: not enough memory to read it") from error
    if not data:
        raise ContentError(f"{printable_name(media.name)} is empty (0 bytes)")
    return data


def printable_name(name: str) -> str:
    """Return a name as a single line of printable characters, quoted if it needs escapes."""
    name = escape_surrogates(name)
    return name if name.isprintable() else repr(name)
