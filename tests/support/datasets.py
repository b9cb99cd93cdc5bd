"""What tests read of data sets."""

from __future__ import annotations

from typing import Any

from mmbench.datasets import RetrievalData, Samples


def texts(data: RetrievalData) -> dict[str, Any]:
    """Return the text of each query by its id."""
    return {query.id: query.inputs["text"] for query in data.queries}


def paths(data: RetrievalData) -> dict[str, str]:
    """Return the path of each image by the id of its document."""
    return {document.id: document.inputs["image"].name for document in data.corpus}


def targets(data: Samples) -> dict[str, Any]:
    """Return the target of each sample by its id."""
    return {sample.id: sample.target for sample in data.samples}
