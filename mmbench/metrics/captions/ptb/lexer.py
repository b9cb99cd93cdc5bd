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
    found: list[str] = []
    place = 0
    while place < len(units):
        if plain := _PLAIN.match(shadow, place):
            token, place = plain[1] or "", plain.end()
        else:
            token, place = _odd(units, shadow, place)
        if token:
            found.append(as_text(token).lower())
    return found


def _odd(units: str, shadow: str, place: int) -> tuple[str, int]:
    """The token at a place, and the place after it. No token where no rule knows the character."""
    end = place + _WINDOW
    while (best := _farthest(shadow, place, end)) and best[1].end() == end:
        end += end - place
    if best is None:
        return "", place + 1
    return _written(*best, units)


def _farthest(shadow: str, place: int, end: int) -> tuple[TokenRule, re.Match[str]] | None:
    """The rule that reaches farthest, and its match, in the text up to `end`."""
    reach, best = place, None
    for rule in [SITE] if shadow[place] == UNKNOWN else RULES:
        match = rule.pattern.match(shadow, place, end)
        if match and match.end() > reach:
            reach, best = match.end(), (rule, match)
    return best


def _written(rule: TokenRule, match: re.Match[str], units: str) -> tuple[str, int]:
    start, end = match.span(1 if rule.pattern.groups else 0)
    token, place = units[start:end], end - rule.again
    if rule.write is None:
        return token, place
    return (rule.write if isinstance(rule.write, str) else rule.write(token)), place
