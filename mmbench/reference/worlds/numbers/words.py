"""English number words, and splits of spoken texts."""

from __future__ import annotations

import hashlib
from random import Random

from mmbench.reference.worlds.chance import below, pick

UNITS = [
    "zero",
    "one",
    "two",
    "three",
    "four",
    "five",
    "six",
    "seven",
    "eight",
    "nine",
    "ten",
    "eleven",
    "twelve",
    "thirteen",
    "fourteen",
    "fifteen",
    "sixteen",
    "seventeen",
    "eighteen",
    "nineteen",
]
TENS = ["twenty", "thirty", "forty", "fifty", "sixty", "seventy", "eighty", "ninety"]
WORDS = (*UNITS, *TENS, "hundred", "thousand")
"""All spoken words."""


def in_words(number: int) -> str:
    """Return a number from 0 to 9999 in words: 4207 is "four thousand two hundred seven"."""
    thousands, hundreds, rest = number // 1000, number // 100 % 10, number % 100
    parts = [f"{UNITS[thousands]} thousand"] if thousands else []
    parts += [f"{UNITS[hundreds]} hundred"] if hundreds else []
    if rest >= 20:
        parts += [TENS[rest // 10 - 2]] + ([UNITS[rest % 10]] if rest % 10 else [])
    elif rest or not parts:
        parts.append(UNITS[rest])
    return " ".join(parts)


def split_of(text: str) -> str:
    """Return the split of a spoken text, train or test, which its hash determines.

    About 10 % of texts are in the test split.
    """
    return "test" if hashlib.sha256(text.encode()).digest()[0] % 10 == 0 else "train"


def text_at(rng: Random, split: str) -> str:
    """Return a random text of a split: a number below 10,000, or two to five single digits."""
    while True:
        size = 1 + below(rng, 4)
        number = in_words(below(rng, 10**size))
        digits = " ".join(pick(rng, UNITS[:10]) for _ in range(size + 1))
        text = pick(rng, (number, digits))
        if split_of(text) == split:
            return text
