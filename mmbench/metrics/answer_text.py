"""One way to compare short answers: case and punctuation do not count, numbers stay whole."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# An apostrophe inside a word; any mark that is not inside a number or the sign of one.
_APOSTROPHES = re.compile(r"(?<=\w)['’`](?=\w)")
_IN_NUMBER = re.compile(r"(?<=\d)[.,:/](?=\d)|(?<![\w.])(?:-(?=\.?\d)|\.(?=\d))")

SIGNATURE = "text=lower+nfkc,punctuation=to-space,apostrophes=dropped,numbers=whole,articles=kept"


@lru_cache(maxsize=100_000)
def plain_words(text: str) -> str:
    """Words with one space between: what `exact_match` and `contains` compare.

    NFKC and lower case; an apostrophe inside a word is dropped ("don't" is "dont"); any other
    character of the Unicode category P becomes a space, but for `. , : /` between two digits and a
    sign or point before a number: "3.5" is not "35" and "-5" is not "5". Symbols (category S, as in
    "$5") and articles stay. A text without anything but punctuation is left as it is.
    """
    lowered = unicodedata.normalize("NFKC", text).lower().replace("−", "-")
    joined = _APOSTROPHES.sub("", lowered)
    kept = {match.start() for match in _IN_NUMBER.finditer(joined)}
    spaced = [
        " " if i not in kept and unicodedata.category(c).startswith("P") else c
        for i, c in enumerate(joined)
    ]
    return " ".join("".join(spaced).split()) or " ".join(lowered.split())


def has_words(text: str, words: str) -> bool:
    """Whether plain words stand in a plain text, as whole words and in one piece."""
    return bool(words) and f" {words} " in f" {text} "
