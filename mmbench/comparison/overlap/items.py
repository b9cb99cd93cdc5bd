"""The contents of a test set that are searched for in a training list."""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

from mmbench.columns import ABSENT, column, entries, names_in
from mmbench.datasets import RetrievalData
from mmbench.protocols import Dataset
from mmbench.text.alternatives import first_reading, pieces_of
from mmbench.text.words import words
from mmbench.types import Media, Modality, TaskSpec

REFERENCE = "reference"  # the part of texts that are the references of samples


class BenchmarkItem(NamedTuple):
    """A content of the test set: an image, an audio clip, a video or a text.

    `part` is the name of the input, or `reference`; `role` and `id` are those of the sample.
    """

    part: str
    role: str
    id: str
    content: str | Media

    @property
    def modality(self) -> Modality:
        """The modality of the content."""
        return "text" if isinstance(self.content, str) else self.content.modality


class BenchmarkItems(NamedTuple):
    """The contents of a test set; `short` counts the texts that have too few words, by part."""

    items: list[BenchmarkItem]
    short: dict[str, int]


def benchmark_items(spec: TaskSpec, data: Dataset, min_words: int) -> BenchmarkItems:
    """Return the media, texts and reference texts of a data set.

    Texts of fewer than `min_words` words are left out, because they are equal by chance. Contents
    that are missing or invalid are left out too; a run reports them.
    """
    items: list[BenchmarkItem] = []
    short: dict[str, int] = {}
    for item in _every(spec, data):
        if isinstance(item.content, str) and len(words(item.content)) < min_words:
            short[item.part] = short.get(item.part, 0) + 1
        else:
            items.append(item)
    return BenchmarkItems(items, short)


def _every(spec: TaskSpec, data: Dataset) -> Iterator[BenchmarkItem]:
    for role, samples in data.by_role().items():
        ids, inputs = column(samples, "id"), column(samples, "inputs")
        names = [spec.fields[role]] if isinstance(data, RetrievalData) else names_in(inputs)
        for name in names:
            for ident, content in zip(ids, entries(inputs, name), strict=True):
                if content is not ABSENT and isinstance(content, str | Media):
                    yield BenchmarkItem(name, role, ident, content)
        for ident, target in zip(ids, column(samples, "target"), strict=True):
            for text in _reference_texts(target):
                yield BenchmarkItem(REFERENCE, role, ident, text)


def _reference_texts(target: object) -> list[str]:
    if (pieces := pieces_of(target)) is not None:
        return [first_reading(pieces)]
    values = target if isinstance(target, list) else [target]
    return [value for value in values if isinstance(value, str)]
