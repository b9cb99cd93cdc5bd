"""A tokenizer that maps lower-case words and punctuation marks to ids."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Literal

import torch
from torch import Tensor
from torch.nn.utils.rnn import pad_sequence

PAD, UNKNOWN, START, END = range(4)
SPECIAL = ("<pad>", "<unk>", "<start>", "<end>")
PaddingSide = Literal["left", "right"]
_WORD = re.compile(r"\w+|[^\w\s]")
_SPACE_BEFORE_MARK = re.compile(r" (?=[.,:;?!])")


def split_words(text: str) -> list[str]:
    """Return the words and punctuation marks of a text in lower case: "A cat." → a, cat, "."."""
    return _WORD.findall(text.lower())


class Words:
    """A vocabulary of words, with conversion between texts and ids.

    `words` lists all tokens: first the tokens of `SPECIAL`, then further special tokens of a model,
    then words. Special tokens are in angle brackets, so that no word of a text equals a special
    token. Raises ValueError if tokens of `SPECIAL` are missing or a word is repeated.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._ids = {word: index for index, word in enumerate(self.words)}
        if tuple(self.words[: len(SPECIAL)]) != SPECIAL:
            raise ValueError(f"the first words of a vocabulary must be {', '.join(SPECIAL)}")
        if len(self._ids) != len(self.words):
            raise ValueError("a word is repeated in the vocabulary")

    def __len__(self) -> int:
        """Return the number of tokens."""
        return len(self.words)

    @classmethod
    def from_texts(cls, texts: Iterable[str], special: Sequence[str] = ()) -> Words:
        """Build a vocabulary of special tokens followed by the sorted words of texts."""
        return cls(
            [*SPECIAL, *special, *sorted({word for text in texts for word in split_words(text)})]
        )

    def ids(self, text: str) -> list[int]:
        """Return the ids of the words of a text; unknown words become `<unk>`."""
        return [self._ids.get(word, UNKNOWN) for word in split_words(text)]

    def text(self, ids: Iterable[int]) -> str:
        """Return the lower-case words of ids, without special tokens, separated by spaces.

        There is no space before . , : ; ? and !.
        """
        words = (self.words[i] for i in ids)
        text = " ".join(word for word in words if len(word) == 1 or word[0] != "<")
        return _SPACE_BEFORE_MARK.sub("", text)

    def encode(self, text: str, context: int) -> list[int]:
        """Return the ids of `<start>`, the words and `<end>`; unknown words become `<unk>`.

        At most `context` ids (at least 2) are returned; a longer text is truncated before `<end>`.
        """
        return [START, *self.ids(text)[: context - 2], END]


def pad_ids(
    rows: Sequence[Sequence[int]], padding: int = PAD, side: PaddingSide = "right"
) -> Tensor:
    """Return token ids of n texts as a tensor [n, t], padded on one side to the longest text."""
    return pad_sequence([torch.tensor(row) for row in rows], True, padding, side)
