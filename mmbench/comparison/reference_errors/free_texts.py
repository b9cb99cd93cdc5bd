"""Which form of a known error free texts have: captions and answers.

An output counts wherever it has one of the two phrases. Where both phrases match at a word, the
longer one is meant: `the the` is not also `the`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Literal

from mmbench.comparison.reference_errors.known_errors import KnownError, Words
from mmbench.text.words import words
from mmbench.types import Prediction

Form = Literal["wrong", "right"]
Pair = tuple[Words, Words]  # the words of the wrong and of the right phrase


class FreeTexts:
    """Predictions whose outputs and references are texts, compared by words.

    `predictions` maps ids to predictions that have not failed. A reference is a text or a list of
    texts.
    """

    def __init__(self, predictions: Mapping[str, Prediction]) -> None:
        self._outputs = {i: words(p.value) for i, p in predictions.items()}
        self._references = {
            i: [words(text) for text in reference_list(p.target)] for i, p in predictions.items()
        }
        self._having: dict[str, list[str]] = {}
        for ident, output in self._outputs.items():
            for word in dict.fromkeys(output):
                self._having.setdefault(word, []).append(ident)

    def pair(self, error: KnownError) -> Pair:
        """Return the words of both phrases, which identify errors of the same kind."""
        return words(error.wrong), words(error.right)

    def has_error(self, ident: str, pair: Pair) -> bool:
        """Return whether a reference of the sample has the wrong phrase."""
        return any(form_in(text, pair) == "wrong" for text in self._references[ident])

    def form(self, ident: str, pair: Pair) -> Form | None:
        """Return which phrase the output has; None for neither, "wrong" for both."""
        return form_in(self._outputs[ident], pair)

    def others(self, pair: Pair) -> Iterator[tuple[str, Form]]:
        """Yield the outputs with one of the phrases whose references all lack the wrong one."""
        candidates = [i for phrase in pair for i in self._having.get(phrase[0], ())]
        for ident in dict.fromkeys(candidates):
            form = self.form(ident, pair)
            if form and not self.has_error(ident, pair):
                yield ident, form


def reference_list(target: object) -> list[str]:
    """Return the texts of a reference; [] if it has none."""
    values = target if isinstance(target, list) else [target]
    return [value for value in values if isinstance(value, str)]


def form_in(text: Sequence[str], pair: Pair) -> Form | None:
    """Return which phrase the words of a text have: "wrong" if any place has the wrong one."""
    forms = set(_forms(text, pair))
    return "wrong" if "wrong" in forms else "right" if forms else None


def longest_first(pair: Pair) -> list[tuple[Form, Words]]:
    """Return the forms with their phrases, the longer phrase first."""
    named: list[tuple[Form, Words]] = [("wrong", pair[0]), ("right", pair[1])]
    return sorted(named, key=lambda one: -len(one[1]))


def _forms(text: Sequence[str], pair: Pair) -> Iterator[Form]:
    """Yield the phrases in a text in order; matches do not overlap, and the longer one is first."""
    named = longest_first(pair)
    at = 0
    while at < len(text):
        for form, phrase in named:
            if tuple(text[at : at + len(phrase)]) == phrase:
                yield form
                at += len(phrase)
                break
        else:
            at += 1
