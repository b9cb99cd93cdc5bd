"""The words of a text, for comparisons that ignore case and punctuation."""

from __future__ import annotations

import re
from unicodedata import normalize

# Thai, Lao, Kana and Chinese characters, which have no blanks between words.
_UNSPACED = "\u0e00-\u0eff\u3040-\u30ff\u3400-\u9fff"
_WORD = re.compile(rf"[{_UNSPACED}]|[^\W_{_UNSPACED}]+(?:'[^\W_{_UNSPACED}]+)*")


def words(text: str) -> tuple[str, ...]:
    """Return the words of a text in NFKC form without case and punctuation.

    Apostrophes inside words are kept. In scripts without blanks, each character is a word.
    """
    return tuple(_WORD.findall(normalize("NFKC", text).casefold().replace("’", "'")))
