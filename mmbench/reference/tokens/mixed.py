"""One sequence of tokens for texts, images and sounds: the vocabulary, and conversations.

    <start> <user> <image> 412 7 … </image> <text> what colour is the star? </text>
    <assistant> <text> red </text> <end> <user> …

Each modality has its range of ids and two tokens that open and close it, as in Chameleon (arXiv
2405.09818) and similar models. The messages of the assistant, with all closing tokens, are learnt.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import NamedTuple

from mmbench.reference.tokens.bpe import Bpe

PAD, NOTHING, START, END, USER, ASSISTANT = range(6)
"""`NOTHING` replaces a removed word of a prompt."""


class TokenKind(IntEnum):
    """The kind of a token: a mark, or a token of a modality."""

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
"""The names of the marks for display; a text that contains them remains a text."""
MARKS = len(SPECIAL_NAMES)

_ROLES = {"system": USER, "user": USER, "assistant": ASSISTANT}


@dataclass(frozen=True)
class TokenLayout:
    """The number of tokens of each modality; their ids follow the marks, by `TokenKind`."""

    text: int
    image: int
    sound: int

    @property
    def size(self) -> int:
        """Return the size of the whole vocabulary."""
        return MARKS + self.text + self.image + self.sound

    def ids(self, kind: TokenKind) -> range:
        """Return the ids of a kind."""
        counts = (MARKS, self.text, self.image, self.sound)
        first = sum(counts[:kind])
        return range(first, first + counts[kind])


class CodeSpan(NamedTuple):
    """A part of a message with a number of tokens of a modality, which are filled in later."""

    kind: TokenKind
    number: int


MessagePart = str | CodeSpan
MessageTurn = tuple[str, Sequence[MessagePart]]
"""A role (system, user or assistant), and the parts of the message."""


def encode_turns(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout
) -> tuple[list[int], list[bool]]:
    """Return the ids of a conversation, and whether each is learnt.

    Each token of a `CodeSpan` is the first id of its range.
    """
    ids, learnt = [START], [False]
    for role, parts in turns:
        is_learnt = role == "assistant"
        new = [token for part in parts for token in encode_part(part, bpe, layout)]
        new += [END] * is_learnt
        ids += [_ROLES[role], *new]
        learnt += [False, *[is_learnt] * len(new)]
    return ids, learnt


def encode_part(part: MessagePart, bpe: Bpe, layout: TokenLayout) -> list[int]:
    """Return the ids of a part with the tokens that open and close it."""
    if isinstance(part, str):
        kind, first = TokenKind.TEXT, layout.ids(TokenKind.TEXT).start
        inner = [first + token for token in bpe.encode(part)]
    else:
        kind, inner = part.kind, [layout.ids(part.kind).start] * part.number
    return [OPEN[kind], *inner, CLOSE[kind]]


def encode_prompt(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout, answer: TokenKind
) -> list[int]:
    """Return the ids of a conversation, up to the start of the assistant's answer in a modality."""
    return [*encode_turns(turns, bpe, layout)[0], ASSISTANT, OPEN[answer]]
