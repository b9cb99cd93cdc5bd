"""Reading a line by the PTB rules: at each place the rule that reaches farthest."""

from __future__ import annotations

import re

from mmbench.metrics.captions.ptb.chars import UNKNOWN, as_text, as_units, shadow_of
from mmbench.metrics.captions.ptb.known import SPLIT_WORDS
from mmbench.metrics.captions.ptb.pieces import SPACE
from mmbench.metrics.captions.ptb.rules import RULES, SITE, TokenRule

# What most of a text is: spaces, and a word that a space ends and that no rule splits.
_SPACES = f" {SPACE}*"
_PLAIN = re.compile(
    rf"(?:{_SPACES})?(?!(?i:{'|'.join(SPLIT_WORDS)})[ \n])([A-Za-z]+)(?=[ \n])|{_SPACES}"
)

# Characters that are looked at from a place; as many again where a match goes on to their end. So
# the time is linear in the length of a text.
_WINDOW = 1000


def lex(text: str) -> list[str]:
    """The tokens of one line, in lower case. A line break within is read as a space."""
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
    """The token at a place, and the place after it. No token where no rule knows the character."""
    end = position + _WINDOW
    while (best := _farthest(shadow, position, end)) and best[1].end() == end:
        end += end - position
    if best is None:
        return "", position + 1
    return _rendered(*best, units)


def _farthest(shadow: str, position: int, end: int) -> tuple[TokenRule, re.Match[str]] | None:
    """The rule that reaches farthest, and its match, in the text up to `end`."""
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
