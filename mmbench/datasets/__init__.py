"""The types of data sets that data sources return, for the engine and the kinds of task."""

from __future__ import annotations

from mmbench.datasets.columns import sample_columns
from mmbench.datasets.retrieval import RetrievalData
from mmbench.datasets.samples import Samples, lettered

__all__ = ["RetrievalData", "Samples", "lettered", "sample_columns"]
