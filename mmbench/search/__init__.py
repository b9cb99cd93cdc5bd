"""Exact and approximate search over embeddings: ranks of positives, and nearest documents.

`positive_ranks` and `positive_ranks_both` compute the ranks of each query's positives among all
documents; `top` finds the best documents; `approximate_search` uses a FAISS index. `search_parts`
searches a corpus that consists of parts (`CorpusPart`, `VectorFile`), which several processes may
hold.
"""

from mmbench.search.indexes.approximate import approximate_search
from mmbench.search.part_search import CorpusPart, VectorFile
from mmbench.search.parts import search_parts
from mmbench.search.ranks import positive_ranks, positive_ranks_both, top

__all__ = [
    "CorpusPart",
    "VectorFile",
    "approximate_search",
    "positive_ranks",
    "positive_ranks_both",
    "search_parts",
    "top",
]
