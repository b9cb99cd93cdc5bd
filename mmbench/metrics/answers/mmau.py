"""The metric of MMAU, which compares the words of an answer with those of the options.

Source: Sakshi et al. 2024, arXiv 2410.19168; Sakshi113/MMAU 110127f, evaluation.py.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from string import ascii_uppercase

from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_WORD = re.compile(r"\b\w+\b")
_LETTER = re.compile(r"\s*\(?([A-Z])[).:]?\s*")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"choice"})
def mmau_accuracy(predictions: Sequence[Prediction], variant: str) -> Score:
    """Share of texts with all words of the correct option and no word of a wrong option alone.

    Range [0, 1], higher is better. Words are compared in lower case and as sets. Words that a wrong
    option shares with the correct option do not count, and neither does an option with the same
    words as the correct one.

    `official` is the rule of MMAU, by which an answer that is only a letter ("B") is wrong, unless
    the option is this letter. `letters` replaces such an answer by the text of its option first, as
    lmms-eval does; all other texts score as in `official`.

    Source: Sakshi113/MMAU evaluation.py, string_match.
    """
    letters = variant == "letters"
    rows = [
        _matches(p.target["answer"], p.target["options"], p.value, letters) for p in predictions
    ]
    alone = "text-of-option" if letters else "wrong"
    return score(rows, signature=f"variant={variant},match=words,letter-alone={alone}")


def _matches(letter: str, options: Sequence[str], text: str, letters: bool) -> bool:
    """Return whether a text names the correct option, which has the letter `letter`."""
    answer = _words(options[ascii_uppercase.index(letter)])
    output = _words(_without_letter(text, options) if letters else text)
    wrong = set().union(*(_words(option) - answer for option in options))
    return bool(output) and answer <= output and output.isdisjoint(wrong)


def _without_letter(text: str, options: Sequence[str]) -> str:
    """Return the text of the option whose letter is all of `text`; other texts are unchanged."""
    match = _LETTER.fullmatch(text)
    position = ascii_uppercase.index(match[1]) if match else len(options)
    return options[position] if position < len(options) else text


def _words(text: str) -> set[str]:
    return set(_WORD.findall(text.lower()))
