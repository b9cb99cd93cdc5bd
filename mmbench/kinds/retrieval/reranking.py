"""Reranking: the first documents of stored rankings are ordered again by scores of pairs.

A pair is a query and one of its documents. Its score is one of these:

- `relevance`: the score of a cross-encoder
- `answer`: log P("Yes") − log P("No") as the answer of a language model to a question, the
  log-odds of the score of Qwen3-Reranker (exp of the log-softmax over the logits of "yes" and "no",
  README.md of Qwen/Qwen3-Reranker-0.6B); the wording of the question is mmbench's own
- `likelihood`: the mean log-probability per token of the text of a pair, given its image, audio or
  video; for a fixed text it orders images as P(text | image) does (VisualGPTScore, Lin et al. 2023,
  arXiv 2306.01879)
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Literal, NamedTuple

import numpy as np
from msgspec.structs import replace
from numpy.typing import NDArray

from mmbench.errors import DataError, UserError
from mmbench.kinds.responses import per_token
from mmbench.types import (
    Content,
    ContinuationRequest,
    Conversation,
    InvalidContent,
    Item,
    Media,
    Message,
    Modality,
    Prediction,
    Ranking,
    Requests,
    VectorOutputs,
)

Scoring = Literal["relevance", "answer", "likelihood"]

_ANSWERS = ("Yes", "No")
_RELEVANT = (
    "Query: {query}\nDocument: {document}\n"
    "Is the document relevant to the query? Please answer Yes or No."
)
_MATCHES = '{medium}Does this %s match the text "{text}"? Please answer Yes or No.'
_PLACE = re.compile(r"(\{query\}|\{document\})")


class Pair(NamedTuple):
    """A query with one of its documents."""

    query: Content
    document: Content


def first_documents(prediction: Prediction, depth: int) -> list[str]:
    """Return the ids of the first `depth` documents of a query; [] for a failed query."""
    return [] if prediction.error else ranking_of(prediction).top[:depth]


def ranking_of(prediction: Prediction) -> Ranking:
    """Return the ranking of a query that did not fail. Raises DataError for other outputs."""
    if not isinstance(prediction.value, Ranking):
        raise DataError(f"query {prediction.id}: the run has no ranking; rerank a retrieval run")
    return prediction.value


def pair_requests(pairs: Sequence[Pair], by: Scoring, question: str = "") -> dict[str, Requests]:
    """Return the requests to a model for the scores of pairs.

    `question` replaces the default question of `answer`; it has the places {query} and {document}.
    Raises UserError if pairs have no text, or no other modality, for `likelihood`.
    """
    modality = _modality(pairs)
    if by == "relevance":
        items: list[Item] = [_or_invalid(pair, _turns(pair)) for pair in pairs]
        return {"pair": Requests(items, modality, method="relevance")}
    if by == "likelihood":
        items = [_or_invalid(pair, _text_given_medium(pair)) for pair in pairs]
        return {"text": Requests(items, modality, method="loglikelihood")}
    asked = [Message("user", _asked(pair, question)) for pair in pairs]
    return {
        answer: Requests(
            [
                _or_invalid(pair, ContinuationRequest((turn,), answer))
                for pair, turn in zip(pairs, asked, strict=True)
            ],
            modality,
            method="loglikelihood",
        )
        for answer in _ANSWERS
    }


def pair_scores(
    outputs: Mapping[str, VectorOutputs], by: Scoring
) -> tuple[NDArray[np.float64], dict[int, str]]:
    """Return the scores of pairs [p], and the reasons of failed pairs by position."""
    failures = {row: why for one in outputs.values() for row, why in one.failures.items()}
    parts = {name: one.vectors.astype(np.float64) for name, one in outputs.items()}
    if by == "relevance":
        return parts["pair"][:, 0], failures
    means = {name: per_token(part) for name, part in parts.items()}
    scores = means["text"] if by == "likelihood" else means["Yes"] - means["No"]
    return scores, failures


def reranked(
    prediction: Prediction, scores: NDArray[np.float64], reason: str | None = None
) -> Prediction:
    """Return a prediction whose first documents are in the order of `scores` [k], best first.

    Documents with equal scores keep their order, and documents after the first k their ranks. If
    there is a `reason`, the query failed.
    """
    if prediction.error:
        return prediction
    ranking, k = ranking_of(prediction), len(scores)
    if reason:
        target = replace(ranking, ranks=[None] * len(ranking.ranks), failed=len(ranking.ranks))
        return replace(prediction, value=None, target=replace(target, top=[]), error=reason)
    order = np.argsort(-scores, kind="stable")
    new_rank = np.empty(k, np.int64)
    new_rank[order] = np.arange(1, k + 1)
    within = sum(rank is not None and rank <= k for rank in ranking.ranks)
    moved = sorted(
        (int(new_rank[rank - 1]), grade)
        for rank, grade in zip(ranking.ranks[:within], ranking.grades, strict=False)
        if rank is not None
    )
    return replace(
        prediction,
        value=replace(
            ranking,
            ranks=[*(rank for rank, _ in moved), *ranking.ranks[within:]],
            grades=[*(grade for _, grade in moved), *ranking.grades[within:]],
            top=[*(ranking.top[row] for row in order), *ranking.top[k:]],
        ),
    )


def _modality(pairs: Sequence[Pair]) -> Modality:
    """Return the modality of the media of pairs, or text without media."""
    media = (part.modality for pair in pairs for part in pair if isinstance(part, Media))
    return next(media, "text")


def _or_invalid(pair: Pair, item: Item) -> Item:
    """Return the first invalid content of a pair, or the request `item` of a valid pair."""
    return next((part for part in pair if isinstance(part, InvalidContent)), item)


def _turns(pair: Pair) -> Conversation:
    return Message("user", (pair.query,)), Message("user", (pair.document,))


def _text_given_medium(pair: Pair) -> ContinuationRequest:
    texts = [part for part in pair if isinstance(part, str)]
    media = [part for part in pair if not isinstance(part, str)]
    if len(texts) != 1:
        raise UserError(
            "--by likelihood needs pairs of a text and an image, audio or video; use --by answer"
        )
    return ContinuationRequest((Message("user", (media[0],)),), texts[0])


def _asked(pair: Pair, question: str) -> tuple[Content, ...]:
    """Return the parts of the question about a pair; media are at their places in it."""
    places: dict[str, Content] = {"{query}": pair.query, "{document}": pair.document}
    parts: list[Content] = []
    for piece in _PLACE.split(question or _default_question(pair)):
        content = places.get(piece, piece)
        if parts and isinstance(content, str) and isinstance(parts[-1], str):
            parts[-1] += content
        elif content != "":
            parts.append(content)
    return tuple(parts)


def _default_question(pair: Pair) -> str:
    query, document = pair
    if isinstance(query, Media) == isinstance(document, Media):
        return _RELEVANT
    medium = query if isinstance(query, Media) else document
    places = ("{query}", "{document}") if medium is query else ("{document}", "{query}")
    words = medium.modality if isinstance(medium, Media) else "document"
    named = (_MATCHES % words).replace("{medium}", places[0])
    return named.replace("{text}", places[1])
