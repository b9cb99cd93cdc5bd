"""Metrics of answers to questions: how near a text comes to the answers that people gave.

A value is a text, a target one acceptable answer or a list of them. Every row is one question.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from mmbench.columns import column
from mmbench.errors import DataError
from mmbench.metrics.answers.text import SIGNATURE, has_words, plain_words
from mmbench.metrics.answers.vqa_text import normalised, stripped
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_YES_NO = {"yes", "no"}
_ANLS_THRESHOLD = 0.5
_TOLERANCE = 0.05


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def vqa_accuracy(predictions: Sequence[Prediction], variant: str) -> Score:
    """VQA accuracy over the answers of ten people. Range [0, 1], higher is better.

    An answer is worth min(1, matches / 3), averaged over the subsets that leave out one of the
    people. The target is the list of their answers as they were given. Line breaks and tabs become
    spaces, spaces at the ends are dropped.

    `official`: numbers, articles, contractions and punctuation are normalised **only if the people
    gave more than one distinct answer**, so that "Yes" against ten times "yes" is wrong.
    `normalized`: always. The rules themselves are in `mmbench.metrics.answers.vqa_text`.

    Source: Antol et al. 2015, arXiv 1505.00468; GT-Vision-Lab/VQA a013f00, vqaEval.py.
    """
    always = variant == "normalized"
    rows = [_vqa_score(output, answers, always) for output, answers in _pairs(predictions)]
    rule = "always" if always else "if-answers-differ"
    signature = f"variant={variant},normalised={rule},subsets=leave-one-out"
    return score(rows, signature=signature)


def _vqa_score(value: str, answers: list[str], always: bool) -> float:
    output, references = stripped(value), [stripped(answer) for answer in answers]
    if always or len(set(references)) > 1:
        output, references = normalised(output), [normalised(answer) for answer in references]
    matches, raters = references.count(output), len(references)
    total = matches * min(1.0, (matches - 1) / 3) + (raters - matches) * min(1.0, matches / 3)
    return total / raters if raters else 0.0


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def exact_match(predictions: Sequence[Prediction]) -> Score:
    """Share of answers equal to an acceptable one. Range [0, 1], higher is better.

    Case and punctuation do not count: see `mmbench.metrics.answers.text.plain_words`; numbers and
    articles do. Source: the accuracy of GQA (Hudson and Manning 2019, arXiv 1902.09506), whose
    official code compares texts that are in this form already.
    """
    rows = [
        output in answers or plain_words(output) in map(plain_words, answers)
        for output, answers in _pairs(predictions)
    ]
    return score(rows, signature=SIGNATURE)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def contains(predictions: Sequence[Prediction]) -> Score:
    """Share of texts that hold an acceptable answer, as whole words. Range [0, 1].

    Higher is better. Both are compared as in `exact_match`. To a question whose answer is yes or
    no, a text that holds the other of these words too is wrong ("yes no", "yes, there is no
    doubt"): it commits to nothing. A text that lists many answers to any other question does score,
    so read this metric beside `exact_match`. Source: this project; there is no official code.
    """
    rows = [
        any(_contains_answer(output, a) for a in answers) for output, answers in _pairs(predictions)
    ]
    return score(rows, signature=f"{SIGNATURE},yes-no=exclusive")


def _contains_answer(output: str, answer: str) -> bool:
    text, expected = plain_words(output), plain_words(answer)
    hedged = expected in _YES_NO and any(has_words(text, other) for other in _YES_NO - {expected})
    return has_words(text, expected) and not hedged


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def anls(predictions: Sequence[Prediction]) -> Score:
    """Average normalised Levenshtein similarity. Range [0, 1], higher is better.

    1 - distance / length for the nearest acceptable answer; below 0.5 it is 0. The distance is that
    of the texts in lower case with single spaces, the length that of the longer one of the two
    texts as they were given. A similarity of just 0.5 counts, as in the official code (the paper
    leaves it out).

    Source: Biten et al. 2019, arXiv 1907.00490; the evaluation script of DocVQA and ST-VQA at
    rrc.cvc.uab.es.
    """
    from rapidfuzz.distance import Levenshtein

    rows = [
        max((_similarity(output, answer, Levenshtein.distance) for answer in answers), default=0.0)
        for output, answers in _pairs(predictions)
    ]
    signature = "threshold=0.5,at-threshold=kept,text=lower+spaces,length=as-given"
    return score(rows, signature=signature)


def _similarity(output: str, answer: str, distance_of: Callable[[str, str], int]) -> float:
    if output == answer:
        return 1.0
    distance = distance_of(" ".join(output.lower().split()), " ".join(answer.lower().split()))
    # upper(), because a letter such as ß has two in upper case, and the official code counts these.
    length = max(len(output.upper()), len(answer.upper()))
    similarity = 1 - distance / length if length else 1.0
    return similarity if similarity >= _ANLS_THRESHOLD else 0.0


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def relaxed_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that are right within 5 %. Range [0, 1], higher is better.

    Where both are numbers and the right one is not 0: |said - right| <= 0.05 · |right|; a number
    with % counts as its hundredth. Anything else must be equal but for case.

    Source: Masry et al. 2022, arXiv 2203.10244, section 5.1; google-research/pix2struct metrics.py.
    """
    rows = [
        any(_is_within_tolerance(output, a) for a in answers)
        for output, answers in _pairs(predictions)
    ]
    signature = "tolerance=0.05,percent=hundredth,zero=exact,case=ignored"
    return score(rows, signature=signature)


def _is_within_tolerance(output: str, answer: str) -> bool:
    number, expected = _number(output), _number(answer)
    if number is not None and expected:
        return abs(number - expected) / abs(expected) <= _TOLERANCE
    return output.lower() == answer.lower()


def _number(text: str) -> float | None:
    try:
        return float(text.rstrip("%")) / 100 if text.endswith("%") else float(text)
    except ValueError:
        return None


def _pairs(predictions: Sequence[Prediction]) -> Iterator[tuple[str, list[str]]]:
    """What was said and the acceptable answers. Raises DataError where there are options."""
    values, targets = column(predictions, "value"), column(predictions, "target")
    for row, (output, target) in enumerate(zip(values, targets, strict=True)):
        if isinstance(target, str):
            yield output, [target]
        elif isinstance(target, dict):
            raise DataError(
                f"sample {predictions[row].id}: has options: score it by letters, with -t choices"
                " or a task of kind choice"
            )
        else:
            yield output, list(map(str, target))
