"""Output forms of PTB tokens: quotes, brackets, dashes, money, fractions."""

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
    """Return a token without soft hyphens, or "-" if nothing remains."""
    return token.replace("\u00ad", "") or "-"


def unbroken(token: str) -> str:
    """Return a token with no-break spaces in place of spaces."""
    return token.replace(" ", "\u00a0")


def parens(token: str) -> str:
    """Return a token with its round brackets replaced by treebank names, even inside a smiley."""
    return token.translate(_PARENS)


def phone(token: str) -> str:
    """Return a telephone number as one token: no-break spaces, and treebank names for brackets."""
    return parens(unbroken(token))


def bracket(token: str) -> str:
    """Return the treebank name of a bracket."""
    return _BRACKETS[token]


def ampersand(token: str) -> str:
    """Return a token with "&" in place of the entity "&amp;"."""
    return _AMP.sub("&", token)


def currency(token: str) -> str:
    """Return a currency sign in treebank form: "#" for pounds, "$" for euros, "cents" for ¢."""
    return token.translate(_MONEY)


def fraction(token: str) -> str:
    """Return a common fraction such as ½ as "1/2"; other fractions do not change."""
    return token.translate(_FRACTIONS)


def hyphens(token: str) -> str:
    """Return three or four hyphens as a dash; other numbers of hyphens do not change."""
    return "--" if len(token) in (3, 4) else token


def opening(token: str) -> str:
    """Return a token with LaTeX opening quotes (` and ``) in place of its quotation marks."""
    return _quote(token, "`")


def closing(token: str) -> str:
    """Return a token with closing quotes or apostrophes; a curly quote keeps its direction."""
    return _quote(token, "'")


def _quote(token: str, mark: str) -> str:
    plain = token.replace("&apos;", "'").replace("'", mark)
    return plain.replace("&quot;", '"').replace('"', 2 * mark).translate(_QUOTES)
