"""One way to compare short answers: case and punctuation do not count, numbers stay whole."""

from __future__ import annotations

import re
import unicodedata
from functools import lru_cache

# An apostrophe inside a word; any mark that is not inside a number or the sign of one.
_APOSTROPHES = re.compile(r"(?<=\w)['’`](?=\w)")
_IN_NUMBER = re.compile(r"((?<=\d)[.,:/](?=\d)|(?<![\w.])(?:-(?=\.?\d)|\.(?=\d)))")


class _Spaces(dict[int, int | str]):
    """A table for str.translate that puts a space for punctuation, filled as characters come."""

    def __missing__(self, code: int) -> int | str:
        self[code] = replacement = " " if unicodedata.category(chr(code)).startswith("P") else code
        return replacement


_SPACES = _Spaces()

SIGNATURE = "text=lower+nfkc,punctuation=to-space,apostrophes=dropped,numbers=whole,articles=kept"


def plain_words(text: str) -> str:
    """Words with one space between: what `exact_match` and `contains` compare.

    NFKC and lower case; an apostrophe inside a word is dropped ("don't" is "dont"); any other
    character of the Unicode category P becomes a space, but for `. , : /` between two digits and a
    sign or point before a number: "3.5" is not "35" and "-5" is not "5". Symbols (category S, as in
    "$5") and articles stay. A text without anything but punctuation is left as it is.
    """
    if text.isascii() and text.replace(" ", "").isalnum():
        return " ".join(text.lower().split())
    return _without_punctuation(text)


@lru_cache(maxsize=100_000)
def _without_punctuation(text: str) -> str:
    lowered = unicodedata.normalize("NFKC", text).lower().replace("−", "-")
    parts = _IN_NUMBER.split(_APOSTROPHES.sub("", lowered))  # every other one is kept
    parts[::2] = [part.translate(_SPACES) for part in parts[::2]]
    return " ".join("".join(parts).split()) or " ".join(lowered.split())


def has_words(text: str, words: str) -> bool:
    """Whether plain words stand in a plain text, as whole words and in one piece."""
    return bool(words) and f" {words} " in f" {text} "
