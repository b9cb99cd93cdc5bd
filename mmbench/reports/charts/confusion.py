"""Confusion counts of classes, of options, and of short answers with one correct answer."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from string import ascii_uppercase
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.comparison.samples.output_text import class_name
from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.reports.charts.columns import decoded, number_lists
from mmbench.storage.row_columns import ANSWER

_WORDS = 3  # words of a short answer
_SHORT = 0.95  # share of references that must be short
NO_ANSWER = "no answer"


class Confusion(NamedTuple):
    """Counts [c, c] of samples by reference (rows) and output (columns); names of the classes.

    `title` says what is counted.
    """

    title: str
    labels: list[str]
    counts: NDArray[np.int64]


def confusion(samples: RunSamples) -> Confusion | None:
    """Return the confusion counts of a run; None if its samples do not have one correct class.

    A class is the class with the highest score, the option that was parsed from an answer, or the
    whole answer, if nearly all references are single answers of at most three words.
    """
    if str(samples.rows["value"].type).startswith(("list", "large_list")):
        return _of_classes(samples)
    targets = decoded(samples, "target")
    if not any(target is not None for target in targets):
        return None
    if all(isinstance(t, dict) and {"answer", "options"} <= t.keys() for t in targets):
        return _of_options(samples, targets)
    return _of_texts(decoded(samples, "value"), targets)


def _of_classes(samples: RunSamples) -> Confusion | None:
    """Count classes by class scores or class indices; None if samples have several classes."""
    targets = decoded(samples, "target")
    if not all(isinstance(target, int) for target in targets):
        return None
    labels = samples.labels
    there = np.asarray(samples.rows["value"].is_valid())
    scores = number_lists(samples, "value")
    best = scores.argmax(axis=1) if scores.shape[1] > 1 else scores[:, 0].astype(int)
    pairs = [
        (class_name(target, labels), class_name(output, labels))
        for target, output in zip(np.array(targets)[there].tolist(), best.tolist(), strict=True)
    ]
    return _counted("Class of the highest score by correct class", pairs, labels)


def _of_options(samples: RunSamples, targets: Sequence[dict[str, Any]]) -> Confusion | None:
    """Count options by their text if all samples have the same options, otherwise by letter."""
    answers = _parsed_answers(samples)
    if answers is None:
        return None
    first = targets[0]["options"]
    same = all(target["options"] == first for target in targets)
    names = {letter: str(text) for letter, text in zip(ascii_uppercase, first, strict=False)}

    def name(letter: str) -> str:
        letter = letter.strip().upper()
        return names.get(letter, letter) if same else letter

    pairs = [
        (name(str(target["answer"])), name(answer) if answer else NO_ANSWER)
        for target, answer, failed in zip(targets, answers, samples.failed().tolist(), strict=True)
        if not failed
    ]
    title = "Chosen option by correct option"
    letters = "" if same else ": letters, which show a preference for a position"
    return _counted(f"{title}{letters}", pairs, list(names.values()) if same else ())


def _parsed_answers(samples: RunSamples) -> list[str | None] | None:
    """Return the options that a metric parsed from the answers; None if no metric did."""
    columns = [name for name in samples.rows.column_names if name.endswith(ANSWER)]
    return samples.rows[columns[0]].to_pylist() if columns else None


def _of_texts(values: Sequence[object], targets: Sequence[object]) -> Confusion | None:
    """Count short answers without regard to case; None if the references are longer or lists."""
    references = [_single(target) for target in targets]
    short = sum(text is not None and len(text.split()) <= _WORDS for text in references)
    if short < _SHORT * len(references):
        return None
    pairs = [
        (reference, value.strip().lower() or NO_ANSWER)
        for reference, value in zip(references, values, strict=True)
        if reference is not None and isinstance(value, str)
    ]
    return _counted("Answer by reference", pairs) if pairs else None


def _single(target: object) -> str | None:
    """Return the only reference, or the most frequent of several, in lower case."""
    if isinstance(target, list) and target and all(isinstance(one, str) for one in target):
        ((target, _),) = Counter(target).most_common(1)
    return target.strip().lower() if isinstance(target, str) else None


def _counted(
    title: str, pairs: Sequence[tuple[str, str]], order: Sequence[str] = ()
) -> Confusion | None:
    """Count (reference, output) pairs.

    Names in `order` come first, then other references and then other outputs, frequent ones first.
    Return None if there is only one name.
    """
    by_reference = Counter(reference for reference, _ in pairs)
    by_output = Counter(output for _, output in pairs)
    frequent = [name for counter in (by_reference, by_output) for name, _ in counter.most_common()]
    known = {*frequent}
    labels = list(dict.fromkeys([*(name for name in order if name in known), *frequent]))
    if len(labels) < 2:
        return None
    place = {name: at for at, name in enumerate(labels)}
    counts = np.zeros((len(labels), len(labels)), np.int64)
    for (reference, output), size in Counter(pairs).items():
        counts[place[reference], place[output]] = size
    return Confusion(title, labels, counts)
