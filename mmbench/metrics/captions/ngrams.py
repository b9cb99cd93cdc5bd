"""N-grams of captions, each represented by a number."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

ORDERS = 4

_BLOCK = 1 << 16  # words whose n-grams are counted at a time

Ints = NDArray[np.int64]
Numbers = NDArray[np.int32]


class Captions(NamedTuple):
    """Captions in which a number stands for each word or n-gram: n candidates, then the references.

    `numbers` is the concatenation of all captions, and `lengths` [captions] their lengths. The
    references are in the order of their candidates; `owner` [references] is the index of the
    candidate of each reference.
    """

    numbers: Numbers
    lengths: Ints
    owner: Ints
    candidates: int

    @property
    def starts(self) -> Ints:
        """The index, among the references, of the first reference of each candidate [n]."""
        return np.searchsorted(self.owner, np.arange(self.candidates))

    def each(self) -> list[list[int]]:
        """Return a list for each caption with the numbers of its words or n-grams."""
        numbers, ends = self.numbers.tolist(), np.cumsum(self.lengths).tolist()
        return [numbers[start:end] for start, end in pairwise([0, *ends])]

    def blocks(self) -> Iterator[Captions]:
        """Yield the captions in blocks of a few candidates with their references."""
        n = self.candidates
        ends = np.append(0, np.cumsum(self.lengths))
        references = n + np.append(self.starts, len(self.owner))
        below = ends[1 : n + 1] + ends[references[1:]] - ends[n]
        cuts = [0, *(np.flatnonzero(np.diff(below // _BLOCK)) + 1).tolist(), n]
        for a, b in pairwise(cuts):
            first, last = references[a], references[b]
            numbers = self.numbers[ends[a] : ends[b]], self.numbers[ends[first] : ends[last]]
            lengths = self.lengths[a:b], self.lengths[first:last]
            owner = self.owner[first - n : last - n] - a
            yield Captions(np.concatenate(numbers), np.concatenate(lengths), owner, b - a)


@dataclass(frozen=True, eq=False)
class Counts:
    """The distinct n-grams of each caption: `caption[r]` contains `gram[r]` `count[r]` times.

    Rows r are in ascending order of the caption, so that the first `split` rows belong to
    candidates and the later rows to references. For each row of a reference, `partner` is the row
    with the same n-gram in its candidate, or -1.
    """

    caption: Ints
    gram: Ints
    count: Ints
    split: int
    partner: Ints


def orders(captions: Captions) -> Iterator[Captions]:
    """Yield the captions as n-grams for n = 1, 2, 3 and 4.

    Equal n-grams have the same number. N-grams are numbered in the lexicographic order of their
    word numbers.
    """
    yield captions
    size = int(captions.numbers.max(initial=0)) + 1
    grams, lengths, last = captions.numbers, captions.lengths, captions.numbers
    for _ in range(1, ORDERS):
        ends, some = np.cumsum(lengths), lengths > 0
        last = np.delete(last, (ends - lengths)[some])
        grams = _ranks(np.delete(grams, ends[some] - 1).astype(np.int64) * size + last)
        lengths = np.maximum(lengths - 1, 0)
        yield captions._replace(numbers=grams, lengths=lengths)


def _ranks(keys: Ints) -> Numbers:
    """Return the rank of each key among the distinct keys; the smallest key has rank 0."""
    order = np.argsort(keys)
    keys = keys[order]
    ranks = np.zeros(len(keys), np.int32)
    np.cumsum(keys[1:] != keys[:-1], out=ranks[1:])
    del keys
    unsorted = np.empty_like(ranks)
    unsorted[order] = ranks
    return unsorted


def counts(captions: Captions) -> Counts:
    """Count how often each n-gram occurs in each caption."""
    n, size = captions.candidates, int(captions.numbers.max(initial=0)) + 1
    caption = np.repeat(np.arange(len(captions.lengths)), captions.lengths)
    keys, count = distinct(caption * size + captions.numbers)
    caption, gram = np.divmod(keys, size)
    split = int(np.searchsorted(caption, n))
    owned = captions.owner[caption[split:] - n] * size + gram[split:]
    return Counts(caption, gram, count, split, _partners(keys[:split], owned))


def distinct(keys: Ints) -> tuple[Ints, Ints]:
    """Return the distinct keys in ascending order, and the number of times that each occurs.

    The function sorts the keys instead of calling `np.unique`, which uses a hash table in numpy 2.3
    and later and is eight times slower here.
    """
    ordered = np.sort(keys)
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
    return ordered[first], np.diff(first, append=len(keys))


def _partners(keys: Ints, owned: Ints) -> Ints:
    """Return the index in `keys` of each element of `owned`, or -1 if `keys` lacks the element."""
    if not len(keys):
        return np.full(len(owned), -1)
    row = np.minimum(np.searchsorted(keys, owned), len(keys) - 1)
    return np.where(keys[row] == owned, row, -1)


def clipped(captions: Captions) -> NDArray[np.float64]:
    """Return the number of n-gram matches of each candidate for orders 1 to 4 [n, 4].

    The matches of an n-gram are clipped at its highest count in one reference.
    """
    matches = [[_matches(counts(o), o.candidates) for o in orders(b)] for b in captions.blocks()]
    return np.concatenate([np.column_stack(block) for block in matches])


def _matches(order: Counts, candidates: int) -> NDArray[np.float64]:
    split, shared = order.split, order.partner >= 0
    limits = np.zeros(split, dtype=np.int64)
    np.maximum.at(limits, order.partner[shared], order.count[split:][shared])
    matched = np.minimum(limits, order.count[:split])
    return np.bincount(order.caption[:split], matched, candidates).astype(np.float64)
