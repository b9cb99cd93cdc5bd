"""Quantities in texts: a number with an optional unit, and the quantity that an answer states.

Numbers may have a sign, thousands commas, an exponent ("1.5e3", "1.5 × 10^3") or a scale word ("2
million"); "3/4" is a fraction. A unit follows its number; a currency sign may precede it. Words
that are no unit ("5 apples") are ignored. A digit next to a letter ("A4") is no number.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

from mmbench.metrics.answers.units import CURRENCY_SIGNS, Unit, unit_at

_DIGITS = r"(?:\d{1,3}(?:,\d{3})+|\d{1,400})"
_NUMBER = re.compile(
    rf"(?<![\w.,])(?P<sign>[-+]?)(?P<money>[$€£¥]?)\s?(?P<inner>-?)"
    rf"(?P<number>{_DIGITS}(?:\.\d{{1,400}})?|\.\d{{1,400}})(?!\d|[.,]\d)"
    r"(?:[eE](?P<exponent>[-+]?\d{1,3})(?!\w)"
    r"|\s?[×x·*]\s?10(?:\^|\*\*)\{?(?P<power>[-+]?\d{1,3})\}?)?"
    rf"(?:\s?/\s?(?P<divisor>{_DIGITS})(?!\w|[.,]\d))?"
    r"(?:\s(?P<scale>thousand|million|billion|trillion)\b)?"
)
_SCALES = {"thousand": 1e3, "million": 1e6, "billion": 1e9, "trillion": 1e12}
_WORDS = {
    word: float(value)
    for value, word in enumerate(
        ["zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine", "ten"]
    )
}
# What introduces the stated answer, if a text has several quantities.
_LEAD = re.compile(r"\banswer(?:\s+is|:)|=|\\boxed\{", re.IGNORECASE)


class Quantity(NamedTuple):
    """A number and its unit, None for a number without a known unit."""

    number: float
    unit: Unit | None

    def in_base(self) -> tuple[float, str]:
        """Return the value in the base unit of its dimension, to 12 digits, and the dimension."""
        value = self.number if self.unit is None else self.unit.to_base(self.number)
        return float(f"{value:.12g}"), "" if self.unit is None else self.unit.dimension


def quantities(text: str) -> Iterator[tuple[int, Quantity]]:
    """Yield the quantities in a text, each with its position."""
    plain = text.replace("−", "-").replace("\N{NO-BREAK SPACE}", " ")
    at = 0
    while match := _NUMBER.search(plain, at):
        unit, at = unit_at(plain, match.end())
        if unit is None and plain[match.end() : match.end() + 1].isalpha():
            continue
        if match["money"]:
            unit = CURRENCY_SIGNS[match["money"]]
        yield match.start(), Quantity(_value(match), unit)


def _value(match: re.Match[str]) -> float:
    digits, power = match["number"].replace(",", ""), match["exponent"] or match["power"] or "0"
    divisor = float((match["divisor"] or "1").replace(",", ""))
    number = float(f"{digits}e{power}") / divisor if divisor else float("nan")
    negative = "-" in (match["sign"], match["inner"])
    return (-number if negative else number) * _SCALES.get(match["scale"] or "", 1.0)


def stated_quantity(text: str) -> Quantity | None:
    """Return the quantity that an answer states, or None.

    It is the only quantity in the text, where repetitions count once. If there are several, it is
    the first one after the last "answer is", "answer:", "=" or "\\boxed{". A text that consists of
    a number word from zero to ten states this number.
    """
    word = text.strip().strip(".!").lower()
    if word in _WORDS:
        return Quantity(_WORDS[word], None)
    found = [*quantities(text)]
    if len({one.in_base() for _, one in found}) <= 1:
        return found[0][1] if found else None
    leads = [match.end() for match in _LEAD.finditer(text)]
    return next((one for at, one in found if leads and at >= leads[-1]), None)
