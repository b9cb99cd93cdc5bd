"""Normalisers of transcripts that keep the vowel signs, tones and diacritics of letters.

Characters are grouped by their Unicode categories, of the version in Python's `unicodedata`:

| group | categories | examples |
|---|---|---|
| letters and digits | L, N | a, 猫, ก, ー, ² |
| marks | Mn, Mc, without variation selectors | Hindi ि, Thai ้, Arabic fatha, acute accent |
| separators | P, S, Z, Me and white space | 。, €, ~, space, line break |
| invisible characters | other C, variation selectors | zero-width joiner and space, soft hyphen |

A mark counts as a part of the letter or digit before it. A mark without one is a separator: NFKC
makes a space and a mark of a free-standing accent (´).

The steps of `multilingual`, in this order:

1. Lower case (`str.lower`), which does not depend on the language.
2. Delete text in angle and square brackets, and text in parentheses.
3. Unicode's NFKC (full-width letters and presentation forms become usual letters), lower case
   again; "i" with the combining dot of a lower-cased "İ" becomes "i".
4. Replace each separator by a space, and delete invisible characters. Letters, digits and their
   marks are kept: vowel signs and viramas of Indic scripts, vowels and tones of Thai, Lao, Khmer
   and Burmese, Arabic and Hebrew points, diacritics of Latin letters.
5. Reduce white space to single spaces, and remove it at both ends.

These are the steps of `BasicMultilingualTextNormalizer(remove_diacritics=False)` of the Open ASR
Leaderboard, which differs only in combining marks: it replaces them by spaces, so that words are
split, also after the "i" of "İ". Source: huggingface/open_asr_leaderboard,
normalizer/normalizer.py, commit d1e99b2.

The steps of `cjk`: NFKC, then delete separators and invisible characters. Letters keep their case.
Different characters with one meaning (simplified and traditional, kanji and kana, 2 and 二) remain
different.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from functools import lru_cache
from unicodedata import category, normalize

_BRACKETED = re.compile(r"[<\[][^>\]]*[>\]]")
_PARENTHESES = re.compile(r"\([^)]+\)")
# str.lower makes two characters of İ, as Unicode's SpecialCasing.txt defines it.
_DOTTED_I = "i\u0307"
_SELECTORS = range(0xFE00, 0xFE10), range(0xE0100, 0xE01F0)


def multilingual(text: str) -> str:
    """Return a text in lower case without punctuation and symbols, with all marks of its letters.

    The docstring of this module has the steps.
    """
    text = _without_brackets(text.lower())
    text = normalize("NFKC", text).lower().replace(_DOTTED_I, "i")
    return " ".join(_rewrite(text, " ").split())


def cjk(text: str) -> str:
    """Return a text in NFKC without spaces, punctuation, symbols and invisible characters.

    The letters, digits and marks are joined: "東京 タワー、Ａ" becomes "東京タワーA".
    """
    return _rewrite(normalize("NFKC", text), "")


def _without_brackets(text: str) -> str:
    """Delete text in brackets in linear time.

    A bracket that is not closed is a separator in a later step. It becomes a space here, because
    the patterns take quadratic time for many of them.
    """
    for pattern, opening, closing in (_BRACKETED, "<[", ">]"), (_PARENTHESES, "(", ")"):
        closed = max(map(text.rfind, closing)) + 1
        rest = text[closed:].translate(dict.fromkeys(map(ord, opening), " "))
        text = pattern.sub("", text[:closed]) + rest
    return text


def _rewrite(text: str, gap: str) -> str:
    """Return the letters and digits of a text with their marks, and `gap` for each separator."""
    kept: list[str] = []
    in_word = False
    for character in text:
        group = _group(character)
        if group == "letter" or (group == "mark" and in_word):
            kept.append(character)
            in_word = True
        elif group:
            kept.append(gap)
            in_word = False
    return "".join(kept)


@lru_cache(maxsize=1 << 16)
def _group(character: str) -> str:
    """Return "letter", "mark" or "separator", or "" for an invisible character."""
    kind = category(character)
    if any(ord(character) in selectors for selectors in _SELECTORS):
        return ""
    if kind in ("Mn", "Mc"):
        return "mark"
    if kind[0] in "LN":
        return "letter"
    return "separator" if kind[0] in "PSZM" or character.isspace() else ""


RULES: dict[str, Callable[[str], str]] = {"multilingual": multilingual, "cjk": cjk}
