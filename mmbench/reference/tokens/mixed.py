"""Token sequences that mix texts, images and audio: vocabulary and encoding.

    <start> <user> <image> 412 7 … </image> <text> what colour is the star? </text>
    <assistant> <text> red </text> <end> <user> …

Each modality has a range of ids and two tokens that open and close it, as in Chameleon (arXiv
2405.09818) and similar models. Assistant messages, including their closing tokens, are learnt.
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
    """The kind of a token: a special token (mark), or a token of a modality."""

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
"""The display names of the marks; a text that contains such a name is encoded as text."""
MARKS = len(SPECIAL_NAMES)

_ROLES = {"system": USER, "user": USER, "assistant": ASSISTANT}


@dataclass(frozen=True)
class TokenLayout:
    """The number of tokens of each modality, which determines their ids.

    The special tokens (marks) have the first ids; the ids of each modality follow in the order of
    `TokenKind`.
    """

    text: int
    image: int
    sound: int

    @property
    def size(self) -> int:
        """The size of the whole vocabulary."""
        return MARKS + self.text + self.image + self.sound

    def ids(self, kind: TokenKind) -> range:
        """Return the range of ids of a token kind."""
        counts = (MARKS, self.text, self.image, self.sound)
        first = sum(counts[:kind])
        return range(first, first + counts[kind])


class CodeSpan(NamedTuple):
    """A placeholder in a message for `number` image or audio tokens, which are filled in later."""

    kind: TokenKind
    number: int


MessagePart = str | CodeSpan
MessageTurn = tuple[str, Sequence[MessagePart]]
"""A role (system, user or assistant), and the parts of the message."""


def encode_turns(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout
) -> tuple[list[int], list[bool]]:
    """Return the token ids of a conversation, and for each token whether it is learnt.

    Each placeholder token of a `CodeSpan` is the first id of its modality.
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
    """Return the token ids of a message part, with its opening and closing tokens."""
    if isinstance(part, str):
        kind, first = TokenKind.TEXT, layout.ids(TokenKind.TEXT).start
        inner = [first + token for token in bpe.encode(part)]
    else:
        kind, inner = part.kind, [layout.ids(part.kind).start] * part.number
    return [OPEN[kind], *inner, CLOSE[kind]]


def encode_prompt(
    turns: Sequence[MessageTurn], bpe: Bpe, layout: TokenLayout, answer: TokenKind
) -> list[int]:
    """Return the token ids of a conversation, up to the opening token of the answer.

    `answer` is the kind of the answer's tokens.
    """
    return [*encode_turns(turns, bpe, layout)[0], ASSISTANT, OPEN[answer]]
