"""Which form of a known error transcripts have, at the place of the error in the reference.

Outputs and references are normalised and aligned as the run's error rate aligns them. Words that
were inserted next to the place belong to it, so that `a lot` is found where the reference has
`alot`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property

from mmbench.comparison.reference_errors.free_texts import Form, Pair, longest_first
from mmbench.comparison.reference_errors.known_errors import KnownError, Words
from mmbench.metrics.speech.alignment import ErrorRate, Step, align, tokens_of
from mmbench.metrics.speech.normalisers import normalise
from mmbench.text.alternatives import reference_text
from mmbench.types import Prediction


class Transcripts:
    """Predictions whose outputs are transcripts, compared word by word with their references.

    `predictions` maps ids to predictions that have not failed, and `normaliser` is that of the
    run's error rate. A reference is a text, or a reference with alternatives.
    """

    def __init__(self, predictions: Mapping[str, Prediction], normaliser: str) -> None:
        self._predictions = predictions
        self._rate = ErrorRate(normaliser, characters=False)
        self._steps: dict[str, list[Step]] = {}

    def pair(self, error: KnownError) -> Pair:
        """Return the normalised words of both phrases, which identify errors of the same kind."""
        return self._words(error.wrong), self._words(error.right)

    def has_error(self, ident: str, pair: Pair) -> bool:
        """Return whether the reference of the sample has the wrong phrase."""
        return bool(places(self._references[ident], pair[0]))

    def form(self, ident: str, pair: Pair) -> Form | None:
        """Return what the output has where the reference has the wrong phrase; None for neither."""
        return self._form_at(ident, pair[0], pair)

    def others(self, pair: Pair) -> Iterator[tuple[str, Form]]:
        """Yield what outputs have where their references have the right phrase correctly."""
        right = pair[1]
        for ident in dict.fromkeys(self._having.get(right[0], ()) if right else ()):
            if not self.has_error(ident, pair) and (form := self._form_at(ident, right, pair)):
                yield ident, form

    def _words(self, text: str) -> Words:
        return tuple(tokens_of(normalise(self._rate.normaliser, text), characters=False))

    @cached_property
    def _references(self) -> dict[str, Words]:
        return {
            ident: self._words(reference_text(p.target)) for ident, p in self._predictions.items()
        }

    @cached_property
    def _having(self) -> dict[str, list[str]]:
        """The ids of the samples whose references have each word."""
        having: dict[str, list[str]] = {}
        for ident, reference in self._references.items():
            for word in dict.fromkeys(reference):
                having.setdefault(word, []).append(ident)
        return having

    def _form_at(self, ident: str, phrase: Words, pair: Pair) -> Form | None:
        """Return what the output has at the places of a phrase in the aligned reference.

        The longer phrase comes first: an output with `a lot` where `a` should be is not `a`.
        """
        if ident not in self._steps:
            p = self._predictions[ident]
            self._steps[ident] = align(p.value, p.target, self._rate).steps
        steps = self._steps[ident]
        reference = [step.reference for step in steps if step.reference]
        spoken = [spoken_at(steps, place, len(phrase)) for place in places(reference, phrase)]
        forms = [
            next((form for form, own in longest_first(pair) if own in choices), None)
            for choices in spoken
        ]
        return "wrong" if "wrong" in forms else "right" if "right" in forms else None


def places(text: Sequence[str], phrase: Words) -> list[int]:
    """Return the positions in a text at which a phrase begins."""
    if not phrase:
        return []
    ends = range(len(text) - len(phrase) + 1)
    return [at for at in ends if tuple(text[at : at + len(phrase)]) == phrase]


def spoken_at(steps: Sequence[Step], place: int, size: int) -> set[Words]:
    """Return what the output may have at `size` words of the reference, which begin at `place`.

    The choices differ in how many of the words that were inserted next to the place are included.
    """
    rows = [row for row, step in enumerate(steps) if step.reference][place : place + size]
    first, last = rows[0], rows[-1]
    start, stop = first, last + 1
    while start and not steps[start - 1].reference:
        start -= 1
    while stop < len(steps) and not steps[stop].reference:
        stop += 1
    return {
        tuple(step.hypothesis for step in steps[begin:end] if step.hypothesis)
        for begin in range(start, first + 1)
        for end in range(last + 1, stop + 1)
    }
