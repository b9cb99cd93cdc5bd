"""Checks of the inputs of a search: vectors and positives."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

import numpy as np
from numpy.typing import NDArray

from mmbench.columns.vectors import Vectors
from mmbench.errors import DataError
from mmbench.text import count, part_of
from mmbench.types import Array

Ints = NDArray[np.int64]
Ids = Sequence[str] | None

SHOWN = 5
LINES = 1 << 14  # vectors per block


def check_vectors(
    queries: Array | Vectors, corpus: Array | Vectors, query_ids: Ids, corpus_ids: Ids
) -> None:
    """Check the vectors of queries and corpus, and their ids.

    The vectors must be float32 of equal width. There must be one id for each row, or no ids. Raises
    DataError.
    """
    for side, vectors, ids in (("query", queries, query_ids), ("corpus", corpus, corpus_ids)):
        if vectors.ndim != 2 or vectors.dtype != np.float32:
            raise DataError(
                f"{side} vectors are {vectors.dtype} of shape {vectors.shape};"
                " give float32 [n, d], e.g. by .astype(numpy.float32)"
            )
        if ids is not None and len(ids) != len(vectors):
            raise DataError(
                f"{count(len(ids), 'id')} for {count(len(vectors), f'{side} vector')};"
                " give one id per vector"
            )
    if queries.shape[1] != corpus.shape[1]:
        raise DataError(
            f"query vectors have {queries.shape[1]} dimensions and corpus vectors"
            f" {corpus.shape[1]}; compute both with the same model"
        )


def invalid_rows(vectors: Array) -> list[int]:
    """Return the indices of the rows of `vectors` [n, d] that are NaN, infinite or zero.

    The squared norm of these rows is not a positive float32.
    """
    rows: list[int] = []
    for i in range(0, len(vectors), LINES):
        block = vectors[i : i + LINES]
        squares = np.einsum("ij,ij->i", block, block)
        rows += (np.flatnonzero(~((squares > 0) & (squares < np.inf))) + i).tolist()
    return rows


def refuse_invalid(side: str, rows: Sequence[int], n: int, ids: Ids) -> None:
    """Raise DataError if there are invalid vectors; `rows` are the indices of these vectors.

    `side` is "query" or "corpus", and `n` is the number of vectors of this side.
    """
    if not rows:
        return
    examples = [str(row) if ids is None else ids[row] for row in sorted(rows)[:SHOWN]]
    more = ", …" if len(rows) > SHOWN else ""
    raise DataError(
        f"{part_of(len(rows), n, f'{side} vector', 'is', 'are')} NaN, infinite or zero"
        f" (ids {', '.join(map(repr, examples))}{more}); check the model's outputs for these ids"
    )


def pairs_of(positives: Sequence[Sequence[int]], n: int, m: int) -> tuple[Ints, Ints]:
    """Return the positives of all queries as query rows [p] and corpus rows [p], int64.

    `positives` has a list of corpus rows for each of n queries; the corpus has m rows. Raises
    DataError if there are not n lists, and for a row that is outside the corpus or listed twice.
    """
    if len(positives) != n:
        raise DataError(
            f"{count(len(positives), 'list')} of positives for {n} queries; give one list per query"
        )
    sizes = np.fromiter(map(len, positives), np.int64, n)
    queries = np.repeat(np.arange(n), sizes)
    rows = np.fromiter(chain.from_iterable(positives), np.int64, len(queries))
    outside = np.flatnonzero((rows < 0) | (rows >= m))
    if len(outside):
        first = outside[0]
        raise DataError(
            f"query {queries[first]} has a positive in corpus row {rows[first]}, but the corpus has"
            f" only {m} rows"
        )
    pair_codes = np.sort(queries * m + rows)
    twice = np.flatnonzero(pair_codes[1:] == pair_codes[:-1])
    if len(twice):
        query, row = divmod(int(pair_codes[twice[0]]), m)
        raise DataError(f"query {query} lists corpus row {row} twice as a positive; remove one")
    return queries, rows
