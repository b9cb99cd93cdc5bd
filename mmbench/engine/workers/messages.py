"""The messages between the driver and its workers. Ray transports them as pickled objects."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import msgspec

from mmbench.engine.dispatch import StoredRow
from mmbench.engine.loading.models.resolver import ModelOrigin
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
    """A batch to compute. The contents of `requests` are the items, and their media are Shipped."""

    requests: Requests
    step: int


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

    The rows are in `block` if there are `n` rows of equal length, else in `rows`, in which the
    output of a failed item is None. `failures` maps such rows to their reason, and to whether the
    failure is permanent.
    """

    block: bytes = b""
    n: int = 0
    rows: list[bytes | None] = []
    failures: dict[int, tuple[str, bool]] = {}
    step: int = 0
    audio_seconds: float = 0.0
    notes: tuple[str, ...] = ()
    missing: tuple[bytes, ...] = ()


def as_reply(
    outputs: Sequence[StoredRow], step: int, seconds: float, notes: list[str]
) -> BatchReply:
    """Return the reply with the encoded outputs of a batch."""
    if isinstance(outputs, RowBlock):
        block = bytes(outputs.data)
        return BatchReply(block, len(outputs), [], {}, step, seconds, tuple(notes))
    failures = {
        row: (str(output), isinstance(output, ContentError))
        for row, output in enumerate(outputs)
        if isinstance(output, SampleError)
    }
    rows = [None if isinstance(output, SampleError) else bytes(output) for output in outputs]
    return BatchReply(b"", 0, rows, failures, step, seconds, tuple(notes))


def outputs_of(reply: BatchReply) -> Sequence[StoredRow]:
    """Return the encoded outputs in a reply."""
    if reply.n:
        return RowBlock(reply.block, reply.n)
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
    return msgspec.structs.replace(requests, contents=list(items), labels=())
