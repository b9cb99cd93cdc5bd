"""All n-grams of many captions at once, as numbers."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import chain

import numpy as np
from numpy.typing import NDArray

ORDERS = 4

Ints = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Counts:
    """The distinct n-grams of one order: `caption[r]` has `gram[r]` `count[r]` times.

    Rows ascend by caption, so that the `split` rows of the candidates come first. `partner` tells
    for every later row, of a reference, the row of its candidate with the same gram; -1 for none.
    """

    caption: Ints
    gram: Ints
    count: Ints
    split: int
    partner: Ints


@dataclass(frozen=True, eq=False)
class Grams:
    """n-grams of captions: first the n candidates, then the references of each in order.

    `lengths` [captions] in words; `owner` [captions] is the candidate that a caption belongs to.
    """

    lengths: Ints
    owner: Ints
    candidates: int
    orders: list[Counts]

    @property
    def starts(self) -> Ints:
        """Where the references of each candidate begin among the references."""
        return np.searchsorted(self.owner[self.candidates :], np.arange(self.candidates))


def grams_of(captions: Sequence[Sequence[str]], owner: Ints, candidates: int) -> Grams:
    """Count the n-grams of captions, for n from 1 to 4."""
    lengths = np.array([len(words) for words in captions], dtype=np.int64)
    caption = np.repeat(np.arange(len(captions)), lengths)
    orders = [
        _counts(caption[at], gram, owner, candidates)
        for at, gram in _orders(_ids(captions), caption)
    ]
    return Grams(lengths, owner, candidates, orders)


def _ids(captions: Sequence[Sequence[str]]) -> Ints:
    """The words of all captions, one after the other, as numbers from 0."""
    words = list(chain.from_iterable(captions))
    known = {word: i for i, word in enumerate(dict.fromkeys(words))}
    return np.fromiter(map(known.__getitem__, words), np.int64, len(words))


def _orders(words: Ints, caption: Ints) -> Iterator[tuple[Ints, Ints]]:
    """For each order, where n-grams start and their numbers: each is the one before, and a word."""
    at, gram, size = np.arange(len(words)), words, int(words.max(initial=0)) + 1
    yield at, gram
    for order in range(1, ORDERS):
        inside = at + order < len(words)
        inside[inside] = caption[at[inside] + order] == caption[at[inside]]
        at = at[inside]
        _, gram = np.unique(gram[inside] * size + words[at + order], return_inverse=True)
        yield at, gram


def _counts(caption: Ints, gram: Ints, owner: Ints, candidates: int) -> Counts:
    size = int(gram.max(initial=0)) + 1
    keys, count = distinct(caption * size + gram)
    caption, gram = keys // size, keys % size
    split = int(np.searchsorted(caption, candidates))
    return Counts(caption, gram, count, split, _partners(keys, owner[caption] * size + gram, split))


def distinct(keys: Ints) -> tuple[Ints, Ints]:
    """The distinct keys, ascending, and how often each stands there.

    By sorting: `np.unique` of numpy 2.3 and later hashes, which takes eight times as long here.
    """
    ordered = np.sort(keys)
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
    return ordered[first], np.diff(first, append=len(keys))


def _partners(keys: Ints, owned: Ints, split: int) -> Ints:
    """Rows of the candidates, by their keys, with the gram that a row of a reference has."""
    if not split:
        return np.full(len(keys), -1)
    row = np.minimum(np.searchsorted(keys[:split], owned[split:]), split - 1)
    return np.where(keys[row] == owned[split:], row, -1)
