"""The messages between the driver and its workers. Ray transports them as pickled objects."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench.engine.dispatch import StoredRow
from mmbench.engine.loading.models.resolver import ModelOrigin
from mmbench.engine.workers.search.vector_files import SharedVectors
from mmbench.errors import ContentError, SampleError
from mmbench.storage.journal.entries import RowBlock
from mmbench.types import Item, MediaPlace, Requests


class NodeFacts(msgspec.Struct, frozen=True):
    """A worker's node: its name, the id that Ray gives it, the device, and library versions.

    `device` is `cpu` or `cuda`, and `device_name` the name of the GPU, or `cpu`.
    """

    name: str
    node: str
    device: str
    device_name: str
    versions: dict[str, str]


class WorkerSettings(msgspec.Struct, frozen=True):
    """The settings of a worker: torch threads, the driver's working folder, node and cache."""

    threads: int
    cwd: str
    node: str
    cache: str


class PluginSource(msgspec.Struct, frozen=True):
    """A plugin file: its path on the driver, and its source.

    `modules` are the local modules that it imports and the files that its code names, by path
    relative to the folder on `sys.path` or the plugin's folder.
    """

    path: str
    source: bytes
    modules: dict[str, bytes]


class ModelOrder(msgspec.Struct, frozen=True):
    """A model that a worker loads: how to resolve it, and the identity that it must have.

    Two orders with the same `key` are the same model with the same options; options that are not
    part of the identity count too.
    """

    key: str
    origin: ModelOrigin
    hash: str
    parts: tuple[tuple[str, str], ...]
    device: str
    name: str
    plugins: tuple[PluginSource, ...]
    packages: dict[str, str]  # installed plugins: distribution and version


class BatchOrder(msgspec.Struct, frozen=True):
    """Batches to compute, with `sizes` items each.

    The contents of `requests` are the items of all batches, and their media are Shipped.
    """

    requests: Requests
    sizes: list[int]
    step: int

    def batches(self) -> Iterator[list[Item]]:
        """Yield the items of each batch."""
        items = iter(self.requests.contents)
        for size in self.sizes:
            yield [*islice(items, size)]


class PartOrder(NamedTuple):
    """The search of a part of a corpus: a function of `mmbench.search.part_search`, and queries.

    `search` is the id of the search.
    """

    function: str
    search: str
    queries: SharedVectors


class Shipped(NamedTuple):
    """The place and the digest of a media item, in place of the function that reads it.

    `place` is None if the driver sends the bytes.
    """

    place: MediaPlace | None
    digest: bytes

    def __call__(self) -> bytes:
        """Raise an error: a worker replaces this object before it decodes the item."""
        raise ValueError("the media item was not received")


class Fault(msgspec.Struct, frozen=True):
    """An error on a worker: its class among the errors of mmbench, message and traceback.

    `kind` is empty for a bug of mmbench, and `Exception` for an error of a plugin or a library.
    """

    kind: str
    text: str
    trace: str


class BatchReply(msgspec.Struct, frozen=True):
    """The outputs of a batch, or the digests of the files that the worker cannot read.

    If there are `n` rows of `length` bytes each, they are in the block of the CallReply. Otherwise
    they are in `rows`, in which the output of a failed item is None. `failures` maps such rows to
    their reason, and to whether the failure is permanent. `seconds` is the time of computing.
    """

    n: int = 0
    length: int = 0
    rows: list[bytes | None] = []
    failures: dict[int, tuple[str, bool]] = {}
    step: int = 0
    audio_seconds: float = 0.0
    seconds: float = 0.0
    notes: tuple[str, ...] = ()
    missing: tuple[bytes, ...] = ()


class CallReply(msgspec.Struct, frozen=True):
    """The replies of the batches of a call, up to the first that raised an error: `fault`.

    `block` has the rows of equal length of all batches one after another. It is an array because
    Ray passes arrays to the driver without a copy.
    """

    block: NDArray[np.uint8]
    batches: list[BatchReply]
    fault: Fault | None = None

    @property
    def n_bytes(self) -> int:
        """The number of bytes of the outputs."""
        rows = sum(len(row or b"") for one in self.batches for row in one.rows)
        return self.block.nbytes + rows

    def outputs(self) -> Iterator[Sequence[StoredRow]]:
        """Yield the encoded outputs of each batch; no outputs for one with missing files."""
        data, start = self.block.data, 0
        for one in self.batches:
            end = start + one.n * one.length
            yield RowBlock(data[start:end], one.n) if one.n else _separate_rows(one)
            start = end


def as_reply(outputs: Sequence[StoredRow], blocks: list[memoryview]) -> BatchReply:
    """Return the reply with the encoded outputs of a batch.

    Rows of equal length are appended to `blocks` instead.
    """
    if isinstance(outputs, RowBlock):
        blocks.append(outputs.data)
        return BatchReply(len(outputs), outputs.length)
    failures = {
        row: (str(output), isinstance(output, ContentError))
        for row, output in enumerate(outputs)
        if isinstance(output, SampleError)
    }
    rows = [None if isinstance(output, SampleError) else bytes(output) for output in outputs]
    return BatchReply(rows=rows, failures=failures)


def _separate_rows(reply: BatchReply) -> Sequence[StoredRow]:
    outputs: list[StoredRow] = []
    for row, data in enumerate(reply.rows):
        if data is not None:
            outputs.append(data)
            continue
        reason, is_permanent = reply.failures[row]
        outputs.append((ContentError if is_permanent else SampleError)(reason))
    return outputs


def with_items(requests: Requests, items: Sequence[Item]) -> Requests:
    """Return requests with other contents, and without the labels that only the driver needs."""
    return msgspec.structs.replace(requests, contents=items, labels=())
