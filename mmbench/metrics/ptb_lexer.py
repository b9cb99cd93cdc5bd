"""Reading a line by the PTB rules: at each place the rule that reaches farthest."""

from __future__ import annotations

import re

from mmbench.metrics.ptb_chars import as_text, as_units, shadow_of
from mmbench.metrics.ptb_known import SPLIT_WORDS
from mmbench.metrics.ptb_pieces import SPACE
from mmbench.metrics.ptb_rules import RULES, Rule

# What most of a text is: spaces, and a word that a space ends and that no rule splits.
_SPACES = f" {SPACE}*"
_PLAIN = re.compile(
    rf"(?:{_SPACES})?(?!(?i:{'|'.join(SPLIT_WORDS)})[ \n])([A-Za-z]+)(?=[ \n])|{_SPACES}"
)


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
    reach, best = place, None
    for rule in RULES:
        match = rule.pattern.match(shadow, place)
        if match and match.end() > reach:
            reach, best = match.end(), (rule, match)
    if best is None:
        return "", place + 1
    return _written(*best, units)


def _written(rule: Rule, match: re.Match[str], units: str) -> tuple[str, int]:
    start, end = match.span(1 if rule.pattern.groups else 0)
    token, place = units[start:end], end - rule.again
    if rule.write is None:
        return token, place
    return (rule.write if isinstance(rule.write, str) else rule.write(token)), place
