"""Candidates and references as words, once for every metric of a run."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from itertools import chain

import numpy as np

from mmbench.errors import DataError
from mmbench.metrics.ngrams import Grams, grams_of
from mmbench.metrics.ptb import caption_tokens_many
from mmbench.types import Prediction

Tokens = list[str]


@dataclass(frozen=True, eq=False)
class Corpus:
    """The tokens of every candidate, and of each of its references."""

    candidates: list[Tokens]
    references: list[list[Tokens]]

    def pairs(self) -> Iterator[tuple[Tokens, list[Tokens]]]:
        """Each candidate with its references."""
        return zip(self.candidates, self.references, strict=True)

    @cached_property
    def grams(self) -> Grams:
        """The n-grams of the words, for n from 1 to 4."""
        n = len(self.candidates)
        own = np.arange(n)
        owner = np.append(own, np.repeat(own, [len(r) for r in self.references]))
        captions = [*self.candidates, *chain.from_iterable(self.references)]
        return grams_of(_words(captions), owner, n)


def corpus_of(predictions: Sequence[Prediction]) -> Corpus:
    """The predictions as PTB tokens. The last two sets of texts are remembered.

    Raises DataError, with the sample's id, for a value that is no text or a target that is not a
    list of at least one text.
    """
    return _tokenised(tuple(_texts(p) for p in predictions))


def _texts(prediction: Prediction) -> tuple[str, ...]:
    value, target = prediction.value, prediction.target
    if not isinstance(value, str):
        raise DataError(f"sample {prediction.id!r}: its caption is {type(value).__name__}, no text")
    if not isinstance(target, list | tuple) or not all(isinstance(t, str) for t in target):
        raise DataError(f"sample {prediction.id!r}: its references must be a list of texts")
    if not target:
        raise DataError(
            f"sample {prediction.id!r} has no reference; give at least one or leave it out"
        )
    return value, *target


@lru_cache(maxsize=2)
def _tokenised(texts: tuple[tuple[str, ...], ...]) -> Corpus:
    found = iter(caption_tokens_many(list(chain.from_iterable(texts))))
    captions = [[next(found) for _ in own] for own in texts]
    return Corpus([own[0] for own in captions], [own[1:] for own in captions])


def _words(captions: list[Tokens]) -> list[Tokens]:
    """Split at every white space: a PTB token such as "1 1/2" holds one that does not break."""
    if all(token.split() == [token] for token in set(chain.from_iterable(captions))):
        return captions
    return [" ".join(tokens).split() for tokens in captions]
