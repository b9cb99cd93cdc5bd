"""Tokenised captions and references, shared by all caption metrics of a run."""

from __future__ import annotations

from array import array
from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain, islice

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column
from mmbench.errors import DataError
from mmbench.metrics.captions.ngrams import Captions, clipped
from mmbench.metrics.captions.ptb import caption_tokens
from mmbench.types import Prediction

Tokens = list[str]

_BLOCK = 1 << 12  # samples hashed at a time
_REMEMBERED = 2  # corpora in the cache


@dataclass(frozen=True, eq=False)
class Corpus:
    """The tokens of all candidates and references, as indices into a vocabulary."""

    tokens: Captions
    vocabulary: list[str]

    def pairs(self) -> Iterator[tuple[Tokens, list[Tokens]]]:
        """Yield the tokens of each candidate with the tokens of its references."""
        for block in self.tokens.blocks():
            captions = [[self.vocabulary[i] for i in numbers] for numbers in block.each()]
            references = iter(captions[block.candidates :])
            for candidate, k in zip(captions, np.bincount(block.owner).tolist(), strict=False):
                yield candidate, list(islice(references, k))

    @cached_property
    def words(self) -> Captions:
        """All tokens, split at white space.

        A token such as "1 1/2" contains a no-break space. Words are numbered in the order of their
        first use, like tokens.
        """
        number = _numbers()
        split = [[number[word] for word in token.split()] for token in self.vocabulary]
        if list(number) == self.vocabulary:
            return self.tokens
        tokens, lengths, _, _ = self.tokens
        words = np.fromiter(chain.from_iterable(map(split.__getitem__, tokens.data)), np.int32)
        sizes = np.array([len(words) for words in split])
        ends = np.append(0, np.cumsum(sizes[tokens]))[np.append(0, np.cumsum(lengths))]
        return self.tokens._replace(numbers=words, lengths=np.diff(ends))

    @cached_property
    def clipped(self) -> NDArray[np.float64]:
        """The n-gram matches of each candidate for orders 1 to 4 [n, 4], clipped as in BLEU."""
        return clipped(self.words)


_recent: dict[bytes, Corpus] = {}  # by the digest of the texts; the last used corpus is last


def corpus_of(predictions: Sequence[Prediction]) -> Corpus:
    """Return the tokens of the captions and references of predictions.

    The results for the last two sets of predictions are cached. Raises DataError with the id of the
    sample if its value is not a string, or its target is not a list of at least one string.
    """
    key = _digest(_texts(predictions))
    corpus = _recent.pop(key, None) or _tokenised(predictions)
    _recent[key] = corpus
    for old in list(_recent)[:-_REMEMBERED]:
        del _recent[old]
    return corpus


def _texts(predictions: Sequence[Prediction]) -> Iterator[tuple[str, ...]]:
    """Yield the caption of each sample, followed by its references."""
    values, targets = column(predictions, "value"), column(predictions, "target")
    for row, (value, target) in enumerate(zip(values, targets, strict=True)):
        if fault := _fault(value, target):
            raise DataError(f"sample {predictions[row].id!r}{fault}")
        yield value, *target


def _fault(value: object, target: object) -> str:
    if not isinstance(value, str):
        return f": its caption is {type(value).__name__}, not a string"
    if not isinstance(target, list | tuple) or not all(isinstance(t, str) for t in target):
        return ": its references must be a list of strings"
    return "" if target else " has no reference; give at least one, or remove the sample"


def _digest(samples: Iterable[tuple[str, ...]]) -> bytes:
    digest, remaining = blake2b(), iter(samples)
    while block := list(islice(remaining, _BLOCK)):
        texts = list(chain.from_iterable(block))
        for sizes in (block, texts):
            digest.update(array("q", map(len, sizes)))
        digest.update("".join(texts).encode("utf-8", "surrogatepass"))
    return digest.digest()


def _tokenised(predictions: Sequence[Prediction]) -> Corpus:
    targets = column(predictions, "target")
    number, tokens, lengths = _numbers(), array("i"), array("q")
    for text in chain(column(predictions, "value"), chain.from_iterable(targets)):
        text_tokens = caption_tokens(text)
        lengths.append(len(text_tokens))
        tokens.extend(map(number.__getitem__, text_tokens))
    owner = np.repeat(np.arange(len(targets)), list(map(len, targets)))
    flat = np.frombuffer(tokens, np.int32), np.frombuffer(lengths, np.int64)
    return Corpus(Captions(*flat, owner, len(targets)), list(number))


def _numbers() -> defaultdict[str, int]:
    """Return a table that numbers words from 0; a new word gets the next number."""
    known: defaultdict[str, int] = defaultdict()
    known.default_factory = known.__len__
    return known
