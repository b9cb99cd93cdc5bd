"""One sample of a run, for people: its inputs, references, output and scores."""

from __future__ import annotations

from typing import Any, NamedTuple

from msgspec import Struct, field

from mmbench.types import MediaPlace, StoredSample


class Hit(NamedTuple):
    """A document of a ranking: its rank from 1, and whether it is relevant.

    `rank` is 0 for a relevant document with an unknown rank: it was not retrieved, or it is one of
    several relevant documents that are not among the first documents. `sample` is None if the
    document is not in the sample table.
    """

    rank: int
    id: str
    relevant: bool
    sample: StoredSample | None


class RunSample(Struct, frozen=True, kw_only=True):
    """One sample of a run; in retrieval, one query of one direction.

    `row` is its row number in the run. `texts` and `media` are its inputs by name; both are empty
    if the board has no sample table. `error` is the reason why a failed sample has no output, and
    `rejected` the reason why a metric could not score the output; both are None for other samples.
    `references` are the references as text; `target` is the reference as stored, `output` the
    output as stored (None if there is none), and `answer_text` the output as text: the generated
    text, the class with the highest score, or the rank. `generated` is the image or the audio clip
    that the model generated. `scores` are the values by the name of the score, with the direction;
    a metric that was not measured is missing.
    `details` maps metrics to further values: {"answer": "B"}, {"substitutions": 1, …}. For
    retrieval, `rank` is the best rank of a relevant document, `hits` are the first documents, best
    first, and `relevant` the relevant documents.
    """

    row: int
    id: str
    direction: str = ""
    split: int = 0
    group: str = ""
    tags: dict[str, str] = field(default_factory=dict)
    error: str | None = None
    rejected: str | None = None
    texts: dict[str, str] = field(default_factory=dict)
    media: dict[str, MediaPlace] = field(default_factory=dict)
    references: list[str] = field(default_factory=list)
    target: Any = None
    output: Any = None
    answer_text: str = ""
    generated: MediaPlace | None = None
    reasoning: str | None = None
    tokens: int | None = None
    scores: dict[str, float] = field(default_factory=dict)
    details: dict[str, dict[str, Any]] = field(default_factory=dict)
    rank: int | None = None
    hits: list[Hit] = field(default_factory=list)
    relevant: list[Hit] = field(default_factory=list)
