"""The index of a tar archive: the name, offset and size of each member, computed once.

Indexes are cached in the database of file hashes, by path, size and modification times, or by what
a server tells of a file's version. Several processes may read and write it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mmbench.data.readers.file_formats import TAR, describe_bytes, is_packed
from mmbench.data.readers.tars.files import ByteFile, Read
from mmbench.data.readers.tars.headers import (
    BLOCK,
    FOLDER,
    HARD_LINK,
    REGULAR,
    SPARSE,
    SYMBOLIC_LINK,
    Header,
    TarFault,
    read_headers,
)
from mmbench.data.readers.tars.values import is_value
from mmbench.errors import DataError
from mmbench.media.inside import FileState
from mmbench.storage.content_keys import is_settled
from mmbench.storage.key_store import KeyStore
from mmbench.text import plain

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSION = 1  # raise it when an index of the same file may differ
_SMALL = 1 << 16  # bytes of a member whose contents are in the index
_UNPACK = {"gzip": "gunzip -k", "bzip2": "bunzip2 -k", "xz": "unxz -k", "zstd": "unzstd"}
_LEFT_OUT = (FOLDER, "V", "D")  # V and D: a label, and a list of names (GNU tar)
_SPARSE_FAULT = "it is stored as a sparse file; pack it without --sparse"


class TarIndex(NamedTuple):
    """The members of an archive, without folders.

    `names` are full names [n]; `offsets` and `sizes` [n] int64 give the places of the data in
    bytes. `faults` maps the numbers of members without data, such as symbolic links, to reasons.
    `contents` has the bytes of small members that hold values (`is_value`), if the archive is at a
    URL: requesting each of them would take longer than reading the archive.
    """

    names: list[str]
    offsets: NDArray[np.int64]
    sizes: NDArray[np.int64]
    faults: dict[int, str]
    contents: dict[int, bytes]

    def place(self, member: int) -> tuple[int, int]:
        """Return the offset and the size of a member in bytes."""
        return int(self.offsets[member]), int(self.sizes[member])


class _Stored(msgspec.Struct, array_like=True):
    """A cached index; names are separated by NUL, numbers are int64 in little-endian order."""

    names: bytes
    offsets: bytes
    sizes: bytes
    faults: dict[int, bytes]
    contents: dict[int, bytes]


def index_tar(file: ByteFile, store: KeyStore) -> TarIndex:
    """Return the index of an archive, from the cache if the file did not change.

    Raises DataError for a file that cannot be read, a compressed file, a file that is not an
    archive, and a damaged or truncated archive; the message gives the offset. Raises UserError if
    the cache cannot be used.
    """
    state = None if file.state is None else versioned(file.state, f"tar index {_VERSION}")
    known = None if state is None else store.get(state)
    if known is not None:
        return _decoded(known)
    settled = state is not None and (file.path is None or is_settled(state.ctime))
    try:
        with file.opened() as read:
            window = _Window(read, file).read
            index = _build(read_headers(window, file.size), None if file.path else window)
    except TarFault as error:
        _refuse_format(file)
        raise DataError(f"{file.name}: {error}") from error
    except (OSError, ValueError) as error:
        raise unreadable(file.name, error) from error
    if state is not None and settled:
        store.add([(state, _encoded(index))])
    return index


def unreadable(name: str, error: OSError | ValueError) -> DataError:
    """Return the error for a file that cannot be read; the message names the file once."""
    reason = " ".join(str(getattr(error, "strerror", None) or error).split())
    return DataError(f"{name} cannot be read: {reason.removeprefix(f'{name}: ')}")


def versioned(state: FileState, purpose: str) -> FileState:
    """Return the state under which something else than the hash of a file is cached."""
    return state._replace(path=state.path.rstrip(b"\0") + b"\0" + purpose.encode())


class _Window:
    """Reads headers in larger steps, because those of small members lie close together."""

    def __init__(self, read: Read, file: ByteFile) -> None:
        self._read, self._step, self._size = read, file.step, file.size
        self._at, self._data = 0, b""

    def read(self, offset: int, length: int) -> bytes:
        start, length = offset - self._at, min(length, self._size - offset)
        if start < 0 or start + length > len(self._data):
            self._data = self._read(offset, max(length, self._step))
            self._at, start = offset, 0
        return self._data[start : start + length]


def _refuse_format(file: ByteFile) -> None:
    """Raise DataError for a compressed archive, and for a file in another known format."""
    head = file.read(0, BLOCK)
    kind = describe_bytes(head) if head else TAR
    if is_packed(kind):
        command = _UNPACK.get(kind.rpartition(" ")[2], "")
        advice = f"decompress it: {command} {plain(file.name)}" if command else "unpack it"
        raise DataError(
            f"{file.name} is {kind}, and members of a compressed archive have no offsets; {advice}"
        )
    if kind not in (TAR, "binary", "empty"):
        raise DataError(f"{file.name} is {kind}, not a tar archive")


def _build(headers: Iterable[Header], read: Read | None) -> TarIndex:
    """Return the index of the members; with `read`, it has the contents of small ones."""
    import numpy as np

    members: list[Header] = []
    contents: dict[int, bytes] = {}
    for one in headers:
        if one.kind in _LEFT_OUT:
            continue
        if read is not None and one.kind == REGULAR and one.size <= _SMALL and is_value(one.name):
            contents[len(members)] = read(one.offset, one.size)
        members.append(one)
    places = list(_places(members))
    offsets, sizes = np.array(places, np.int64).reshape(-1, 2).T
    faults = {at: _fault(members[at]) for at, (offset, _) in enumerate(places) if offset < 0}
    return TarIndex([one.name for one in members], offsets, sizes, faults, contents)


def _places(members: list[Header]) -> Iterator[tuple[int, int]]:
    """Yield the offset and the size of each member; (-1, 0) for a member without data.

    A hard link has the data of the earlier member that it names.
    """
    has_links = any(one.kind == HARD_LINK for one in members)
    earlier: dict[str, tuple[int, int]] = {}
    for one in members:
        place = (one.offset, one.size) if one.kind == REGULAR else (-1, 0)
        if has_links:
            place = earlier.get(one.target, place) if one.kind == HARD_LINK else place
            earlier[one.name] = place
        yield place


def _fault(member: Header) -> str:
    """Return the reason why a member has no data."""
    target = plain(member.target, 100)
    reasons = {
        HARD_LINK: f"it is a hard link to {target!r}, which is not an earlier file of the archive",
        SYMBOLIC_LINK: f"it is a symbolic link to {target!r}; pack the file: tar --dereference",
        SPARSE: _SPARSE_FAULT,
    }
    return reasons.get(member.kind, "it is a device, a pipe or a part of a file on another volume")


def _encoded(index: TarIndex) -> bytes:
    names = "\0".join(index.names).encode("utf-8", "surrogateescape")
    faults = {at: text.encode("utf-8", "surrogateescape") for at, text in index.faults.items()}
    offsets, sizes = (column.astype("<i8").tobytes() for column in (index.offsets, index.sizes))
    return msgspec.msgpack.encode(_Stored(names, offsets, sizes, faults, index.contents))


def _decoded(data: bytes) -> TarIndex:
    import numpy as np

    stored = msgspec.msgpack.decode(data, type=_Stored)
    names = stored.names.decode("utf-8", "surrogateescape").split("\0") if stored.offsets else []
    offsets, sizes = (np.frombuffer(part, "<i8") for part in (stored.offsets, stored.sizes))
    faults = {at: text.decode("utf-8", "surrogateescape") for at, text in stored.faults.items()}
    return TarIndex(names, offsets, sizes, faults, stored.contents)
