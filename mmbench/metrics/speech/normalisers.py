"""Normalisers of transcripts. A metric selects one by name: `wer[basic]`.

| name | rules |
|---|---|
| `none` | no change; jiwer splits at spaces |
| `basic` | OpenAI's `BasicTextNormalizer`: lower case, no brackets, marks or symbols |
| `whisper_en` | OpenAI's `EnglishTextNormalizer`, of 2022: also numbers, spelling, contractions |
| `open_asr_2026` | the Open ASR Leaderboard's for English (`mmbench.metrics.speech.open_asr`) |
| `multilingual` | like `basic`, but keeps the marks of letters |
| `cjk` | NFKC without spaces, punctuation and symbols |

`mmbench.metrics.speech.languages` defines the last two.

`basic` replaces each mark (Unicode category M) that is not part of a letter by a space;
`whisper_en` and `open_asr_2026` delete it. This affects the vowel signs and tones of Devanagari,
Tamil, Thai and many other scripts, and the diacritics of Arabic and Hebrew: words are split, or
different words become equal. For these scripts use `multilingual` or `none`.

Source: Radford et al. 2022, arXiv 2212.04356, appendix C; openai/whisper, whisper/normalizers. The
code is that of the package whisper-normalizer, without the four contractions that it adds to
OpenAI's ("kinda", "sorta", "dunno", "cause"). Its patterns take quadratic time for unclosed
brackets and for many spaces. Therefore each text is first rewritten such that the result is the
same but the package takes linear time. A run of spaces is not equal to a single one: the rules for
"'s been" and similar pairs of words need a single space.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import cache, lru_cache
from importlib.metadata import version
from unicodedata import category, normalize

from mmbench.errors import MissingExtra
from mmbench.metrics.speech import open_asr
from mmbench.metrics.speech.languages import RULES

# Variation selectors of glyphs, e.g. text or emoji.
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef]")
_PACKAGE = "whisper-normalizer"
_BRACKETED = re.compile(r"[<\[][^>\]]*[>\]]")
_PARENTHESISED = re.compile(r"\([^)]+\)")
_SPACES = re.compile(r"\s{3,}")
_NO_FILLERS = r"(?!)"
_ADDED = (r"\bkinda\b", r"\bsorta\b", r"\bdunno\b", r"\bcause\b")


@lru_cache(maxsize=200_000)
def normalise(name: str, text: str) -> str:
    """Return the text as the normaliser called `name` rewrites it.

    Raises MissingExtra if the package of the normaliser is not installed.
    """
    return _rules(name)(text)


@lru_cache(maxsize=200_000)
def deletes_marks(name: str, text: str) -> bool:
    """Return whether a normaliser deletes vowel signs, tones or diacritics from a text.

    Marks in a composed letter (é) and variation selectors do not count.
    """
    if name == "none" or name in RULES or text.isascii():
        return False
    return any(
        category(c) in ("Mn", "Mc") and not _SELECTORS.match(c) for c in normalize("NFKC", text)
    )


def normaliser_signature(name: str) -> str:
    """Return the part of a signature that states the normaliser and the version of its package."""
    if name == "none" or name in RULES:
        return f"normaliser={name}"
    _rules(name)
    package = f"normaliser={name},{_PACKAGE}={version(_PACKAGE)}"
    return f"{package},{open_asr.convention_signature()}" if name == open_asr.NAME else package


@cache
def _rules(name: str) -> Callable[[str], str]:
    if name == "none":
        return str
    if name in RULES:
        return RULES[name]
    try:
        from whisper_normalizer.basic import BasicTextNormalizer
        from whisper_normalizer.english import EnglishTextNormalizer
    except ModuleNotFoundError as error:
        raise MissingExtra(f"the normaliser {name}", _PACKAGE, "mmbench[speech]") from error
    basic, english = BasicTextNormalizer(), EnglishTextNormalizer()
    for pattern in _ADDED:
        english.replacers.pop(pattern, None)
    if name == open_asr.NAME:
        open_asr.adapt(english)
    chosen = basic if name == "basic" else english
    fillers = re.compile(getattr(chosen, "ignore_patterns", _NO_FILLERS))
    return lambda text: _apply(chosen, fillers, text)


def _apply(normaliser: Callable[[str], str], fillers: re.Pattern[str], text: str) -> str:
    """Apply a normaliser of the package to a text in linear time.

    The first steps of the normaliser, which delete texts in brackets and `fillers`, are done here:
    the spaces around what they delete become long runs.
    """
    text = fillers.sub("", _PARENTHESISED.sub("", _shield(text.lower())))
    with _numbers_of_any_length():
        return str(normaliser(_SPACES.sub("  ", text)))


def _shield(text: str) -> str:
    """Return a lower-case text without the brackets for which a normaliser takes quadratic time.

    Text in `<>` and `[]` is deleted, as in the first step of each normaliser. An unclosed opening
    bracket becomes a vertical bar; the normaliser would replace either by a space.
    """
    closed = max(text.rfind(">"), text.rfind("]")) + 1
    text = _BRACKETED.sub("", text[:closed]) + _bar(text[closed:], "<[")
    closed = text.rfind(")") + 1
    return text[:closed] + _bar(text[closed:], "(")


def _bar(text: str, brackets: str) -> str:
    return text.translate(dict.fromkeys(map(ord, brackets), "|"))


@contextmanager
def _numbers_of_any_length() -> Iterator[None]:
    """Let int and str convert numbers of any length; Python's default limit is 4,300 digits."""
    limit = sys.get_int_max_str_digits()
    sys.set_int_max_str_digits(0)
    try:
        yield
    finally:
        sys.set_int_max_str_digits(limit)
