"""The alphabet of the PTB rules, in which one character represents each class of characters.

The rules treat all foreign letters alike. So they are patterns over the shadow of a text: a string
of the same length in which each character is replaced by the representative of its class. The
classes are the same as in the Java lexer, which reads UTF-16 units. A character beyond U+FFFF is
therefore two unknown characters, and only the letters and digits of Unicode 6.3 are known.
"""

from __future__ import annotations

import unicodedata
from collections.abc import Iterator

LOWER, UPPER, MARK, DIGIT, SYMBOL, UNKNOWN = "\u00aa\u00c0\u0300\u0660\u00a7\u0001"

# Characters that occur in a rule, each with the characters of its class.
_ALIKE = {
    "\u2028": "000b 2029",  # the end of a line
    "\u0096": "0097 2013-2015",  # dashes between phrases
    "\u2000": "2001-200a 3000",  # spaces that may occur inside a web address
    "\u066b": "066c",  # Arabic decimal and thousands separators
    "\u207a": "207b 208a-208b",  # superscript and subscript signs
    "\u00b2": "00b3 00b9 2070 2074-2079",
    "\u2080": "2081-2089",
    "\u00bc": "00bd-00be 2153-215e",
    "\u00a2": "0080 00a3-00a5 060b 0e3f 20a0 20a4 20ac ffe0-ffe1 ffe5-ffe6",
    "\u0092": "2019",  # the apostrophe, and its code in Windows-1252
    "\u0091": "2018 201b",
    "\u0093": "0094 00ab 00bb 201a 201c-201f 2039-203a",
    "\u2010": "058a 2011",  # hyphens
    "\u200b": "0000 200e-200f feff",  # no width: dropped
    "\u2160": "2161-216f",  # capitals that are not letters
    "\u24b6": "24b7-24cf",  # capitals that are symbols
}
_THEMSELVES = "0085 00a0 00ad 0130-0131 017f 2026 2044 212a 3001"

_SYMBOLS = (
    "00a1 00a6-00a9 00ac 00ae-00b1 00b4 00b6-00b8 00bf 00d7 00f7 037e 0387 0589 05be 05c0 05c3 "
    "05c6 05f3-05f4 0600-0603 0606-060a 060c 0614 061b 061e-061f 066a 066d 06d4 0700-070d "
    "07f6-07f8 0964-0965 0e4f 1fbd 2016-2017 2020-2023 2030-2038 203b 203e-2042 207c-207e "
    "208c-208e 2100-2101 2103-2106 2108-2109 2114 2116-2118 211e-2123 2125 2127 2129 212e "
    "213a-213b 2140-2144 214a-214d 214f 2190-24b5 24d0-2bff 3002 3012 30fb ff01-ff0f ff1a-ff20 "
    "ff3b-ff40 ff5b-ff65"
)
# Accents, vowel signs and the like that belong to a word, but to no hyphenated compound.
_MARKS = (
    "02c2-02c5 02d2-02df 02e5-02eb 02ed 02ef-036f 0375 0378-0379 0384-0385 03f6 0483-0487 "
    "055a-055f 0591-05bd 05bf 05c1-05c2 05c4-05c5 05c7 0615-061a 064b-065e 0670 06d6-06e4 "
    "06e7-06ed 06fd-06fe 070f 0711 0730-074c 07a6-07b0 07eb-07f3 0900-0903 093c 093e-094e "
    "0951-0955 0962-0963 0981-0983 09bc 09be-09c4 09c7-09c8 09cb-09cd 09d7 09e2-09e3 0a01-0a03 "
    "0a3c 0a3e-0a4f 0a81-0a83 0abc 0abe-0acf 0b82 0bbe-0bc2 0bc6-0bc8 0bca-0bcd 0c01-0c03 "
    "0c3e-0c56 0d3e-0d44 0d46-0d48 0e31 0e34-0e3a 0e47-0e4e 0eb1 0eb4-0ebc 0ec8-0ecd"
)
# Letters and digits that are newer than Unicode 6.3.
_LATER = (
    "037f 0528-052f 0560 0588 05ef 0860-086a 0870-0887 0889-089f 08a1 08ad-08c9 0978 0980 09fc "
    "0af9 0c34 0c5a 0c5c-0c5d 0c80 0cdc-0cdd 0d04 0d54-0d56 0d5f 0de6-0def 0e86 0e89 0e8c "
    "0e8e-0e93 0e98 0ea0 0ea8-0ea9 0eac 13f5 13f8-13fd 16f1-16f8 170d 171f 1878 191d-191e "
    "19b0-19c0 19c8-19c9 1b4c 1c80-1c8a 1c90-1cba 1cbd-1cbf 1cf2-1cf3 1cfa 2c2f 2c5f 312e-312f "
    "31bb-31bf 4db6-4dbf 9fcd-9fff a698-a69d a78f a794-a79f a7ab-a7f7 a8fd-a8fe a9e0-a9fe "
    "aa7e-aa7f ab30-abbf"
)
_CAPITALS_LATER = range(0x13A0, 0x13F5)  # Cherokee letters, without case in Unicode 6.3
_LETTERS_THEN = range(0x1885, 0x1887)  # letters in Unicode 6.3, marks since Unicode 9


def _codes(ranges: str) -> Iterator[int]:
    for part in ranges.split():
        first, _, last = part.partition("-")
        yield from range(int(first, 16), int(last or first, 16) + 1)


class _Shadow(dict[int, str]):
    """A table for str.translate that classifies a character when it is first used."""

    def __missing__(self, code: int) -> str:
        self[code] = representative = _kind(code)
        return representative


def _kind(code: int) -> str:
    char = chr(code)
    category = unicodedata.category(char)
    if code > 0xFFFF:
        return UNKNOWN
    if category[0] == "L" or code in _LETTERS_THEN:
        return UPPER if char.isupper() and code not in _CAPITALS_LATER else LOWER
    return DIGIT if category == "Nd" else UNKNOWN


def _table() -> _Shadow:
    table = _Shadow({code: chr(code) for code in range(1, 0x80) if code != 0x0B})
    kinds = {SYMBOL: _SYMBOLS, MARK: _MARKS, UNKNOWN: _LATER, **_ALIKE}
    for char, ranges in kinds.items():
        table.update(dict.fromkeys(_codes(ranges), char))
    own = [*_codes(_THEMSELVES), *map(ord, _ALIKE)]
    table.update({code: chr(code) for code in own})
    return table


_TABLE = _table()


def shadow_of(units: str) -> str:
    """Return the shadow of a text: each character becomes the representative of its class."""
    return units.translate(_TABLE)


def as_units(text: str) -> str:
    """Return the text with each character beyond U+FFFF as two surrogates, like a Java string."""
    if text.isascii() or max(text) <= "\uffff":
        return text
    raw = text.encode("utf-16-le", "surrogatepass")
    return "".join(chr(raw[i] | raw[i + 1] << 8) for i in range(0, len(raw), 2))


def as_text(units: str) -> str:
    """Return the inverse of `as_units`; an unpaired surrogate becomes "?", as in Java output."""
    if units.isascii():
        return units
    whole = units.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")
    return "".join("?" if "\ud800" <= char <= "\udfff" else char for char in whole)
