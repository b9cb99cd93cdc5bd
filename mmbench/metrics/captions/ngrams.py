"""N-grams of many captions, as arrays of numbers."""

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
    """Captions as numbers, one per word or n-gram: first the n candidates, then the references.

    `numbers` is the concatenation over all captions and `lengths` [captions] the count of each. The
    references are in the order of their candidates; `owner` [references] is the candidate's index.
    """

    numbers: Numbers
    lengths: Ints
    owner: Ints
    candidates: int

    @property
    def starts(self) -> Ints:
        """The index of the first reference of each candidate [n]."""
        return np.searchsorted(self.owner, np.arange(self.candidates))

    def each(self) -> list[list[int]]:
        """Return the numbers of each caption."""
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
    """The distinct n-grams of one order: `caption[r]` contains `gram[r]` `count[r]` times.

    Rows ascend by caption, so that the first `split` rows belong to candidates. For each later row,
    of a reference, `partner` is the row of its candidate with the same n-gram, or -1.
    """

    caption: Ints
    gram: Ints
    count: Ints
    split: int
    partner: Ints


def orders(captions: Captions) -> Iterator[Captions]:
    """Yield the captions as n-grams, for n from 1 to 4; each distinct n-gram has a number.

    N-grams are numbered in the lexicographic order of their word numbers.
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
    """Return the rank of each key among the distinct keys, from 0."""
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
    """Return the distinct keys, ascending, and the count of each.

    The keys are sorted, because `np.unique` hashes in numpy 2.3 and later, which is eight times
    slower here.
    """
    ordered = np.sort(keys)
    first = np.flatnonzero(np.append(True, ordered[1:] != ordered[:-1])[: len(keys)])
    return ordered[first], np.diff(first, append=len(keys))


def _partners(keys: Ints, owned: Ints) -> Ints:
    """Return the index in `keys` of each `owned` key of a reference, or -1 if it is not there."""
    if not len(keys):
        return np.full(len(owned), -1)
    row = np.minimum(np.searchsorted(keys, owned), len(keys) - 1)
    return np.where(keys[row] == owned, row, -1)


def clipped(captions: Captions) -> NDArray[np.float64]:
    """Return the n-gram matches of each candidate for orders 1 to 4 [n, 4].

    Matches are clipped at the maximum in one reference.
    """
    matches = [[_matches(counts(o), o.candidates) for o in orders(b)] for b in captions.blocks()]
    return np.concatenate([np.column_stack(block) for block in matches])


def _matches(order: Counts, candidates: int) -> NDArray[np.float64]:
    split, shared = order.split, order.partner >= 0
    limits = np.zeros(split, dtype=np.int64)
    np.maximum.at(limits, order.partner[shared], order.count[split:][shared])
    matched = np.minimum(limits, order.count[:split])
    return np.bincount(order.caption[:split], matched, candidates).astype(np.float64)
