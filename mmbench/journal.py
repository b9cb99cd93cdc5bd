"""What a model answered, kept so that it survives a kill and is never computed twice.

A journal is a folder of segments. Every process appends to a segment of its own and reads all, so
several runs need no lock. An entry is one batch of the journal's owner, who asked whom for what, so
that a segment that was moved into another folder does not fit there:

    header   magic, sizes, the batch's id, CRC of the payload, CRC of the header and the owner
    payload  n keys of 16 bytes · failures and lengths of rows as JSON · n rows of bytes

A row is a vector as little-endian float32, a text, an image, a sound. A torn or corrupted entry
fails its CRC and counts as absent. Rows are read through a memory map. A batch's id is the hash of
its keys in their order: the same batch run again is answered from its own entry, so that a resumed
run has the same bits as one that was never interrupted. A batch that was never run as such is
answered when each of its keys is held by some batch (the first that was written wins).
"""

from __future__ import annotations

import json
import mmap
import os
import secrets
import struct
import time
from collections.abc import Iterator, Sequence
from itertools import accumulate, pairwise
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

from mmbench.cache_errors import cache_errors
from mmbench.contents import KEY_BYTES, digest
from mmbench.regular_files import open_regular

_MAGIC = b"mmbench\x02"
# magic, rows, bytes of rows, bytes of JSON, planned size, step, batch id, CRC of the payload
_HEADER = struct.Struct("<8sIQIII16sI")
_CRC = struct.Struct("<I")
_HEAD = _HEADER.size + _CRC.size


class Batch(NamedTuple):
    """What the journal holds of a batch: a row of `keys` each, and reasons of failed keys."""

    keys: list[bytes]
    rows: Sequence[bytes | memoryview]
    failures: dict[bytes, str]


class _Entry(NamedTuple):
    """Where an entry lies: its segment and the offset of its payload."""

    segment: memoryview
    start: int
    rows: int
    body: int
    meta: int
    crc: int

    @property
    def end(self) -> int:
        return self.start + self.rows * KEY_BYTES + self.meta + self.body


def batch_id(keys: Sequence[bytes]) -> bytes:
    """The identity of a batch: its keys in their order."""
    return digest(*keys)


class Journal:
    """One model's answers to one sort of request, both of which `owner` names.

    `fresh` reads nothing that was there before. Raises UserError where the folder or a segment
    cannot be used.
    """

    def __init__(self, folder: Path, owner: str = "", *, fresh: bool = False) -> None:
        self._folder, self._owner = folder, crc32(owner.encode())
        self._entries: dict[bytes, _Entry] = {}
        self._order: list[_Entry] = []
        self._rows: dict[bytes, bytes | memoryview] | None = None
        self._failed: dict[bytes, str] = {}
        self._out: int | None = None
        self.sizes: tuple[int, int] | None = None
        with cache_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if not fresh:
            for segment in sorted(folder.glob("*.segment")):
                with cache_errors(segment):
                    self._scan(segment)

    def _scan(self, path: Path) -> None:
        try:
            stream = open_regular(path)
        except FileNotFoundError:  # another process has just deleted it
            return
        with stream:
            if os.fstat(stream.fileno()).st_size < _HEAD:
                return
            view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        for ident, sizes, entry in _entries(view, self._owner):
            self._entries[ident] = entry
            self._order.append(entry)
            self.sizes = sizes

    def get(self, keys: Sequence[bytes]) -> Batch | None:
        """What is held of a batch if it is held whole, else None."""
        own = self._entries.get(batch_id(keys))
        if own is not None:
            batch = _read(own)
            if batch is not None:
                return batch
            del self._entries[batch_id(keys)]
        return self._from_other_batches(keys)

    def part(self, keys: Sequence[bytes]) -> Batch:
        """What is held of these keys one by one, by any batch."""
        rows = self._row_index()
        held = [key for key in keys if key in rows]
        lost = [key for key in keys if key not in rows and key in self._failed]
        return Batch(held, [rows[key] for key in held], {key: self._failed[key] for key in lost})

    def _from_other_batches(self, keys: Sequence[bytes]) -> Batch | None:
        found = self.part(keys)
        whole = len(found.keys) + len(found.failures) == len(keys)
        return found if whole else None

    def _row_index(self) -> dict[bytes, bytes | memoryview]:
        if self._rows is None:
            self._rows = {}
            for batch in filter(None, map(_read, self._order)):
                self._failed.update(batch.failures)
                for key, row in zip(batch.keys, batch.rows, strict=True):
                    self._rows.setdefault(key, row)
        return self._rows

    def put(self, asked: Sequence[bytes], batch: Batch, sizes: tuple[int, int]) -> None:
        """Append the answers to a batch. They are safe from a kill when this returns.

        `sizes` are the planned batch size and the size that memory allowed. Raises UserError when
        the disk is full; what was written before stays.
        """
        told = {
            "failures": {key.hex(): why for key, why in batch.failures.items()},
            "lengths": [len(row) for row in batch.rows],
        }
        meta, body = json.dumps(told).encode(), b"".join(batch.rows)
        payload = b"".join([*batch.keys, meta, body])
        header = _HEADER.pack(
            *(_MAGIC, len(batch.keys), len(body), len(meta), *sizes, batch_id(asked)),
            crc32(payload),
        )
        self._append(header + _CRC.pack(crc32(header, self._owner)) + payload)

    def _append(self, entry: bytes) -> None:
        with cache_errors(self._folder):
            if self._out is None:
                self._folder.mkdir(parents=True, exist_ok=True)  # it may have been deleted
                name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}.segment"
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
                self._out = os.open(self._folder / name, flags, 0o644)
            written = 0
            while written < len(entry):
                written += os.write(self._out, entry[written:])

    def close(self) -> None:
        """Close this process's segment."""
        if self._out is not None:
            os.close(self._out)
            self._out = None


def _entries(view: memoryview, owner: int) -> Iterator[tuple[bytes, tuple[int, int], _Entry]]:
    """The owner's entries in a segment, of sound headers; after a broken one, the next magic.

    Entries of earlier versions name no owner. They fit, for answers of an API cost money.
    """
    raw, at = view.obj, 0
    assert isinstance(raw, mmap.mmap)
    while at + _HEAD <= len(view):
        header = view[at : at + _HEADER.size]
        (crc,) = _CRC.unpack_from(view, at + _HEADER.size)
        magic, rows, body, meta, size, step, ident, payload_crc = _HEADER.unpack(header)
        entry = _Entry(view, at + _HEAD, rows, body, meta, payload_crc)
        sound = magic == _MAGIC and crc in (crc32(header, owner), crc32(header))
        if sound and entry.end <= len(view):
            yield ident, (size, step), entry
            at = entry.end
            continue
        at = raw.find(_MAGIC, at + 1)
        if at < 0:
            return


def _read(entry: _Entry) -> Batch | None:
    """An entry's batch, or None when its payload is not what was written."""
    payload = entry.segment[entry.start : entry.end]
    if crc32(payload) != entry.crc:
        return None
    cut = entry.rows * KEY_BYTES
    raw = bytes(payload[:cut])
    keys = [raw[i : i + KEY_BYTES] for i in range(0, cut, KEY_BYTES)]
    told = json.loads(bytes(payload[cut : cut + entry.meta]))
    ends = accumulate(told["lengths"], initial=cut + entry.meta)
    rows = [payload[start:end] for start, end in pairwise(ends)]
    return Batch(keys, rows, {bytes.fromhex(key): why for key, why in told["failures"].items()})
