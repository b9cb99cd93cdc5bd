"""Perturbations of texts by rules. Paraphrases, which need a model, are not among them."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from hashlib import blake2b
from random import Random

# Words with at least two inner letters, which can be swapped.
_LONGER = re.compile(r"[^\W\d_]{4,}")


def typos(text: str, percent: str, rng: Random) -> str:
    """Return a text with a swap of two inner letters in a share of its longer words.

    In each word of at least 4 letters, with the probability `percent` / 100, a letter is swapped
    with the next one; the first and the last letter stay. At 100 % this is the noise "Swap" of
    Belinkov and Bisk 2018 (Synthetic and Natural Noise Both Break Neural Machine Translation,
    arXiv:1711.02173, section 3.2).
    """

    def swapped(match: re.Match[str]) -> str:
        word = match.group()
        drawn, at = rng.random(), 1 + int(rng.random() * (len(word) - 3))
        if drawn >= int(percent) / 100:
            return word
        return word[:at] + word[at + 1] + word[at] + word[at + 2 :]

    return _LONGER.sub(swapped, text)


def case(text: str, which: str, _rng: Random) -> str:
    """Return a text in upper or lower case; `which` is `upper` or `lower`."""
    return text.upper() if which == "upper" else text.lower()


def words(text: str, _how: str, rng: Random) -> str:
    """Return the words of a text, divided at white space, in random order."""
    return " ".join(shuffled(text.split(), rng))


def shuffled(items: list[str], rng: Random) -> list[str]:
    """Return items in random order.

    Only `Random.random` is used, whose numbers are the same in all versions of Python.
    """
    return [item for _, item in sorted((rng.random(), item) for item in items)]


def text_rng(seed: int, *parts: str) -> Random:
    """Return random numbers that depend on a seed and on texts alone."""
    data = "/".join([str(seed), *parts]).encode("utf-8", "surrogatepass")
    return Random(int.from_bytes(blake2b(data, digest_size=16).digest(), "little"))


TEXTS: Mapping[str, Callable[[str, str, Random], str]] = {
    "typos": typos,
    "case": case,
    "words": words,
}
