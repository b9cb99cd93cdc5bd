"""Metrics of MMMU, whose questions have options or are open.

The value of a prediction is the generated text. Its target is {"answer": "B", "options": [text, …]}
for a question with options, and an acceptable answer or a list of them for an open question.

With options, the rule looks for letters in brackets, "(B)", else for letters between spaces, " B ",
else (in a text of more than five words) for the texts of options; the last one in the text counts.
Without options, the phrases after words such as "answer" and "is" are compared with the answer, and
the numbers in these phrases. Source: Yue et al. 2024, arXiv 2311.16502; MMMU-Benchmark/MMMU
bb0b95a, mmmu/utils/eval_utils.py.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from string import ascii_uppercase

import numpy as np

from mmbench.columns import column
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_KINDS = {"writing", "choice"}
_PARSE = "parse=mmmu,unparsed=wrong,open=contains-or-equal-number"
_MARKS = (",", ".", "!", "?", ";", ":", "'")
_FEW_WORDS = 5  # texts with more words may name an option by its text

_LEADS = ("could be ", "so ", "is ", "thus ", "therefore ", "final ", "answer ", "result ")
_LAST_LINE_LEADS = (*_LEADS, "=")
_TRIVIAL = {":", ",", ".", "!", "?", ";", "'"}
_NUMBERS = (
    re.compile(r"-?\b\d{1,3}(?:,\d{3})+\b"),
    re.compile(r"-?\d+(?:\.\d+)?[eE][+-]?\d+"),
    re.compile(r"-?(?:\d+\.\d+|\.\d+|\d+\b)(?![eE][+-]?\d+)(?![,\d])"),
)
# The patterns take quadratic time on a long run of digits. Such a run is no answer.
_LONG_RUN = re.compile(r"(\d{100})\d+")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS, lenient=True)
def mmmu_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of correct answers by MMMU's official rules. Range [0, 1], higher is better.

    An answer to a question with options is correct if the rule reads the correct letter from it.
    Where the official code draws an option at random because the answer names none, the answer is
    wrong here, and `mmmu_unparsed` counts it. An answer to an open question is correct if one of
    its phrases contains an acceptable answer, or if one of its numbers equals it when both are
    rounded to two decimals; an answer that lists many numbers can score.

    Source: MMMU-Benchmark/MMMU bb0b95a, mmmu/utils/eval_utils.py, evaluate.
    """
    pairs = [*zip(column(predictions, "value"), column(predictions, "target"), strict=True)]
    letters = [chosen_letter(v, _options(t)) if _has_options(t) else None for v, t in pairs]
    rows = [
        letter == target["answer"] if _has_options(target) else is_right(value, target)
        for letter, (value, target) in zip(letters, pairs, strict=True)
    ]
    return score(rows, signature=_PARSE, details={"answer": letters})


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def mmmu_unparsed(predictions: Sequence[Prediction]) -> Score:
    """Share of the questions with options whose answer names no option. Range [0, 1].

    Lower is better. Rows are [unparsed, has options]; NaN if no question has options. The official
    code draws an option at random for these answers. Source: this project.
    """
    pairs = zip(column(predictions, "value"), column(predictions, "target"), strict=True)
    rows = [
        [_has_options(t) and chosen_letter(v, _options(t)) is None, _has_options(t)]
        for v, t in pairs
    ]
    reason = "" if any(asked for _, asked in rows) else "no question has options"
    table = np.array(rows, dtype=np.float64).reshape(-1, 2)
    return score(table, fold_name="ratio", signature=_PARSE, reason=reason)


def _has_options(target: object) -> bool:
    return isinstance(target, dict) and "options" in target


def _options(target: dict[str, object]) -> list[str]:
    options = target["options"]
    return list(map(str, options)) if isinstance(options, list) else []


def chosen_letter(text: str, options: Sequence[str]) -> str | None:
    """Return the letter of the option that an answer names by the official rule, or None."""
    for mark in _MARKS:
        text = text.strip(mark)
    padded = f" {text} "
    letters = ascii_uppercase[: len(options)]
    for form in ("({})", " {} "):
        found = {letter: padded.rfind(form.format(letter)) for letter in letters}
        if any(at >= 0 for at in found.values()):
            return _last(found)
    if len(padded.split()) <= _FEW_WORDS:
        return None
    lowered = padded.lower()
    found = dict(zip(letters, (lowered.rfind(option.lower()) for option in options), strict=True))
    return _last(found) if any(at >= 0 for at in found.values()) else None


def _last(found: dict[str, int]) -> str:
    """Return the letter with the highest position, the first of equal ones."""
    return max(found, key=found.__getitem__)


def is_right(text: str, target: object) -> bool:
    """Return whether an answer to an open question is correct by the official rule.

    `target` is an acceptable answer or a list of them.
    """
    answers = target if isinstance(target, list) else [target]
    accepted = [form for answer in answers for form in _forms(str(answer))]
    numbers = {one for one in accepted if isinstance(one, float)}
    texts = [one for one in accepted if isinstance(one, str)]
    return any(
        one in numbers if isinstance(one, float) else any(answer in one for answer in texts)
        for one in stated_values(text)
    )


def stated_values(text: str) -> set[str | float]:
    """Return the phrases and the numbers of an answer to an open question that may be its answer.

    Texts are in lower case. A text of one character becomes two, with a space before and after it.
    """
    phrases = _key_phrases(text)
    numbers = [number for phrase in phrases for number in _numbers(phrase)]
    return {form for one in (*phrases, *numbers) for form in _forms(one)}


def _key_phrases(text: str) -> list[str]:
    """Return what follows a lead such as "answer" in each line; the whole text if there is none.

    The official code also means to split sentences at a period before a capital letter, but the
    text is in lower case at this point.
    """
    whole = text.strip().strip(".").lower()
    *lines, last = whole.split("\n")
    phrases = [*(_shortest_tail(line, _LEADS) for line in lines)]
    phrases.append(_shortest_tail(last, _LAST_LINE_LEADS))
    return [one for one in phrases if one and one not in _TRIVIAL] or [whole]


def _shortest_tail(line: str, leads: Sequence[str]) -> str:
    """Return the shortest text after the last occurrence of a lead; "" if the line has none.

    As in the official code, an empty text gives way to that of the next lead.
    """
    shortest = ""
    for lead in leads:
        if lead in line:
            tail = line.rpartition(lead)[2].strip()
            shortest = tail if not shortest or len(tail) < len(shortest) else shortest
    return shortest


def _numbers(phrase: str) -> Iterator[str]:
    shortened = _LONG_RUN.sub(r"\1", phrase)
    for pattern in _NUMBERS:
        yield from pattern.findall(shortened)


def _forms(text: str) -> list[str | float]:
    """Return the forms of a text that are compared: a number rounded to two decimals, or texts."""
    stripped = text.strip()
    try:
        return [round(float(stripped.replace(",", "")), 2)]
    except ValueError:
        lowered = stripped.lower()
    return [f" {lowered}", f"{lowered} "] if len(lowered) == 1 else [lowered]
