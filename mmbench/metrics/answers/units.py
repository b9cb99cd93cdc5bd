"""Units of measurement with their dimensions, for answers that are quantities.

| dimension | units |
|---|---|
| SI, with prefixes from pico to tera | m g s A K mol L N J W V Pa Hz Ω F T C eV; names in words |
| time | min h day week; year and month are dimensions of their own |
| length, mass | inch foot yard mile; lb oz |
| temperature | °C °F, converted to kelvin |
| angle | ° degree rad |
| share | % percent |
| currency | $ € £ ¥ and dollar euro yen USD EUR GBP JPY; cent; never converted into each other |

A unit may have the power 2 or 3 (m^2, m², square is not read) and one divisor (km/h, m per s).
Source of the factors: SI Brochure, 9th edition (2019), and NIST SP 811 (2008), appendix B.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import NamedTuple


class Unit(NamedTuple):
    """A unit: its dimension, and the value of 1 and of 0 in the base unit of the dimension."""

    dimension: str
    factor: float
    offset: float = 0.0

    def to_base(self, number: float) -> float:
        """Return a number of this unit in the base unit."""
        return number * self.factor + self.offset

    def from_base(self, number: float) -> float:
        """Return a number of the base unit in this unit."""
        return (number - self.offset) / self.factor


_SMALL, _LARGE = (1e-3, 1e-2, 1e-1), (1e3, 1e6, 1e9, 1e12)
_PREFIXES = dict(
    zip("pnµμumcdkMGT", [1e-12, 1e-9, 1e-6, 1e-6, 1e-6, *_SMALL, *_LARGE], strict=True)
)
_PREFIX_WORDS = dict(
    zip(
        ["nano", "micro", "milli", "centi", "deci", "kilo", "mega", "giga", "tera"],
        [1e-9, 1e-6, *_SMALL, *_LARGE],
        strict=True,
    )
)
# Symbols and names of units that take prefixes.
_PREFIXED = {
    "m": Unit("m", 1), "g": Unit("kg", 1e-3), "s": Unit("s", 1), "A": Unit("A", 1),
    "K": Unit("K", 1), "mol": Unit("mol", 1), "L": Unit("m^3", 1e-3), "l": Unit("m^3", 1e-3),
    "N": Unit("N", 1), "J": Unit("J", 1), "W": Unit("W", 1), "V": Unit("V", 1),
    "Pa": Unit("Pa", 1), "Hz": Unit("Hz", 1), "Ω": Unit("ohm", 1), "F": Unit("F", 1),
    "T": Unit("T", 1), "C": Unit("C", 1), "eV": Unit("J", 1.602176634e-19),
}  # fmt: skip
_PREFIXED_NAMES = {
    "meter": "m", "metre": "m", "gram": "g", "second": "s", "ampere": "A", "kelvin": "K",
    "liter": "L", "litre": "L", "newton": "N", "joule": "J", "watt": "W", "volt": "V",
    "pascal": "Pa", "hertz": "Hz", "ohm": "Ω", "mole": "mol",
}  # fmt: skip
_OTHERS = {
    "sec": Unit("s", 1), "min": Unit("s", 60), "h": Unit("s", 3600), "hr": Unit("s", 3600),
    "°C": Unit("K", 1, 273.15), "°F": Unit("K", 5 / 9, 459.67 * 5 / 9),
    "°": Unit("rad", 0.017453292519943295), "rad": Unit("rad", 1), "%": Unit("%", 1),
    "lb": Unit("kg", 0.45359237), "lbs": Unit("kg", 0.45359237), "oz": Unit("kg", 0.028349523125),
    "in": Unit("m", 0.0254), "ft": Unit("m", 0.3048), "yd": Unit("m", 0.9144),
    "mi": Unit("m", 1609.344), "mph": Unit("m/s", 0.44704), "$": Unit("USD", 1),
    "USD": Unit("USD", 1), "EUR": Unit("EUR", 1), "€": Unit("EUR", 1), "GBP": Unit("GBP", 1),
    "£": Unit("GBP", 1), "JPY": Unit("JPY", 1), "¥": Unit("JPY", 1), "¢": Unit("USD", 0.01),
}  # fmt: skip
_NAMES = {
    "minute": Unit("s", 60), "hour": Unit("s", 3600), "day": Unit("s", 86400),
    "week": Unit("s", 604800), "month": Unit("month", 1), "year": Unit("year", 1),
    "inch": Unit("m", 0.0254), "foot": Unit("m", 0.3048), "yard": Unit("m", 0.9144),
    "mile": Unit("m", 1609.344), "ounce": Unit("kg", 0.028349523125),
    "degree": Unit("rad", 0.017453292519943295), "radian": Unit("rad", 1), "percent": Unit("%", 1),
    "dollar": Unit("USD", 1), "euro": Unit("EUR", 1), "yen": Unit("JPY", 1),
    "cent": Unit("USD", 0.01), "celsius": Unit("K", 1, 273.15),
    "fahrenheit": Unit("K", 5 / 9, 459.67 * 5 / 9),
}  # fmt: skip
_PLURALS = {"feet": "foot", "inches": "inch", "hertz": "hertz", "celsius": "celsius", "yen": "yen"}
CURRENCY_SIGNS = {sign: _OTHERS[sign] for sign in "$€£¥"}

_TERM = r"°[CF]?(?!\w)|[%$€£¥¢]|[A-Za-zµμΩ]{1,12}"
_UNIT = re.compile(
    rf" ?(?P<unit>{_TERM})(?:\^?(?P<power>[23])(?!\d)|(?P<sign>[²³]))?(?![A-Za-z0-9_])"
    rf"(?:(?: ?/ ?| per )(?P<by>[A-Za-z]{{1,12}})(?![A-Za-z0-9_]))?"
)


def unit_at(text: str, at: int) -> tuple[Unit | None, int]:
    """Return the unit that begins at text[at], after at most one space, and its end.

    Without a unit, the result is None and `at`. A divisor that is no unit makes the whole no unit:
    "5 m/x" has none.
    """
    match = _UNIT.match(text, at)
    unit = _powered(match) if match else None
    if match is None or unit is None:
        return None, at
    if match["by"] is None:
        return unit, match.end()
    divisor = _unit(match["by"])
    if divisor is None or divisor.offset or unit.offset:
        return None, at
    dimension = f"{unit.dimension}/{divisor.dimension}"
    return Unit(dimension, unit.factor / divisor.factor), match.end()


def _powered(match: re.Match[str]) -> Unit | None:
    unit = _unit(match["unit"])
    power = int(match["power"] or {"²": 2, "³": 3}.get(match["sign"] or "", 1))
    if unit is None or power == 1:
        return unit
    if unit.offset or "^" in unit.dimension:
        return None
    return Unit(f"{unit.dimension}^{power}", unit.factor**power)


@lru_cache(maxsize=10_000)
def _unit(name: str) -> Unit | None:
    """Return the unit with a symbol (in its letter case) or a name in words (in any)."""
    if name in _OTHERS or name in _PREFIXED:
        return _OTHERS.get(name) or _PREFIXED[name]
    base = _PREFIXED.get(name[1:])
    if base is not None and name[0] in _PREFIXES:
        return Unit(base.dimension, base.factor * _PREFIXES[name[0]])
    word = name.lower()
    return _named(_PLURALS.get(word) or word.removesuffix("s")) or _named(word)


def _named(word: str) -> Unit | None:
    if word in _NAMES:
        return _NAMES[word]
    for prefix, factor in {"": 1.0, **_PREFIX_WORDS}.items():
        symbol = _PREFIXED_NAMES.get(word.removeprefix(prefix)) if word.startswith(prefix) else None
        if symbol:
            base = _PREFIXED[symbol]
            return Unit(base.dimension, base.factor * factor)
    return None
