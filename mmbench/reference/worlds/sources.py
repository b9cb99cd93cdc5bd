"""Shared parts of the data sources of the worlds: checks of options, and captions as queries."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmbench.datasets import RetrievalData
from mmbench.errors import DataError, UnknownName
from mmbench.reference.worlds.splits import SPLITS
from mmbench.types import Sample

LARGEST = 1024
"""The largest side of a picture, in pixels."""


def check_split(world: str, split: str) -> None:
    """Raise UnknownName for an unknown split."""
    if split not in SPLITS:
        raise UnknownName(f"split of {world}", split, SPLITS)


def check_number(world: str, name: str, value: int, most: int) -> None:
    """Raise DataError unless a number of samples is from 1 to `most`."""
    if not 1 <= value <= most:
        raise DataError(f"{world}: {name} is {value}; give a number from 1 to {most}")


def check_size(world: str, size: int, least: int) -> None:
    """Raise DataError unless the side of a picture is from `least` to `LARGEST` pixels."""
    if not least <= size <= LARGEST:
        raise DataError(
            f"{world}: size is {size}; give a number of pixels from {least} to {LARGEST}"
        )


def captioned(
    documents: Sequence[Sample], captions: Iterable[Iterable[tuple[str, str]]]
) -> RetrievalData:
    """Return documents with their captions (kind and text) as queries.

    A query has the tags of its document, and `caption`, its kind.
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
