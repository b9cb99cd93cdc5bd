"""Metrics of retrieval, computed from the ranks of each query's positives.

Ranks count from 1 over the whole corpus. Equal scores are ordered by a hash of the document id, so
that the order of the data has no influence and a constant model scores at chance level. A rank
beyond the depth of an approximate index is unknown, and a metric that needs this rank is NaN, with
a reason.

As in trec_eval, a positive that was not retrieved has an infinite rank, and a query without a
relevant document scores 0 (`no-relevant=zero` in the signature).
"""
