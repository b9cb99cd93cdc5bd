"""Lexer of the PTB rules, which applies the longest match at each position."""

from __future__ import annotations

import re

from mmbench.metrics.captions.ptb.chars import UNKNOWN, as_text, as_units, shadow_of
from mmbench.metrics.captions.ptb.known import SPLIT_WORDS
from mmbench.metrics.captions.ptb.pieces import SPACE
from mmbench.metrics.captions.ptb.rules import RULES, SITE, TokenRule

# Fast path for most of a text: spaces, and words before a space that no rule splits.
_SPACES = f" {SPACE}*"
_PLAIN = re.compile(
    rf"(?:{_SPACES})?(?!(?i:{'|'.join(SPLIT_WORDS)})[ \n])([A-Za-z]+)(?=[ \n])|{_SPACES}"
)

# Characters to search from a position. The window doubles if a match reaches its end, so that the
# time is linear in the length of a text.
_WINDOW = 1000


def lex(text: str) -> list[str]:
    """Return the tokens of one line, in lower case. A line break inside it counts as a space."""
    units = as_units(text.replace("\n", " ")) + "\n"
    shadow = shadow_of(units)
    tokens: list[str] = []
    position = 0
    while position < len(units):
        if plain := _PLAIN.match(shadow, position):
            token, position = plain[1] or "", plain.end()
        else:
            token, position = _token_at(units, shadow, position)
        if token:
            tokens.append(as_text(token).lower())
    return tokens


def _token_at(units: str, shadow: str, position: int) -> tuple[str, int]:
    """Return the token at a position, and the position after it.

    The token is "" if no rule matches there. `units` is the text, `shadow` its shadow.
    """
    end = position + _WINDOW
    while (best := _farthest(shadow, position, end)) and best[1].end() == end:
        end += end - position
    if best is None:
        return "", position + 1
    return _rendered(*best, units)


def _farthest(shadow: str, position: int, end: int) -> tuple[TokenRule, re.Match[str]] | None:
    """Return the rule with the longest match at a position, and its match; None without a match.

    Only `shadow[:end]` is searched.
    """
    reach, best = position, None
    for rule in [SITE] if shadow[position] == UNKNOWN else RULES:
        match = rule.pattern.match(shadow, position, end)
        if match and match.end() > reach:
            reach, best = match.end(), (rule, match)
    return best


def _rendered(rule: TokenRule, match: re.Match[str], units: str) -> tuple[str, int]:
    start, end = match.span(1 if rule.pattern.groups else 0)
    token, position = units[start:end], end - rule.again
    if rule.write is None:
        return token, position
    return (rule.write if isinstance(rule.write, str) else rule.write(token)), position
