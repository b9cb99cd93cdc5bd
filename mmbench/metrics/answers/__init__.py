"""Metrics of answers to questions, which compare the generated text with reference answers.

The value of a prediction is the generated text. Its target is an acceptable answer or a list of
acceptable answers. Each row is one question.
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

    An answer scores min(1, matches / 3), where `matches` counts the people who gave it, averaged
    over the subsets that leave out one person. The target is the list of the people's raw answers.
    Line breaks and tabs become spaces, and spaces at the ends are removed.

    `official` normalises numbers, articles, contractions and punctuation **only if the people gave
    more than one distinct answer**, so that "Yes" is wrong if all ten answered "yes". `normalized`
    always normalises. The rules are in `mmbench.metrics.answers.vqa_text`.

    Source: Antol et al. 2015, arXiv 1505.00468; GT-Vision-Lab/VQA a013f00, vqaEval.py.
    """
    always = variant == "normalized"
    compared = [_vqa_texts(output, answers, always) for output, answers in pairs(predictions)]
    rows = [_vqa_score(output, answers) for output, answers in compared]
    rule = "always" if always else "if-answers-differ"
    signature = f"variant={variant},normalised={rule},subsets=leave-one-out"
    details = {"answer": [output for output, _ in compared]}
    return score(rows, signature=signature, details=details)


def _vqa_texts(value: str, answers: list[str], always: bool) -> tuple[str, list[str]]:
    """Return the output and the people's answers in the form in which they are compared."""
    output, references = stripped(value), [stripped(answer) for answer in answers]
    if always or len(set(references)) > 1:
        return normalised(output), [normalised(answer) for answer in references]
    return output, references


def _vqa_score(output: str, references: list[str]) -> float:
    matches, raters = references.count(output), len(references)
    total = matches * min(1.0, (matches - 1) / 3) + (raters - matches) * min(1.0, matches / 3)
    return total / raters if raters else 0.0


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def exact_match(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that equal an acceptable answer. Range [0, 1], higher is better.

    Case and punctuation are ignored (`mmbench.metrics.answers.text.plain_words`); numbers and
    articles count. Source: the accuracy of GQA (Hudson and Manning 2019, arXiv 1902.09506). Its
    official code compares answers that are already normalised.
    """
    rows = [
        output in answers or plain_words(output) in map(plain_words, answers)
        for output, answers in pairs(predictions)
    ]
    return score(rows, signature=SIGNATURE)


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def contains(predictions: Sequence[Prediction]) -> Score:
    """Share of texts that contain an acceptable answer, as whole words. Range [0, 1].

    Higher is better. Texts are normalised as in `exact_match`. For a yes/no question, a text that
    also contains the opposite word is wrong, because it does not commit to an answer ("yes no",
    "yes, there is no doubt"). For any other question, a text that lists many answers can score, so
    read this metric together with `exact_match`. Source: this project; there is no official code.
    """
    rows = [
        any(_contains_answer(output, a) for a in answers) for output, answers in pairs(predictions)
    ]
    return score(rows, signature=f"{SIGNATURE},yes-no=exclusive")


def _contains_answer(output: str, answer: str) -> bool:
    text, expected = plain_words(output), plain_words(answer)
    hedged = expected in _YES_NO and any(has_words(text, other) for other in _YES_NO - {expected})
    return has_words(text, expected) and not hedged


@declare(unit="score", better="higher", worst=0, best=1, kinds={"writing"})
def anls(predictions: Sequence[Prediction]) -> Score:
    """Average normalised Levenshtein similarity. Range [0, 1], higher is better.

    The similarity to the nearest acceptable answer is 1 - distance / length; a value below 0.5
    becomes 0. The distance is computed on the texts in lower case with single spaces, and `length`
    is the length of the longer raw text. A similarity of exactly 0.5 counts, as in the official
    code (the paper excludes it).

    Source: Biten et al. 2019, arXiv 1907.00490; the evaluation script of DocVQA and ST-VQA at
    rrc.cvc.uab.es.
    """
    from rapidfuzz.distance import Levenshtein

    rows = [
        max((_similarity(output, answer, Levenshtein.distance) for answer in answers), default=0.0)
        for output, answers in pairs(predictions)
    ]
    signature = "threshold=0.5,at-threshold=kept,text=lower+spaces,length=as-given"
    return score(rows, signature=signature)


def _similarity(output: str, answer: str, distance_of: Callable[[str, str], int]) -> float:
    if output == answer:
        return 1.0
    distance = distance_of(" ".join(output.lower().split()), " ".join(answer.lower().split()))
    # The official code takes the length in upper case, where ß becomes two letters.
    length = max(len(output.upper()), len(answer.upper()))
    similarity = 1 - distance / length if length else 1.0
    return similarity if similarity >= _ANLS_THRESHOLD else 0.0


@declare(unit="fraction", better="higher", worst=0, best=1, kinds={"writing"})
def relaxed_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Share of answers that are correct within 5 %. Range [0, 1], higher is better.

    If answer and target are numbers and the target is not 0, the answer is correct if
    |answer - target| <= 0.05 · |target|. A number with % is divided by 100. In all other cases the
    answer must equal the target, ignoring case.

    Source: Masry et al. 2022, arXiv 2203.10244, section 5.1; google-research/pix2struct metrics.py.
    """
    rows = [
        any(_is_within_tolerance(output, a) for a in answers)
        for output, answers in pairs(predictions)
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


def pairs(predictions: Sequence[Prediction]) -> Iterator[tuple[str, list[str]]]:
    """Yield each output with its acceptable answers. Raises DataError for a target with options."""
    values, targets = column(predictions, "value"), column(predictions, "target")
    for row, (output, target) in enumerate(zip(values, targets, strict=True)):
        if isinstance(target, str):
            yield output, [target]
        elif isinstance(target, dict):
            raise DataError(
                f"sample {predictions[row].id} has options; score it as multiple choice, with -t"
                " choices or a task of kind choice"
            )
        else:
            yield output, list(map(str, target if isinstance(target, list | tuple) else [target]))
