"""The journal: model outputs, stored so that they survive a kill and are never computed twice.

A journal is a folder of segments. Every process appends to its own segment and reads all segments,
so that several runs need no lock. Rows are read through a memory map. The id of a batch is the hash
of its keys in order. A batch with a stored id is read from its own entry, so that a resumed run
gives the same bits as an uninterrupted run. Any other batch is read from the journal if each of its
keys is in a stored batch. The newest entry of a batch or a key is used.

A run with `fresh` reads nothing, and marks its segment. Its entries replace older ones: an older
entry of a batch is not used if a later generation has an output for one of its keys. Each marked
segment begins a generation.
"""

from __future__ import annotations

import mmap
import os
import secrets
import time
from array import array
from functools import cached_property
from itertools import repeat
from pathlib import Path
from typing import NamedTuple
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import Places
from mmbench.storage.cache_errors import cache_errors
from mmbench.storage.content_keys import Keys, as_keys, by_bytes, digest_of_keys
from mmbench.storage.journal.entries import HEAD, Entry, JournalBatch, as_entry, entries
from mmbench.validation.regular_files import open_regular

_FRESH = ".fresh.segment"  # the end of the names of segments that begin a generation


class _BatchIndex(NamedTuple):
    """An index of the stored keys, sorted by bytes.

    It has, for each key, the entry with its row, and the bounds of the row.
    """

    keys: NDArray[np.void]  # [m] of 16 bytes
    entry: NDArray[np.int32]  # [m]
    start: NDArray[np.int64]  # [m], in the entry's segment
    end: NDArray[np.int64]  # [m]

    def places(self, keys: Keys) -> Places:
        """Return the positions [k] of keys [k, 16] in the index, -1 for missing keys."""
        searched = by_bytes(keys)
        places = np.searchsorted(self.keys, searched)
        places[places == len(self.keys)] = -1
        return np.where(self.keys[places] == searched, places, -1) if len(self.keys) else places


class Journal:
    """The journal of one model and one type of request, which `owner` identifies.

    If `fresh` is true, existing segments are not read, and what is added replaces their outputs in
    later runs. Raises UserError if the folder or a segment cannot be used.
    """

    def __init__(self, folder: Path, owner: str = "", *, fresh: bool = False) -> None:
        self._folder, self._owner, self._fresh = folder, crc32(owner.encode()), fresh
        self._entries: dict[bytes, int] = {}  # batch id -> number of its newest entry
        self._order: list[Entry] = []  # from the oldest to the newest
        self._generations = array("i")  # of the entries in _order
        self._failed: dict[bytes, tuple[int, str]] = {}  # key -> number of the entry, reason
        self._out: int | None = None
        self.sizes: tuple[int, int] | None = None
        with cache_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        if not fresh:
            generation = 0
            for segment in sorted(folder.glob("*.segment")):
                generation += segment.name.endswith(_FRESH)
                with cache_errors(segment):
                    self._scan(segment, generation)

    def _scan(self, path: Path, generation: int) -> None:
        try:
            stream = open_regular(path)
        except FileNotFoundError:  # another process has just deleted it
            return
        with stream:
            if os.fstat(stream.fileno()).st_size < HEAD:
                return
            view = memoryview(mmap.mmap(stream.fileno(), 0, access=mmap.ACCESS_READ))
        for ident, sizes, entry in entries(view, self._owner):
            self._entries[ident] = len(self._order)
            self._order.append(entry)
            self._generations.append(generation)
            self.sizes = sizes

    def get(self, keys: Keys) -> JournalBatch | None:
        """Return the stored outputs of a batch of keys [n, 16]; None if an output is missing."""
        ident = digest_of_keys(keys)
        own = self._entries.get(ident)
        if own is not None and not self._is_replaced(own, keys):
            batch = self._order[own].read()
            if batch is not None:
                return batch
            del self._entries[ident]
        gathered = self.part(keys)
        whole = len(gathered.keys) + len(gathered.failures) == len(keys)
        return gathered if whole else None

    def _is_replaced(self, own: int, keys: Keys) -> bool:
        """Return whether a later generation than that of the entry `own` has one of its keys."""
        generation = self._generations[own]
        if generation == self._generations[-1]:
            return False
        places = self._index.places(keys)
        failed = (self._failed[key][0] for key in map(bytes, keys) if key in self._failed)
        newest = [*self._index.entry[places[places >= 0]].tolist(), *failed]
        return any(self._generations[one] > generation for one in newest)

    def part(self, keys: Keys) -> JournalBatch:
        """Return the stored outputs for the `keys` [n, 16] that are in any batch.

        Other keys are left out.
        """
        places = self._index.places(keys)
        rows = self._rows(self._index, places[places >= 0])
        missing = map(bytes, keys[places < 0]) if self._failed else ()
        failures = {key: self._failed[key][1] for key in missing if key in self._failed}
        return JournalBatch(keys[places >= 0], rows, failures)

    def _rows(self, index: _BatchIndex, places: Places) -> list[bytes | memoryview]:
        bounds = zip(index.entry[places], index.start[places], index.end[places], strict=True)
        return [self._order[entry].segment[start:end] for entry, start, end in bounds]

    @cached_property
    def _index(self) -> _BatchIndex:
        """An index of all entries, with the newest output of each key.

        Keys with a newer failure are in `_failed` and not in the index.
        """
        keys, entries, starts, ends = bytearray(), array("i"), array("q"), array("q")
        for number, entry in enumerate(self._order):
            contents = entry.contents()
            if contents is None:
                continue
            bounds, failures = contents
            self._failed.update({key: (number, why) for key, why in failures.items()})
            keys += entry.keys
            entries.extend(repeat(number, entry.rows))
            starts.extend(bounds[:-1])
            ends.extend(bounds[1:])
        backwards = by_bytes(as_keys([keys]))[::-1]
        distinct, last = np.unique(backwards, return_index=True)
        columns = (np.frombuffer(column, column.typecode) for column in (entries, starts, ends))
        index = _BatchIndex(distinct, *(column[::-1][last] for column in columns))
        return self._without_failed(index) if self._failed else index

    def _without_failed(self, index: _BatchIndex) -> _BatchIndex:
        """Return an index without keys that failed later; forget failures with a later output."""
        places = index.places(as_keys(self._failed)).tolist()
        keep = np.ones(len(index.keys), bool)
        for place, (key, (number, _)) in zip(places, [*self._failed.items()], strict=True):
            if place >= 0 and index.entry[place] > number:
                del self._failed[key]
            elif place >= 0:
                keep[place] = False
        return _BatchIndex(index.keys[keep], index.entry[keep], index.start[keep], index.end[keep])

    def add(self, planned: Keys, batch: JournalBatch, sizes: tuple[int, int]) -> None:
        """Append the outputs of a batch of keys [n, 16]; from then on they survive a kill.

        `planned` are the keys of the planned batch. `sizes` are the planned batch size and the
        batch size that fitted into memory. Raises UserError if the disk is full; earlier entries
        are kept.
        """
        self._append(as_entry(planned, batch, sizes, self._owner))

    def _append(self, entry: bytes) -> None:
        with cache_errors(self._folder):
            if self._out is None:
                self._folder.mkdir(parents=True, exist_ok=True)  # it may have been deleted
                ending = _FRESH if self._fresh else ".segment"
                name = f"{time.time_ns():020d}-{os.getpid()}-{secrets.token_hex(4)}{ending}"
                flags = os.O_WRONLY | os.O_APPEND | os.O_CREAT | os.O_EXCL
                self._out = os.open(self._folder / name, flags, 0o644)
            offset = 0
            while offset < len(entry):
                offset += os.write(self._out, entry[offset:])

    def close(self) -> None:
        """Close the segment of this process."""
        if self._out is not None:
            os.close(self._out)
            self._out = None
