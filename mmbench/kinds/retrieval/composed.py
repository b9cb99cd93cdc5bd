"""Composed queries: an image and a text that says what differs in the image to be found."""

from __future__ import annotations

from typing import Literal

import numpy as np

from mmbench.errors import SpecError
from mmbench.kinds.responses import vectors
from mmbench.protocols import Responses
from mmbench.types import (
    InvalidContent,
    Item,
    Media,
    Message,
    Requests,
    TaskSpec,
    VectorOutputs,
)

Compose = Literal["sum", "joint", "image", "text"]

_OPPOSITE = "the vectors of image and text are opposite, so that their sum is zero"


def check_composed(task: TaskSpec, compose: Compose, directions: str) -> None:
    """Raise SpecError if `compose` or the directions do not fit the fields of the task."""
    has_text = "query_text" in task.fields
    if compose != "sum" and not has_text:
        raise SpecError(
            f"task {task.name}: `compose` is for composed queries; set the second field of a"
            " query, e.g. `fields: {query: image, query_text: text, corpus: image}`"
        )
    if has_text and directions == "both":
        raise SpecError(
            f"task {task.name}: composed queries are searched in one direction; set"
            " `directions: query-to-corpus`"
        )


def query_fields(task: TaskSpec, compose: Compose) -> dict[str, str]:
    """Return the field of each request for the queries, by the name of the request."""
    if compose in ("sum", "joint"):
        return {name: task.fields[name] for name in ("query", "query_text")}
    return {"query": task.fields["query" if compose == "image" else "query_text"]}


def joint_requests(queries: Requests, texts: Requests) -> Requests:
    """Return one request for both contents of each query; an invalid content stays invalid."""

    def both(content: Item, text: Item) -> Item:
        for one in (content, text):
            if isinstance(one, InvalidContent):
                return one
        assert isinstance(content, str | Media)
        assert isinstance(text, str | Media)
        return (Message("user", (content, text)),)

    contents = [both(*pair) for pair in zip(queries.contents, texts.contents, strict=True)]
    return Requests(contents, queries.modality, queries.role, method="embed_joint")


def composed(responses: Responses) -> VectorOutputs:
    """Return the vector of each query: that of its contents, or the sum of two, of length 1.

    A query fails if either of its contents fails, and if the sum is zero.
    """
    query = vectors(responses, "query")
    if "query_text" not in responses:
        return query
    text = vectors(responses, "query_text")
    total = query.vectors.astype(np.float64) + text.vectors
    lengths = np.linalg.norm(total, axis=1, keepdims=True)
    failures = dict.fromkeys(np.flatnonzero(lengths[:, 0] == 0).tolist(), _OPPOSITE)
    failures |= text.failures | query.failures
    unit = np.divide(total, lengths, out=np.zeros_like(total), where=lengths > 0)
    unit[list(failures)] = 0
    return VectorOutputs(unit.astype(np.float32), dict(sorted(failures.items())))
