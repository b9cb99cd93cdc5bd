"""The text rules of the official VQA evaluation, including its quirks.

Source: Antol et al. 2015, arXiv 1505.00468; GT-Vision-Lab/VQA a013f00,
PythonEvaluationTools/vqaEvaluation/vqaEval.py. The official code has the following quirks, which
remain here because every published VQA accuracy has them:

- A punctuation mark that is next to a space anywhere in the text is removed everywhere; any other
  mark becomes a space. A comma between two digits anywhere causes all marks to be removed.
- Only the first 32 periods that no digit follows are removed (the code passes the Unicode flag as
  the number of replacements).
- "somebody'd" loses its apostrophe, "somebodyd" does not change; "none" is 0.
"""

from __future__ import annotations

import re
from functools import lru_cache

_PUNCTUATION = ';/[]"{}()=+\\_-><@`,?!'
_COMMA_IN_NUMBER = re.compile(r"[0-9],[0-9]")
_LAST_PERIOD = re.compile(r"\.(?![0-9])")
_MOST_PERIODS = 32
_ARTICLES = {"a", "an", "the"}
_NUMBERS = "zero one two three four five six seven eight nine ten"
_DIGITS = {"none": "0", **{word: str(value) for value, word in enumerate(_NUMBERS.split())}}

# Contractions: a word that lacks one of these apostrophes gets it back.
_CONTRACTIONS = """
    ain't aren't can't could've couldn't couldn't've didn't doesn't don't hadn't hadn't've hasn't
    haven't he'd he'd've he's how'd how'll how's isn't it'd it'd've it'll ma'am mightn't mightn't've
    might've mustn't must've needn't not've o'clock oughtn't 'ow's'at shan't she'd've should've
    shouldn't shouldn't've somebody'd've somebody'll somebody's someone'd someone'd've someone'll
    someone's something'd something'd've something'll that's there'd there'd've there're there's
    they'd they'd've they'll they're they've 'twas wasn't we'd've we've weren't what'll what're
    what's what've when's where'd where's where've who'd who'd've who'll who's who've why'll why're
    why's won't would've wouldn't wouldn't've y'all y'all'll y'all'd've you'd you'd've you'll you're
    you've
"""


def _without_one_apostrophe(word: str) -> list[str]:
    return [word[:i] + word[i + 1 :] for i, letter in enumerate(word) if letter == "'"]


_RESTORED = {
    short: word for word in _CONTRACTIONS.split() for short in _without_one_apostrophe(word)
}
_RESTORED["somebody'd"] = "somebodyd"


def stripped(text: str) -> str:
    """Return a text with line breaks and tabs as spaces, and without spaces at its ends."""
    return text.replace("\n", " ").replace("\t", " ").strip()


@lru_cache(maxsize=100_000)
def normalised(text: str) -> str:
    """Return a stripped text normalised by the official rules.

    The rules change punctuation, case, numbers, articles and contractions.
    """
    words = (_DIGITS.get(word, word) for word in without_marks(text).lower().split())
    return " ".join(_RESTORED.get(word, word) for word in words if word not in _ARTICLES)


def without_marks(text: str) -> str:
    """Return a text without punctuation, by the official rules; marks may become spaces."""
    drops_all_marks = _COMMA_IN_NUMBER.search(text) is not None
    plain = text
    for mark in _PUNCTUATION:
        next_to_space = f"{mark} " in text or f" {mark}" in text
        plain = plain.replace(mark, "" if drops_all_marks or next_to_space else " ")
    return _LAST_PERIOD.sub("", plain, count=_MOST_PERIODS)
