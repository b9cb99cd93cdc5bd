"""Exact search: ranks of positives and nearest items, for one or both directions in one pass.

The score of a query and a corpus item is the float32 dot product of their vectors, without
normalisation. The rank of an item is 1 + the number of items with a greater score + the number of
items with an equal score and a smaller 8-byte blake2b hash of the id. The full matrix of scores
(queries × corpus) is never in memory.

The scores are those of the device. On another device or CPU, or with another library, sums are
rounded in another order, so that scores may differ in the last bits, and with them the ranks of
items whose scores are that close.
"""

from __future__ import annotations

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ids, Ints, check_vectors
from mmbench.search.part_search import CPU
from mmbench.search.parts import Divide, SearchResult, one_part, search_parts
from mmbench.types import Array


def search(
    queries: Array | Vectors,
    corpus: Array | Vectors,
    pairs: tuple[Ints, Ints],
    *,
    query_ids: Ids = None,
    corpus_ids: Ids = None,
    both: bool = False,
    top: int = 0,
    device: str = CPU,
    divide: Divide = one_part,
) -> list[SearchResult]:
    """Return the ranks of positives and the `top` nearest items for each query.

    If `both`, a second result is returned, in which the corpus items are the queries. `queries` [n,
    d] and `corpus` [m, d] are float32; either may be memory-mapped or `Vectors`. `pairs` are the
    query rows and the corpus rows of positives, each [p] int64, without duplicate pairs. If ids are
    missing, the row numbers are used. `device` is a torch device, such as `cuda:0`. `divide` makes
    parts of the corpus, which other processes may search; the result is bitwise the same.

    The search takes the time of one matrix product of n × m × d and of the comparisons of each
    positive with all scores of its query; `top` adds about a tenth. `Sweep` and `DeviceSweep`
    describe the memory. Raises DataError for vectors that are NaN, infinite or zero, and for wrong
    shapes and types.
    """
    check_vectors(queries, corpus, query_ids, corpus_ids)
    with divide(queries, corpus, corpus_ids, device) as (asking, parts, run):
        return search_parts(asking, parts, pairs, query_ids=query_ids, both=both, top=top, run=run)
