"""Texts, images and sounds in one sequence of tokens: the vocabulary, and conversations in it.

    <start> <user> <image> 412 7 … </image> <text> what colour is the star? </text>
    <assistant> <text> red </text> <end> <user> …

Each modality has a range of ids of its own and two tokens that open and close it, as in Chameleon
(arXiv 2405.09818) and its like. What the assistant says, and all that closes it, is learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from mmbench.reference.tokens.bpe import Bpe

PAD, NOTHING, START, END, USER, ASSISTANT = range(6)
"""`NOTHING` stands where a word of a prompt was taken away."""


class TokenKind(IntEnum):
    """What a token is: one that structures, or one of a modality."""

    MARK = 0
    TEXT = 1
    IMAGE = 2
    SOUND = 3


MODALITIES = (TokenKind.TEXT, TokenKind.IMAGE, TokenKind.SOUND)
OPEN = {kind: 6 + 2 * i for i, kind in enumerate(MODALITIES)}
CLOSE = {kind: 7 + 2 * i for i, kind in enumerate(MODALITIES)}
SPECIAL_NAMES = (
    *("<pad>", "<nothing>", "<start>", "<end>", "<user>", "<assistant>"),
    *("<text>", "</text>", "<image>", "</image>", "<sound>", "</sound>"),
)
"""How the marks are written where tokens are shown; a text that holds them stays a text."""
MARKS = len(SPECIAL_NAMES)

_ROLES = {"system": USER, "user": USER, "assistant": ASSISTANT}


@dataclass(frozen=True)
class TokenLayout:
    """How many tokens each modality has; their ids follow the marks, in `TokenKind` order."""

    text: int
    image: int
    sound: int

    @property
    def size(self) -> int:
        """The whole vocabulary."""
        return MARKS + self.text + self.image + self.sound

    def ids(self, kind: TokenKind) -> range:
        """The ids of a kind."""
        counts = (MARKS, self.text, self.image, self.sound)
        first = sum(counts[:kind])
        return range(first, first + counts[kind])


class CodeSpan(NamedTuple):
    """A part of a message that is so many tokens of a modality, which are filled in later."""

    kind: TokenKind
    number: int


MessagePart = str | CodeSpan
MessageTurn = tuple[str, Sequence[MessagePart]]
"""A role (system, user or assistant), and what is said."""


def encode_turns(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout
) -> tuple[list[int], list[bool]]:
    """The ids of a conversation, and of each whether it is learnt.

    The tokens of `CodeSpan` are the first of their range.
    """
    ids, learnt = [START], [False]
    for role, parts in turns:
        is_learnt = role == "assistant"
        new = [token for part in parts for token in encode_part(part, bpe, layout)] + [
            END
        ] * is_learnt
        ids += [_ROLES[role], *new]
        learnt += [False, *[is_learnt] * len(new)]
    return ids, learnt


def encode_part(part: MessagePart, bpe: Bpe, layout: TokenLayout) -> list[int]:
    """One part with the tokens that open and close it."""
    if isinstance(part, str):
        kind, first = TokenKind.TEXT, layout.ids(TokenKind.TEXT).start
        inner = [first + token for token in bpe.encode(part)]
    else:
        kind, inner = part.kind, [layout.ids(part.kind).start] * part.number
    return [OPEN[kind], *inner, CLOSE[kind]]


def encode_prompt(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout, answer: TokenKind
) -> list[int]:
    """The ids of a conversation that the assistant is to go on with in a modality."""
    return [*encode_turns(turns, bpe, layout)[0], ASSISTANT, OPEN[answer]]
