"""The relevance judgements of retrieval data as arrays: the query, document and grade of each pair.

The module also finds the samples without a judgement; embedding files may add millions of them.
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
    """All j relevance judgements, in the order of the queries' rows and of the links of each query.

    `query` and `document` [j] int64 are row numbers in the data, -1 for a document outside the
    corpus; `grade` is [j] float64. `names` [j] are the ids of the documents.
    """

    query: Places
    document: Places
    grade: NDArray[np.float64]
    names: Sequence[str]

    @property
    def relevant(self) -> NDArray[np.bool_]:
        """Return for each judgement whether its grade is above 0, [j] bool."""
        return self.grade > 0

    @property
    def absent(self) -> NDArray[np.bool_]:
        """Return for each judgement whether its document is relevant but not in the corpus, [j]
        bool.
        """
        return self.relevant & (self.document < 0)


def judgements(
    links: Mapping[str, Mapping[str, float]], queries: Sequence[str], corpus: Sequence[str]
) -> Judgements:
    """Convert `links`, {query id: {document id: grade}}, to arrays.

    `queries` and `corpus` are the ids of all queries and documents, in row order.
    """
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
    """Return the row numbers of samples without inputs and without judgements, ascending.

    `judged` are the row numbers of samples with judgements.
    """
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
    """Return a hash of distinct ids that does not depend on their order.

    It is computed from the lengths and the UTF-8 bytes of the sorted ids.
    """
    ordered = utf8(take_rows(ids, sort_names(ids)[0]))
    _, offsets, values = ordered.buffers()
    bounds = np.frombuffer(offsets, np.int64)[ordered.offset :][: len(ordered) + 1]
    state = blake2b(np.diff(bounds).astype("<i8").tobytes(), digest_size=16)
    state.update(memoryview(values)[bounds[0] : bounds[-1]])
    return state.hexdigest()
