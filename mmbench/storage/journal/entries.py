"""The entries of a journal segment: one batch each, with checksums.

An entry contains one batch of outputs. A checksum covers the journal's owner (model and type of
request), so that a segment is rejected if it was moved to another journal:

    header   magic, sizes, the batch's id, CRC of the payload, CRC of the header and the owner
    payload  n keys of 16 bytes · failures and lengths of rows as JSON · n rows of bytes

A row is a vector as little-endian float32, a text, an image or audio. An incomplete or corrupted
entry fails its CRC and is ignored.
"""

from __future__ import annotations

import json
import mmap
import struct
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from typing import NamedTuple
from zlib import crc32

from mmbench.columns import Column, Places
from mmbench.storage.content_keys import KEY_BYTES, Keys, as_keys, digest_of_keys

_MAGIC = b"mmbench\x02"
# magic, rows, bytes of rows, bytes of JSON, planned size, step, batch id, CRC of the payload
_HEADER = struct.Struct("<8sIQIII16sI")
_CRC = struct.Struct("<I")
HEAD = _HEADER.size + _CRC.size  # bytes of an entry without a payload


class RowBlock(Column[memoryview]):
    """A sequence of n rows of equal length, stored consecutively in a buffer."""

    def __init__(self, data: bytes | memoryview, n: int) -> None:
        self.data, self._n = memoryview(data), n
        self.length = len(data) // max(1, n)  # bytes of a row

    def __len__(self) -> int:
        return self._n

    def value(self, row: int) -> memoryview:
        """Return the bytes of a row."""
        return self.data[row * self.length : (row + 1) * self.length]

    def take(self, rows: Places) -> list[memoryview]:
        """Return the bytes of the rows with these numbers [k]."""
        return list(map(self.value, rows.tolist()))


class JournalBatch(NamedTuple):
    """The stored outputs of a batch: a row for each key in `keys` [k, 16], and failures by key.

    The key of a failed item is in `failures` and not in `keys`.
    """

    keys: Keys
    rows: Sequence[bytes | memoryview]
    failures: dict[bytes, str]


class Entry(NamedTuple):
    """The location of an entry: its segment, and the offset and sizes of its payload."""

    segment: memoryview
    start: int
    rows: int
    body: int
    meta: int
    crc: int

    @property
    def end(self) -> int:
        """Return the offset of the first byte after the entry."""
        return self.start + self.rows * KEY_BYTES + self.meta + self.body

    @property
    def keys(self) -> memoryview:
        """Return the bytes of the keys."""
        return self.segment[self.start : self.start + self.rows * KEY_BYTES]

    def contents(self) -> tuple[list[int], dict[bytes, str]] | None:
        """Return the n + 1 offsets in the segment that bound the rows, and the failures by key.

        Return None if the payload is damaged.
        """
        if crc32(self.segment[self.start : self.end]) != self.crc:
            return None
        body = self.end - self.body
        contents = json.loads(bytes(self.segment[body - self.meta : body]))
        failures = {bytes.fromhex(key): why for key, why in contents["failures"].items()}
        return list(accumulate(contents["lengths"], initial=body)), failures

    def read(self) -> JournalBatch | None:
        """Return the batch, or None if the payload is damaged."""
        contents = self.contents()
        if contents is None:
            return None
        bounds, failures = contents
        rows: Sequence[memoryview] = [self.segment[a:b] for a, b in pairwise(bounds)]
        if len(set(map(len, rows))) == 1:
            rows = RowBlock(self.segment[bounds[0] : bounds[-1]], self.rows)
        return JournalBatch(as_keys([self.keys]), rows, failures)


def entries(view: memoryview, owner: int) -> Iterator[tuple[bytes, tuple[int, int], Entry]]:
    """Yield (batch id, sizes, entry) for each entry in a segment that has a valid header.

    `view` holds the bytes of the segment, `owner` is a checksum of the journal's owner; entries of
    other owners are skipped. After an invalid header, the next magic number is searched. Entries of
    earlier versions have no owner; they are accepted, because outputs of an API cost money.
    """
    raw, at = view.obj, 0
    assert isinstance(raw, mmap.mmap)
    while at + HEAD <= len(view):
        header = view[at : at + _HEADER.size]
        (crc,) = _CRC.unpack_from(view, at + _HEADER.size)
        magic, rows, body, meta, size, step, ident, payload_crc = _HEADER.unpack(header)
        entry = Entry(view, at + HEAD, rows, body, meta, payload_crc)
        sound = magic == _MAGIC and crc in (crc32(header, owner), crc32(header))
        if sound and entry.end <= len(view):
            yield ident, (size, step), entry
            at = entry.end
            continue
        at = raw.find(_MAGIC, at + 1)
        if at < 0:
            return


def as_entry(keys: Keys, batch: JournalBatch, sizes: tuple[int, int], owner: int) -> bytes:
    """Return the bytes of an entry: the outputs of a batch of keys [n, 16]."""
    if isinstance(batch.rows, RowBlock):
        body, lengths = batch.rows.data, [batch.rows.length] * len(batch.rows)
    else:
        body, lengths = memoryview(b"".join(batch.rows)), list(map(len, batch.rows))
    failures = {key.hex(): why for key, why in batch.failures.items()}
    meta = json.dumps({"failures": failures, "lengths": lengths}).encode()
    payload = b"".join([batch.keys.tobytes(), meta, body])
    header = _HEADER.pack(
        *(_MAGIC, len(batch.keys), len(body), len(meta), *sizes, digest_of_keys(keys)),
        crc32(payload),
    )
    return header + _CRC.pack(crc32(header, owner)) + payload
