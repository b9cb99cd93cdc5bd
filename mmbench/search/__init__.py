"""Exact ranks and FAISS indexes over embeddings.

`positive_ranks` and `positive_ranks_both` count where the positives of each query stand among all
documents; `top` finds the best; `approximate_search` goes through a FAISS index.
"""

from mmbench.search.approximate import approximate_search
from mmbench.search.ranks import positive_ranks, positive_ranks_both, top

__all__ = ["approximate_search", "positive_ranks", "positive_ranks_both", "top"]
