"""The links of retrieval data as arrays: the judged pairs of queries and documents with grades.

Also the samples without a link; embeddings may bring millions of them.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import blake2b
from itertools import chain
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import (
    ABSENT,
    Mappings,
    Places,
    are_texts,
    column,
    places,
    sort_names,
    take_rows,
    utf8,
)
from mmbench.types import Sample


class Judgements(NamedTuple):
    """All j judgements, ordered by the row of the query and the order of its links.

    `query` and `document` [j] int64 are rows of the data, -1 for a document that is not there;
    `grade` [j] float64. `names` are the ids of the documents.
    """

    query: Places
    document: Places
    grade: NDArray[np.float64]
    names: Sequence[str]

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """Return which grades are above 0, [j]."""
        return self.grade > 0

    @property
    def absent(self) -> NDArray[np.bool_]:
        """Return which judgements are of a relevant document outside the corpus, [j]."""
        return self.relevant & (self.document < 0)


def judgements(
    links: Mapping[str, Mapping[str, float]], queries: Sequence[str], corpus: Sequence[str]
) -> Judgements:
    """Return links between ids as judgements, given the ids of all queries and documents."""
    query_ids = list(links)
    rows = places(query_ids, queries)
    order = np.argsort(rows, kind="stable")
    order = order[rows[order] >= 0]
    lists = [links[query_ids[at]] for at in order.tolist()]
    names = list(chain.from_iterable(lists))
    known = list(dict.fromkeys(names))
    row_of = dict(zip(known, places(known, corpus).tolist(), strict=True))
    sizes = np.fromiter(map(len, lists), np.int64, len(lists))
    return Judgements(
        np.repeat(rows[order], sizes),
        np.fromiter(map(row_of.__getitem__, names), np.int64, len(names)),
        np.fromiter(chain.from_iterable(to.values() for to in lists), np.float64, len(names)),
        names,
    )


def extra_rows(samples: Sequence[Sample], judged: Places) -> Places:
    """Return the rows of samples without inputs and without judgements, ascending."""
    empty = _empty(column(samples, "inputs"))
    empty[judged[judged >= 0]] = False
    return np.flatnonzero(empty)


def _empty(mappings: Sequence[Mapping[str, object]]) -> NDArray[np.bool_]:
    if not isinstance(mappings, Mappings):
        return np.fromiter((not one for one in mappings), np.bool_, len(mappings))
    empty = np.ones(len(mappings), np.bool_)
    for values in mappings.columns.values():
        if are_texts(values):
            return np.zeros(len(mappings), np.bool_)
        empty &= np.fromiter((value is ABSENT for value in values), np.bool_, len(mappings))
    return empty


def digest_of_ids(ids: Sequence[str]) -> str:
    """Return a digest of distinct ids, independent of their order: of their lengths and UTF-8
    bytes.
    """
    ordered = utf8(take_rows(ids, sort_names(ids)[0]))
    _, offsets, values = ordered.buffers()
    bounds = np.frombuffer(offsets, np.int64)[ordered.offset :][: len(ordered) + 1]
    state = blake2b(np.diff(bounds).astype("<i8").tobytes(), digest_size=16)
    state.update(memoryview(values)[bounds[0] : bounds[-1]])
    return state.hexdigest()
