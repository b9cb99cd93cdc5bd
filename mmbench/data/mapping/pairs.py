"""From images and captions to RetrievalData: what every image-text source does last."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from mmbench.columns import are_distinct, packed
from mmbench.datasets import RetrievalData, sample_columns
from mmbench.errors import DataError, SpecError
from mmbench.text import listed, path_id, repeated
from mmbench.types import Broken, Content, Modality


class Caption(NamedTuple):
    """A text with its id and the id of the image it belongs to."""

    id: str
    image: str
    text: str | Broken


def retrieval_data(
    images: Iterable[tuple[str, Content]],
    captions: Iterable[Caption],
    source: str,
    medium: Modality = "image",
) -> RetrievalData:
    """Captions as queries, images (id, content) as corpus, each caption linked to its image.

    What is called an image here may be another `medium`, under whose name it stands in the corpus.

    A caption without a letter becomes Broken. A caption whose image is not among `images` keeps its
    link, to a document that is not in the corpus. Orders are kept. An image id that is a path is
    kept as `path_id` writes it. Raises DataError for ids that stand twice on one side; `source` is
    named in it.
    """
    named = [(path_id(id), content) for id, content in images]
    texts = [caption._replace(image=path_id(caption.image)) for caption in captions]
    documents, ids = packed([id for id, _ in named]), packed([caption.id for caption in texts])
    refuse_duplicates(f"{medium} id", documents, source)
    refuse_duplicates("caption id", ids, source)
    contents = {str(medium): [content for _, content in named]}
    asked = {"text": [_checked(caption.text) for caption in texts]}
    return RetrievalData(
        sample_columns(ids, asked, groups=[caption.image for caption in texts]),
        sample_columns(documents, contents, groups=documents),
        {caption.id: {caption.image: 1.0} for caption in texts},
    )


def first_captions(captions: Iterable[Caption], n: int | None) -> list[Caption]:
    """The first n captions of each image, in order; all where n is None."""
    if n is None:
        return list(captions)
    seen: Counter[str] = Counter()
    kept = []
    for caption in captions:
        seen[caption.image] += 1
        if seen[caption.image] <= n:
            kept.append(caption)
    return kept


def check_count(option: str, value: int | None) -> None:
    """Refuse what is neither None nor a whole number from 1. Raises SpecError."""
    if value is not None and (not isinstance(value, int) or value < 1):
        raise SpecError(f"data option {option}: {value!r} is not a whole number from 1")


def _checked(text: str | Broken) -> str | Broken:
    if isinstance(text, str) and not text.strip():
        return Broken("empty caption")
    return text


def refuse_duplicates(what: str, ids: Sequence[str], source: str) -> None:
    """Raise DataError that lists ids that stand twice; `what` they are ids of, `source` where."""
    if are_distinct(ids):
        return
    raise DataError(
        f"{source}: each {what} must be there once, but these stand there more often:"
        f" {listed(repeated(ids))}; remove or rename them"
    )
