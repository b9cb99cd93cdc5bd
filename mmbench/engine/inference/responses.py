"""The distinct items of a list of requests, and a table of their outputs filled by batches."""

from __future__ import annotations

from collections.abc import Sequence
from tempfile import TemporaryFile
from typing import NamedTuple

import numpy as np

from mmbench.columns import Places, take_rows
from mmbench.engine import dispatch
from mmbench.storage.content_keys import ContentKeys, Keys, by_bytes
from mmbench.storage.journal.entries import JournalBatch
from mmbench.types import (
    Array,
    GeneratedOutputs,
    Item,
    Requests,
    VectorOutputs,
)

_IN_MEMORY = 1 << 30  # bytes; larger matrices are in a temporary memory map
_BLOCK = 1 << 16  # rows normalised or copied at a time


class Distinct(NamedTuple):
    """The k distinct items of n requests, in the order of their first appearance."""

    items: Sequence[Item]  # the items of all n requests
    keys: Keys  # [k, 16]: content keys of the distinct items
    first: Places  # [k]: the first row of each distinct item in `items`
    rows: Places  # [n]: the index of each request's item in `keys`; -1 for a request without a key
    failures: dict[int, str]  # why a request has no key, by row in `items`

    def select(self, numbers: Places) -> Sequence[Item]:
        """Return the distinct items with the indices `numbers` in `keys`."""
        return take_rows(self.items, self.first[numbers])


def distinct(items: Sequence[Item], keys: ContentKeys) -> Distinct:
    """Find the distinct items among n items by their content keys."""
    item_keys, failures = keys.keys(items)
    if not failures and _surely_distinct(item_keys):
        rows = np.arange(len(items))
        return Distinct(items, item_keys, rows, rows, failures)
    valid_rows = np.delete(np.arange(len(items)), list(failures))
    _, first, inverse = np.unique(
        by_bytes(item_keys[valid_rows]), return_index=True, return_inverse=True
    )
    order = np.argsort(first)
    first = valid_rows[first[order]]
    number = np.empty_like(order)
    number[order] = np.arange(len(order))
    rows = np.full(len(items), -1)
    rows[valid_rows] = number[inverse]
    return Distinct(items, item_keys[first], first, rows, failures)


def _surely_distinct(keys: Keys) -> bool:
    """Return whether the first 8 bytes of all keys [n, 16] differ.

    If they differ, all keys are distinct; if not, the keys may still be distinct. This test is
    faster than the comparison of whole keys.
    """
    halves = np.sort(keys.view(np.uint64)[:, 0])
    return bool((halves[1:] != halves[:-1]).all())


class ResponseTable:
    """The outputs of n distinct items, and the reasons of failures by row.

    Outputs are either vectors [n, d] or a list of texts, matches of tokens, images or audio clips.
    """

    def __init__(self, n: int, requests: Requests, name: str = "the model") -> None:
        self._n = n
        self._name = name
        self._requests = requests
        self._vectors: Array | None = None
        generated = 0 if requests.method in dispatch.VECTORS else n
        self._generated: list[dispatch.Generated | None] = [None] * generated
        self._failures: dict[int, str] = {}

    @property
    def all_or_nothing(self) -> bool:
        """Whether a batch succeeds or fails as a whole: true for vectors, false for generation."""
        return self._requests.method in dispatch.VECTORS

    def add(self, rows: Places, keys: Keys, batch: JournalBatch) -> Places:
        """Add the outputs of a batch, and return the rows that have no output in it.

        `keys` [n, 16] are the keys of all distinct items, `rows` the rows of the batch in `keys`.
        """
        expected = keys[rows]
        if np.array_equal(batch.keys, expected):
            self._add(rows, batch.rows)
            return rows[:0]
        row_of = dict(zip(map(bytes, expected), rows.tolist(), strict=True))
        self._failures.update({row_of.pop(key): why for key, why in batch.failures.items()})
        answered = [row_of.pop(key) for key in map(bytes, batch.keys)]
        self._add(np.array(answered, np.int64), batch.rows)
        return np.array([*row_of.values()], np.int64)

    def generated(self, rows: Places) -> list[dispatch.Generated | None]:
        """Return the generated outputs in `rows`; return an empty list for vectors."""
        return [] if self.all_or_nothing else [self._generated[row] for row in rows.tolist()]

    def _add(self, places: Places, rows: Sequence[bytes | memoryview]) -> None:
        if not self.all_or_nothing:
            for place, row in zip(places.tolist(), rows, strict=True):
                self._generated[place] = dispatch.decode_output(row, self._requests.method)
        elif len(rows):
            self._add_vectors(places, dispatch.decode_vectors(rows))

    def _add_vectors(self, places: Places, vectors: dispatch.Vectors) -> None:
        if self._vectors is None:
            self._vectors = zero_matrix(self._n, vectors.shape[1], vectors.itemsize)
        elif vectors.itemsize > self._vectors.itemsize:
            self._vectors = self._vectors.astype(np.float64)
        self._vectors[places] = vectors

    def answers(self, distinct: Distinct, labels: list[str]) -> VectorOutputs | GeneratedOutputs:
        """Return the outputs of all requests: each request gets the output of its distinct item.

        Raises ModelError if a classifier's number of score columns differs from its number of
        labels.
        """
        failed = np.flatnonzero(np.isin(distinct.rows, [*self._failures])).tolist()
        forward_failures = {request: self._failures[distinct.rows[request]] for request in failed}
        failures = distinct.failures | forward_failures
        if not self.all_or_nothing:
            generated = [
                None if row < 0 else self._generated[row] for row in distinct.rows.tolist()
            ]
            return GeneratedOutputs(generated, failures)
        if self._requests.method == "classify" and self._vectors is not None:
            dispatch.check_columns(self._vectors.shape[1], labels, self._name)
        width = max(1, len(labels))  # used if no row has an output
        unique = zero_matrix(self._n, width) if self._vectors is None else self._vectors
        normalise = self._requests.method in dispatch.EMBEDDINGS and self._requests.normalise
        return VectorOutputs(_expand(unique, distinct.rows, normalise=normalise), failures, labels)


def zero_matrix(n: int, d: int, itemsize: int = 4) -> Array:
    """Return zeros [n, d] in float32, or in float64 for an `itemsize` of 8.

    A matrix larger than 1 GiB is memory-mapped to a temporary file.
    """
    dtype = np.float64 if itemsize == 8 else np.float32
    if itemsize * n * d <= _IN_MEMORY:
        return np.zeros((n, d), dtype)
    with TemporaryFile(prefix="mmbench-") as file:
        return np.memmap(file, dtype, "w+", shape=(n, d))


def _expand(unique: Array, rows: Places, *, normalise: bool) -> Array:
    """Return one row per request: `unique[rows]`, or zeros for a failed request (row -1).

    If `normalise` is true, rows are L2-normalised. If `rows` is 0, 1, …, the result is the array
    `unique` itself, without a copy.
    """
    is_one_to_one = np.array_equal(rows, np.arange(len(unique)))
    if is_one_to_one and not normalise:
        return unique
    out = unique if is_one_to_one else zero_matrix(len(rows), unique.shape[1], unique.itemsize)
    if not len(unique):  # no item has a key
        return out
    for start in range(0, len(rows), _BLOCK):
        part = rows[start : start + _BLOCK]
        block = np.where((part >= 0)[:, None], unique[part], 0)
        if not normalise:
            out[start : start + _BLOCK] = block
            continue
        norms = np.sqrt(np.einsum("ij,ij->i", block, block, dtype=np.float64))
        out[start : start + _BLOCK] = block / np.where(norms > 0, norms, 1)[:, None]
    return out
