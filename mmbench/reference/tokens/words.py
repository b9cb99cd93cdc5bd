"""A word tokeniser: lower case, words and punctuation marks, one id each."""

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
    """The words and punctuation marks of a text in lower case: "A cat." → a, cat, "."."""
    return _WORD.findall(text.lower())


class Words:
    """A vocabulary and the rule that turns a text into ids.

    `words` lists every token, the special ones of `SPECIAL` first. A model's own special ones, in
    angle brackets, follow them; no text is ever split into one. Raises ValueError when those of
    `SPECIAL` are not there or a word stands twice.
    """

    def __init__(self, words: Sequence[str]) -> None:
        self.words = list(words)
        self._ids = {word: index for index, word in enumerate(self.words)}
        if tuple(self.words[: len(SPECIAL)]) != SPECIAL:
            raise ValueError(f"a vocabulary starts with {', '.join(SPECIAL)}")
        if len(self._ids) != len(self.words):
            raise ValueError("a word stands twice in the vocabulary")

    def __len__(self) -> int:
        """How many tokens there are."""
        return len(self.words)

    @classmethod
    def from_texts(cls, texts: Iterable[str], special: Sequence[str] = ()) -> Words:
        """The vocabulary of all words in the texts, sorted, after a model's own special tokens."""
        return cls(
            [*SPECIAL, *special, *sorted({word for text in texts for word in split_words(text)})]
        )

    def ids(self, text: str) -> list[int]:
        """Ids of the words of a text; one that is not known becomes `<unk>`."""
        return [self._ids.get(word, UNKNOWN) for word in split_words(text)]

    def text(self, ids: Iterable[int]) -> str:
        """The words of ids but for special tokens, in lower case, a space between any two.

        None before one of . , : ; ? and !.
        """
        words = (self.words[i] for i in ids)
        text = " ".join(word for word in words if len(word) == 1 or word[0] != "<")
        return _SPACE_BEFORE_MARK.sub("", text)

    def encode(self, text: str, context: int) -> list[int]:
        """Ids of `<start>`, the words and `<end>`; a word that is not known becomes `<unk>`.

        At most `context` ids (at least 2): a longer text loses its last words, never the `<end>`.
        """
        return [START, *self.ids(text)[: context - 2], END]


def pad_ids(
    rows: Sequence[Sequence[int]], padding: int = PAD, side: PaddingSide = "right"
) -> Tensor:
    """Ids of n texts as one tensor [n, t], t of the longest, filled up at one side."""
    return pad_sequence([torch.tensor(row) for row in rows], True, padding, side)
