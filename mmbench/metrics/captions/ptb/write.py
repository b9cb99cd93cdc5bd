"""How the PTB tokenizer writes what it has found: quotes, brackets, dashes, money, fractions."""

from __future__ import annotations

import re

_AMP = re.compile("(?i:&amp;)", re.ASCII)
_QUOTES = str.maketrans(
    dict.fromkeys("\u0091\u2018\u201b\u2039", "`")
    | dict.fromkeys("\u0092\u2019\u203a", "'")
    | dict.fromkeys("\u0093\u201c\u00ab", "``")
    | dict.fromkeys("\u0094\u201d\u00bb", "''")
)
_BRACKETS = {"(": "-LRB-", ")": "-RRB-", "{": "-LCB-", "}": "-RCB-", "[": "-LSB-", "]": "-RSB-"}
_PARENS = str.maketrans({"(": "-LRB-", ")": "-RRB-"})
_MONEY = str.maketrans(dict.fromkeys("\u0080\u00a4\u20a0\u20ac", "$") | {"¢": "cents", "£": "#"})
_FRACTIONS = str.maketrans({"¼": "1/4", "½": "1/2", "¾": "3/4", "⅓": "1/3", "⅔": "2/3"})


def soft(token: str) -> str:
    """Without soft hyphens, but never empty."""
    return token.replace("\u00ad", "") or "-"


def unbroken(token: str) -> str:
    """One token in spite of its spaces: they become spaces that do not break."""
    return token.replace(" ", "\u00a0")


def parens(token: str) -> str:
    """Round brackets by their treebank names, within a smiley too."""
    return token.translate(_PARENS)


def phone(token: str) -> str:
    """A telephone number in one token."""
    return parens(unbroken(token))


def bracket(token: str) -> str:
    """A bracket by its treebank name."""
    return _BRACKETS[token]


def ampersand(token: str) -> str:
    """The entity as the character."""
    return _AMP.sub("&", token)


def currency(token: str) -> str:
    """Money as the treebank wrote it: "#" is the pound, "$" also the euro."""
    return token.translate(_MONEY)


def fraction(token: str) -> str:
    """The common fractions in three characters, the others as they are."""
    return token.translate(_FRACTIONS)


def hyphens(token: str) -> str:
    """Three or four hyphens are a dash."""
    return "--" if len(token) in (3, 4) else token


def opening(token: str) -> str:
    """An opening quote, as LaTeX writes it."""
    return _quote(token, "`")


def closing(token: str) -> str:
    """A closing quote or an apostrophe; curly quotes say themselves which they are."""
    return _quote(token, "'")


def _quote(token: str, mark: str) -> str:
    plain = token.replace("&apos;", "'").replace("'", mark)
    return plain.replace("&quot;", '"').replace('"', 2 * mark).translate(_QUOTES)
