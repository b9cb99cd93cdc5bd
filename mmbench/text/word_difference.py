"""The difference of two texts, word by word."""

from __future__ import annotations

from collections.abc import Sequence
from difflib import SequenceMatcher

_MOST_WORDS = 400  # words compared of each text; the time grows with their product


def word_difference(first: str, second: str, context: int = 3) -> str:
    """Return two texts as one: `What is [-shown-] {+in it+}?` for removed and added words.

    `context` is the number of equal words that are kept next to each difference; `…` stands for
    other equal words. Only the first 400 words of each text are compared.
    """
    a, b = first.split()[:_MOST_WORDS], second.split()[:_MOST_WORDS]
    codes = SequenceMatcher(None, a, b, autojunk=False).get_opcodes()
    parts: list[str] = []
    for nth, (tag, start, end, other_start, other_end) in enumerate(codes):
        if tag == "equal":
            is_first, is_last = nth == 0, nth == len(codes) - 1
            parts += _shortened(a[start:end], context, is_first=is_first, is_last=is_last)
        else:
            removed, added = a[start:end], b[other_start:other_end]
            parts += [f"[-{' '.join(removed)}-]"] if removed else []
            parts += [f"{{+{' '.join(added)}+}}"] if added else []
    return " ".join(parts)


def _shortened(
    words: Sequence[str], context: int, *, is_first: bool, is_last: bool
) -> Sequence[str]:
    """Return equal words between two differences, with `…` for those far from both."""
    before, after = (0 if is_first else context), (0 if is_last else context)
    if (is_first and is_last) or len(words) <= before + after + 1:
        return words
    return [*words[:before], "…", *words[len(words) - after :]]
