"""Exact and approximate search over embeddings: ranks of positives, and nearest documents.

`positive_ranks` and `positive_ranks_both` compute the ranks of each query's positives among all
documents; `top` finds the best documents; `approximate_search` uses a FAISS index.
"""

from mmbench.search.approximate import approximate_search
from mmbench.search.ranks import positive_ranks, positive_ranks_both, top

__all__ = ["approximate_search", "positive_ranks", "positive_ranks_both", "top"]
