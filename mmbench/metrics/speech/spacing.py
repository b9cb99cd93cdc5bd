"""Scripts without spaces between words, for which a word error rate says little.

A recogniser that makes one error in a sentence of Chinese gets the whole sentence wrong in words.
The error rate of characters without spaces, `cer[cjk]`, is the usual measure for these scripts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable

from mmbench.text import count

HEADLINE = "cer[cjk]"
"""The error rate for scripts without spaces between words."""

# Han, kana, Thai, Lao, Tibetan, Burmese and Khmer: blocks of Unicode's Blocks.txt. Korean has
# spaces between words.
_UNSPACED = re.compile(
    "[\u0e00-\u0e7f\u0e80-\u0eff\u0f00-\u0fff\u1000-\u109f\u1780-\u17ff\u19e0-\u19ff\u3005-\u3007"
    "\u3040-\u30ff\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff\ua9e0-\ua9ff\uaa60-\uaa7f\uf900-\ufaff"
    "\uff66-\uff9f\U00020000-\U000323af]"
)


def is_unspaced(text: str) -> bool:
    """Return whether more than a third of the letters of a text are of a script without spaces.

    The share is not higher because a word of such a script has fewer letters than a Latin word.
    """
    if text.isascii():
        return False
    letters = sum(map(str.isalpha, text))
    unspaced = sum(map(str.isalpha, "".join(_UNSPACED.findall(text))))
    return unspaced * 3 > letters


def headline_of(headline: str, metrics: Collection[str], references: Iterable[object]) -> str:
    """Return the headline of a task with `metrics` for these references.

    It is `cer[cjk]`, if the task has this metric and if at least half of the references are texts
    in a script without spaces; otherwise it is `headline`.
    """
    if HEADLINE not in metrics:
        return headline
    unspaced = [isinstance(text, str) and is_unspaced(text) for text in references]
    return HEADLINE if unspaced and sum(unspaced) * 2 >= len(unspaced) else headline


def spacing_note(references: Iterable[str]) -> str:
    """Return a note that names the better headline if references lack spaces between words.

    Return "" if no reference is in such a script. For a few references, such as names in an English
    corpus, the note only counts them.
    """
    unspaced = [is_unspaced(text) for text in references]
    if not any(unspaced):
        return ""
    note = f"{count(sum(unspaced), 'reference')} in a script without spaces"
    if sum(unspaced) * 2 < len(unspaced):
        return f"{note}, for which {HEADLINE} is the better measure"
    return f"{note}; use the headline {HEADLINE}"
