"""The encoded bytes of a medium, and its name in messages."""

from __future__ import annotations

from mmbench.errors import ContentError, SampleError
from mmbench.surrogates import escape_surrogates
from mmbench.types import Media
from mmbench.validation.regular_files import read_regular


def read_bytes(media: Media) -> bytes:
    """Return the encoded bytes of a medium, never empty.

    Raises SampleError if they cannot be read (missing file, not a file, no permission) and
    ContentError if there are none. Messages name the medium.
    """
    try:
        data = read_regular(media.name) if media.read is None else media.read()
    except (OSError, ValueError) as error:
        # A ValueError is raised for a path with a NUL.
        reason = getattr(error, "strerror", None) or error
        raise SampleError(f"{printable_name(media.name)}: cannot be read: {reason}") from error
    except MemoryError as error:
        raise SampleError(f"{printable_name(media.name)}: no memory is left to read it") from error
    if not data:
        raise ContentError(f"{printable_name(media.name)}: is empty, it has no bytes")
    return data


def printable_name(name: str) -> str:
    """Return a name as one printable line."""
    name = escape_surrogates(name)
    return name if name.isprintable() else repr(name)
