"""Normal form of short answers: no case, no punctuation, numbers unchanged."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# An apostrophe inside a word; a mark inside a number, or its sign.
_APOSTROPHES = re.compile(r"(?<=\w)['’`](?=\w)")
_IN_NUMBER = re.compile(r"((?<=\d)[.,:/](?=\d)|(?<![\w.])(?:-(?=\.?\d)|\.(?=\d)))")


class _Spaces(dict[int, int | str]):
    """Table for str.translate that maps punctuation to a space, filled on first use."""

    def __missing__(self, code: int) -> int | str:
        self[code] = replacement = " " if unicodedata.category(chr(code)).startswith("P") else code
        return replacement


_SPACES = _Spaces()

SIGNATURE = "text=lower+nfkc,punctuation=to-space,apostrophes=dropped,numbers=whole,articles=kept"


def plain_words(text: str) -> str:
    """Return words with single spaces, the form that `exact_match` and `contains` compare.

    The text is in NFKC and lower case. An apostrophe inside a word is removed ("don't" is "dont").
    Any other character of the Unicode category P becomes a space, except `. , : /` between two
    digits and a sign or point before a number: "3.5" is not "35" and "-5" is not "5". Symbols
    (category S, as in "$5") and articles remain. A text that consists only of punctuation keeps its
    punctuation.
    """
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(text.lower().split())
    return _without_punctuation(text)


@lru_cache(maxsize=100_000)
def _without_punctuation(text: str) -> str:
    lowered = unicodedata.normalize("NFKC", text).lower().replace("−", "-")
    parts = _IN_NUMBER.split(_APOSTROPHES.sub("", lowered))  # odd parts are marks of numbers
    parts[::2] = [part.translate(_SPACES) for part in parts[::2]]
    return " ".join("".join(parts).split()) or " ".join(lowered.split())


def has_words(text: str, words: str) -> bool:
    """Return whether a text contains words as whole, consecutive words.

    Both arguments are in the form that `plain_words` returns.
    """
    return bool(words) and f" {words} " in f" {text} "
