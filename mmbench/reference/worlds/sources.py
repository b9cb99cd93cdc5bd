"""Helpers of the worlds' data sources: option checks, and captions as queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, UnknownName
from mmbench.reference.worlds.splits import SPLITS
from mmbench.types import Sample

LARGEST = 1024
"""The largest side of an image, in pixels."""


def check_split(world: str, split: str) -> None:
    """Raise UnknownName if `split` is unknown; `world` is the source's name for the message."""
    if split not in SPLITS:
        raise UnknownName(f"split of {world}", split, SPLITS)


def check_number(world: str, name: str, value: int, most: int) -> None:
    """Raise DataError unless the option `name` of the source `world` is from 1 to `most`."""
    if not 1 <= value <= most:
        raise DataError(f"{world}: {name} is {value}; give a number from 1 to {most}")


def check_size(world: str, size: int, least: int) -> None:
    """Raise DataError unless the image side `size` is from `least` to `LARGEST` pixels."""
    if not least <= size <= LARGEST:
        raise DataError(
            f"{world}: size is {size}; give a number of pixels from {least} to {LARGEST}"
        )


def captioned(
    documents: Sequence[Sample], captions: Iterable[Iterable[tuple[str, str]]]
) -> RetrievalData:
    """Return retrieval data with captions as queries for their documents.

    `captions` has an iterable of (kind, text) for each document. A query has the tags of its
    document, and its kind as the tag `caption`.
    """
    queries = [
        Sample(
            f"{document.id}#{number}",
            {"text": text},
            group=document.id,
            tags={**document.tags, "caption": kind},
        )
        for document, texts in zip(documents, captions, strict=True)
        for number, (kind, text) in enumerate(texts)
    ]
    links = {query.id: {query.group: 1.0} for query in queries}
    return RetrievalData(queries, documents, links)
