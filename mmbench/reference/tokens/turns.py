"""A conversation as token ids, and which of them its writer is to learn.

    <start> <user> <image> × places what colour is the star ? <assistant> red <end> <user> …

An image stands where it stands in its message, as one `<image>` for each token that it is. What
the assistant says, and the `<end>` behind it, is learnt; all else is given (Liu et al. 2023,
"Visual Instruction Tuning", arXiv 2304.08485, section 4.2 and table 2).
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
    """The words of the texts, after the special tokens of conversations."""
    return Words.from_texts(texts, MARKS)


def encode_turns(
    turns: Sequence[Message[object]], words: Words, places: int
) -> tuple[list[int], list[bool]]:
    """The ids of a conversation, and of each whether it is learnt.

    The parts of a message are texts, and images of any form, each `places` ids.
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
    """The ids of a conversation that the assistant is to go on with."""
    return [*encode_turns(turns, words, places)[0], ASSISTANT]
