"""One archive of a data set: its samples, the values of their members, and their media."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mmbench.data.readers.tars.failures import FailedRow, failed_rows
from mmbench.data.readers.tars.files import ByteFile
from mmbench.data.readers.tars.grouping import group_members
from mmbench.data.readers.tars.index import TarIndex, index_tar, unreadable, versioned
from mmbench.data.readers.tars.locations import Location
from mmbench.data.readers.tars.values import Lines, decode_member, is_json, refuse_undecodable
from mmbench.errors import DataError
from mmbench.media.inside import MediaFile
from mmbench.storage.key_store import KeyStore
from mmbench.text import plain
from mmbench.types import PlaceInFile

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_VERSION = 1  # raise it when the order of the samples in the same archive may differ


class Shard(NamedTuple):
    """An archive and its samples.

    `keys` are the keys of all samples: first those of the archive, in order, then those of `failed`
    samples. `columns` maps each extension to {row: number of the member}. `has_failures` is true if
    there is a table of failed samples, which may be empty.
    """

    file: ByteFile
    members: TarIndex
    keys: list[str]
    columns: dict[str, dict[int, int]]
    failed: list[FailedRow]
    has_failures: bool

    def where(self, row: int) -> str:
        """Return the place of a sample for messages."""
        return f"{self.file.name} key {plain(self.keys[row])!r}"

    def failure(self, row: int) -> FailedRow | None:
        """Return the failed sample of a row; None for a sample of the archive."""
        first = len(self.keys) - len(self.failed)
        return self.failed[row - first] if row >= first else None

    def values(self, extension: str, lines: Lines) -> list[Any]:
        """Return the value of the member with an extension for each row, None for no such member.

        Raises DataError for a member that cannot be read or decoded.
        """
        rows = self.columns.get(extension, {})
        cells: list[Any] = [None] * len(self.keys)
        for number in rows.values():
            with self._member_errors(number):
                refuse_undecodable(extension, int(self.members.sizes[number]))
                if number in self.members.faults:
                    raise ValueError(self.members.faults[number])
        data = self._data(list(rows.values()))
        for row, number in rows.items():
            with self._member_errors(number):
                cells[row] = decode_member(extension, next(data), lines)
        return cells

    def values_with_failures(self, extension: str) -> list[Any]:
        """Return the values of an archive of img2dataset, with those of failed samples.

        A failed sample has the fields of its row as JSON. A sample without a caption has None as
        text, as in its JSON; the archive has an empty text.
        """
        cells = self.values(extension, "one")
        first = len(cells) - len(self.failed)
        if is_json(extension):
            cells[first:] = [one.fields for one in self.failed]
        if extension == "txt":
            cells = [cell or None for cell in cells]
            cells[first:] = [one.fields.get("caption") for one in self.failed]
        return cells

    def _data(self, numbers: Sequence[int]) -> Iterator[bytes]:
        """Yield the bytes of members. Raises OSError or ValueError."""
        known = self.members.contents
        places = [self.members.place(number) for number in numbers if number not in known]
        parts = self.file.read_ranges(places)
        return (known[number] if number in known else next(parts) for number in numbers)

    @contextmanager
    def _member_errors(self, number: int) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise unreadable(self.file.name, error) from error
        except ValueError as error:
            member = f"{self.file.name}: member {plain(self.members.names[number])!r}"
            raise DataError(f"{member}: {' '.join(str(error).split())}") from error


def open_shard(tar: Location, store: KeyStore) -> Shard:
    """Return an archive with its samples. Raises DataError (see `index_tar`, `group_members`)."""
    file = tar.open()
    index = index_tar(file, store)
    try:
        samples = group_members(index.names)
    except ValueError as error:
        raise DataError(f"{file.name}: {error}") from error
    failed = failed_rows(tar, set(samples.keys))
    keys = [*samples.keys, *(one.key for one in failed or ())]
    return Shard(file, index, keys, samples.columns, failed or [], failed is not None)


class TarMembers(MediaFile):
    """The media in a column of an archive, one for each row of the `shard`.

    `members` [n] int64 are the numbers of the members, -1 for a row without one. `column` is the
    name of the column.
    """

    def __init__(self, shard: Shard, members: NDArray[np.int64], column: str) -> None:
        self.shard, self._members = shard, members
        state = shard.file.state
        self.state = None if state is None else versioned(state, f"tar {_VERSION}: {column}")

    def __len__(self) -> int:
        return len(self._members)

    def name(self, number: int) -> str:
        """Return the name of a media item: its path in the archive, and the archive."""
        member = int(self._members[number])
        inside = self.shard.keys[number] if member < 0 else self.shard.members.names[member]
        return f"{inside} in {self.shard.file.name}"

    def empty(self) -> NDArray[np.bool_]:
        """Return whether each row lacks a member, [n] bool; failed samples count as members."""
        empty = self._members < 0
        empty[len(empty) - len(self.shard.failed) :] = False
        return empty

    def read(self, number: int) -> bytes:
        """Return the bytes of media item `number`. Raises OSError or ValueError."""
        if reason := self._fault(number):
            raise ValueError(reason)
        return self.shard.file.read_whole(*self.shard.members.place(int(self._members[number])))

    def place(self, number: int) -> tuple[Path, PlaceInFile] | None:
        """Return the archive and the range of bytes of media item `number`.

        Return None for an archive at a URL, and for an item without data.
        """
        if self.shard.file.path is None or self._fault(number):
            return None
        place = self.shard.members.place(int(self._members[number]))
        return self.shard.file.path, PlaceInFile(*place)

    def each(self) -> Iterator[bytes | None]:
        """Yield the bytes of all media items, None for a missing one.

        Raises OSError or ValueError.
        """
        there = [number for number in range(len(self)) if not self._fault(number)]
        places = [self.shard.members.place(int(self._members[number])) for number in there]
        parts = self.shard.file.read_ranges(places)
        with_data = set(there)
        return (next(parts) if number in with_data else None for number in range(len(self)))

    def _fault(self, number: int) -> str:
        """Return the reason why a media item has no data, "" if it has."""
        failure = self.shard.failure(number)
        if failure is not None:
            return failure.reason
        member = int(self._members[number])
        return "it is missing" if member < 0 else self.shard.members.faults.get(member, "")
