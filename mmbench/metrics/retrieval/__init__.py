"""Metrics of retrieval, as functions of the ranks of each query's positives.

Ranks count from 1 over the whole corpus. Equal scores are ordered by a hash of the document id, so
that the order of the data has no influence and a constant model scores chance. A rank beyond the
depth of an approximate index is unknown: a metric that needs it is NaN and says why.

As in trec_eval, a positive that was not retrieved counts as never found, and a query without a
relevant document counts 0 (`no-relevant=zero` in the signatures of a record).
"""
