"""Encoding of conversations with images as token ids, with flags for learnt tokens.

    <start> <user> <image> × places what colour is the star ? <assistant> red <end> <user> …

An image is represented by one `<image>` per image token, at its position in the message. Assistant
messages and the `<end>` after each of them are learnt; all other tokens are only input (Liu et al.
2023, "Visual Instruction Tuning", arXiv 2304.08485, section 4.2 and table 2).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmbench.reference.tokens.words import END, SPECIAL, START, Words
from mmbench.types import Message

IMAGE, USER, ASSISTANT = range(len(SPECIAL), len(SPECIAL) + 3)
MARKS = ("<image>", "<user>", "<assistant>")
"""The special tokens of conversations, which follow `SPECIAL` in a vocabulary."""
_OPENS = {"system": [], "user": [USER], "assistant": [ASSISTANT]}


def vocabulary(texts: Iterable[str]) -> Words:
    """Build the vocabulary of texts, preceded by the special tokens of conversations."""
    return Words.from_texts(texts, MARKS)


def encode_turns(
    turns: Sequence[Message[object]], words: Words, places: int
) -> tuple[list[int], list[bool]]:
    """Return the token ids of a conversation, and for each token whether it is learnt.

    A part of a message that is not a text is an image, which becomes `places` tokens.
    """
    ids, learnt = [START], [False]
    for turn in turns:
        opens, is_learnt = _OPENS[turn.role], turn.role == "assistant"
        ids += opens
        learnt += [False] * len(opens)
        for part in turn.parts:
            new = words.ids(part) if isinstance(part, str) else [IMAGE] * places
            ids += new
            learnt += [is_learnt and isinstance(part, str)] * len(new)
        ids += [END] * is_learnt
        learnt += [True] * is_learnt
    return ids, learnt


def encode_prompt(turns: Sequence[Message[object]], words: Words, places: int) -> list[int]:
    """Return the token ids of a conversation, up to the start of the assistant's answer."""
    return [*encode_turns(turns, words, places)[0], ASSISTANT]
