"""Retrieval data: queries, a corpus, and the links between them."""

from __future__ import annotations

from msgspec import Struct, field

from mmbench.types import Sample


class RetrievalData(Struct, frozen=True):
    """Two sides of samples and the links between them: query id → {document id: grade}.

    Ids are unique within a side. A document without a link is a distractor. A query with links, but
    none of a grade above 0, has no relevant document and counts 0; one without any link was never
    judged and is left out. A link to a document that is not in `corpus` is a positive that is never
    retrieved. `source` says where the data
    are from, for the record (a hub's path and commit); `doubt` in it why they may not be those of
    the task's protocol, which marks the record as not comparable.
    """

    queries: list[Sample]
    corpus: list[Sample]
    links: dict[str, dict[str, float]]
    source: dict[str, str] = field(default_factory=dict)
