"""The convention of the Open ASR Leaderboard for English, as of 2026: `open_asr_2026`.

The normaliser is OpenAI's of 2022 with these changes, in the order of the steps:

1. 20 fillers are deleted instead of 6.
2. `'s` becomes "is" only after 13 words ("it's", "who's"); otherwise a possessive stays one word
   with "s".
3. 16 compounds become one word after symbols are removed: "wi-fi", "wifi".
4. Numbers are rewritten as by OpenAI.
5. 20 spellings differ from OpenAI's list.
6. Variants of names become equal: "Stephen", "Steven".
7. Letters and digits that stand alone are joined: "b b c", "bbc". If "a" or "i" is among them, at
   least three are needed.

The words are in `open_asr_2026.json`, with their source. A reference that is empty after
normalisation, or is the remark "ignore time segment in scoring", is not scored. Word errors are
those of `mmbench.metrics.speech.compounds`.

Source: huggingface/open_asr_leaderboard at commit d1e99b2 (2026-08-21), normalizer/normalizer.py
(`EnglishTextNormalizer`), data_utils.py (`is_target_text_in_range`), eval_utils.py
(`score_results`). The normaliser has been in use since 2026-04-22, kaldialign since 2026-06-11.
"""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator, Mapping
from functools import cache
from importlib.resources import files
from itertools import groupby
from typing import Any

NAME = "open_asr_2026"

_UNSCORED = ("", "ignore time segment in scoring")
_POSSESSIVE = r"'s\b"  # OpenAI's contraction of "is"


def is_scored(normalised: str) -> bool:
    """Return whether the leaderboard scores a reference, given as normalised text."""
    return normalised.strip() not in _UNSCORED


@cache
def word_lists() -> Mapping[str, Any]:
    """Return the lists of `open_asr_2026.json` by name."""
    text = (files(__package__) / f"{NAME}.json").read_text(encoding="utf-8")
    lists: dict[str, Any] = json.loads(text)
    return lists


def convention_signature() -> str:
    """Return the part of a signature that states the version of the leaderboard's rules."""
    return f"open-asr-leaderboard={word_lists()['commit'][:7]}"


def adapt(english: Any) -> None:
    """Change the rules of OpenAI's `EnglishTextNormalizer` into those of the leaderboard.

    `english` is a normaliser of the package whisper-normalizer. It runs its steps in the order of
    the leaderboard; steps that are new run after the step of OpenAI that they follow.
    """
    lists = word_lists()
    english.ignore_patterns = rf"\b({'|'.join(lists['fillers'])})\b"
    english.replacers = dict(_contractions(english.replacers, lists["words_before_is"]))
    numbers, spellings = english.standardize_numbers, dict(english.standardize_spellings.mapping)
    for word in lists["openai_spellings_left_out"]:
        spellings.pop(word, None)
    spellings |= lists["spellings"]
    names = {variant: name for name, variants in lists["names"].items() for variant in variants}
    english.standardize_numbers = _before(numbers, lists["compounds"])
    english.standardize_spellings = _words_of(spellings, names)


def _contractions(
    replacers: Mapping[str, str], words_before_is: list[str]
) -> Iterator[tuple[str, str]]:
    for pattern, replacement in replacers.items():
        if pattern == _POSSESSIVE:
            yield rf"\b({'|'.join(words_before_is)})'s\b", r"\1 is"
        else:
            yield pattern, replacement


def _before(numbers: Callable[[str], str], compounds: Mapping[str, str]) -> Callable[[str], str]:
    """Return the step of numbers, preceded by that of compounds."""
    patterns = [
        (re.compile(r"\b" + words.replace(" ", r"\s+") + r"\b"), joined)
        for words, joined in compounds.items()
    ]

    def step(text: str) -> str:
        for pattern, joined in patterns:
            text = pattern.sub(joined, text)
        return numbers(text)

    return step


def _words_of(spellings: Mapping[str, str], names: Mapping[str, str]) -> Callable[[str], str]:
    """Return the step of spellings, followed by those of names and acronyms."""

    def step(text: str) -> str:
        spelled = (spellings.get(word, word) for word in text.split())
        return " ".join(_acronyms(names.get(word, word) for word in spelled))

    return step


def _acronyms(words: Iterator[str]) -> Iterator[str]:
    """Join runs of single letters and digits: "b b c"."""
    for single, run in groupby(words, lambda word: len(word) == 1 and word.isalnum()):
        parts = list(run)
        fewest = 3 if {"a", "i"} & set(parts) else 2
        yield from ["".join(parts)] if single and len(parts) >= fewest else parts
