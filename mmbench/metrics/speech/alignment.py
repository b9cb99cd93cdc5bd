"""Alignments of transcripts: which words were substituted, deleted or inserted.

An alignment shows the errors that an error rate counts, so it has the same tokens and the same
numbers of errors. jiwer aligns references without alternatives. For a reference with alternatives,
the reading with the fewest edits is aligned (`mmbench.metrics.speech.edits`). The words of
`open_asr_2026` are aligned by `mmbench.metrics.speech.compounds`.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, Literal, NamedTuple

from mmbench.metrics.speech import open_asr
from mmbench.metrics.speech.compounds import Span, compound_path
from mmbench.metrics.speech.edits import Edits, cheapest_path, fewest_edits
from mmbench.metrics.speech.normalisers import normalise
from mmbench.text.alternatives import Piece, count_readings, pieces_of, readings, words_of

Operation = Literal["equal", "merge", "substitute", "delete", "insert"]

ERROR_RATES = (
    *("wer", "cer", "mer", "wil"),
    *("substitution_rate", "deletion_rate", "insertion_rate"),
)
_ERROR_RATE = re.compile(rf"({'|'.join(ERROR_RATES)})\[(\w+)\](?:\{{macro:.*\}})?")
_READINGS = 64  # most readings of a reference that are normalised as whole texts


class Step(NamedTuple):
    """A step of an alignment: a token of the reference with a token of the hypothesis.

    `reference` is "" for an insertion, and `hypothesis` is "" for a deletion. If the operation is
    "merge", one of them is several words, joined by spaces, which are equal to the other one
    without the spaces.
    """

    operation: Operation
    reference: str
    hypothesis: str


class Alignment(NamedTuple):
    """An alignment of two texts by words or, if `characters` is true, by characters.

    `left_out` is true for a sample that the error rate leaves out; it has no steps.
    """

    steps: list[Step]
    characters: bool
    left_out: bool = False

    @property
    def edits(self) -> Edits:
        """The numbers of hits, substitutions, deletions and insertions."""
        numbers = Counter(step.operation for step in self.steps)
        merged = [len(step.reference.split()) for step in self.steps if step.operation == "merge"]
        return Edits(
            numbers["equal"] + sum(merged),
            numbers["substitute"],
            numbers["delete"],
            numbers["insert"],
        )


class ErrorRate(NamedTuple):
    """The part of a score's name that determines its alignments: normaliser and unit."""

    normaliser: str
    characters: bool

    @property
    def merges(self) -> bool:
        """Whether compounds are merged: "white paper" and "whitepaper" are equal."""
        return self.normaliser == open_asr.NAME and not self.characters


def error_rate(score: str) -> ErrorRate | None:
    """Return how a score aligns texts: `wer[basic]` by words; None if it is not an error rate."""
    name = _ERROR_RATE.fullmatch(score)
    return ErrorRate(name[2], name[1] == "cer") if name else None


def is_reference(target: object) -> bool:
    """Return whether a target can be aligned: a text, or a reference with alternatives."""
    return isinstance(target, str) or pieces_of(target) is not None


def is_dropped(target: Any, normaliser: str) -> bool:
    """Return whether samples with a reference are left out by the convention of a normaliser.

    Only `open_asr_2026` leaves out samples: those whose reference is empty after normalisation, or
    is the remark that the segment is not scored, in every reading.
    """
    if normaliser != open_asr.NAME:
        return False
    pieces = pieces_of(target)
    if pieces is not None and count_readings(pieces) > _READINGS:
        return False
    texts = [target] if pieces is None else readings(pieces)
    return not any(open_asr.is_scored(normalise(normaliser, text)) for text in texts)


def align(hypothesis: str, target: Any, rate: ErrorRate) -> Alignment:
    """Align a transcript with its reference as the error rate `rate` does.

    `target` is a text, or a reference with alternatives (`mmbench.text.alternatives`). The
    alignment of a sample that the rate leaves out has no steps. Raises MissingExtra if the package
    of the normaliser is not installed.
    """
    if is_dropped(target, rate.normaliser):
        return Alignment([], rate.characters, left_out=True)
    text = normalise(rate.normaliser, hypothesis)
    pieces = pieces_of(target)
    if rate.merges:
        steps = _merged_steps(target, text.split(), rate.normaliser)
    elif pieces is None:
        steps = _jiwer_steps(normalise(rate.normaliser, target), text, rate.characters)
    else:
        network = normalised_pieces(pieces, rate.normaliser)
        steps = _network_steps(network, tokens_of(text, rate.characters), rate.characters)
    return Alignment(steps, rate.characters)


def _merged_steps(target: Any, hypothesis: list[str], normaliser: str) -> list[Step]:
    """Return the steps of an alignment with merged compounds, of the best reading of a reference.

    Of a reference with many readings, the best one without merged compounds is aligned.
    """
    pieces = pieces_of(target)
    if pieces is None:
        texts = [normalise(normaliser, target)]
    elif count_readings(pieces) <= _READINGS:
        texts = [normalise(normaliser, text) for text in readings(pieces)]
    else:
        network = normalised_pieces(pieces, normaliser)
        texts = [" ".join(_best_reading(network, hypothesis, characters=False))]
    paths = [
        [_merged_step(span, words, hypothesis) for span in compound_path(words, hypothesis)]
        for words in (text.split() for text in texts)
    ]
    return min(paths, key=_number_of_errors)


def _merged_step(span: Span, reference: Sequence[str], hypothesis: Sequence[str]) -> Step:
    left = " ".join(reference[span.start : span.stop])
    right = " ".join(hypothesis[span.hypothesis_start : span.hypothesis_stop])
    step = _step(left, right)
    return step._replace(operation="merge") if " " in left + right else step


def _number_of_errors(steps: Sequence[Step]) -> tuple[int, int, int]:
    edits = Alignment(list(steps), characters=False).edits
    return edits.edits, edits.substitutions, edits.insertions


def _jiwer_steps(reference: str, hypothesis: str, characters: bool) -> list[Step]:
    from jiwer import process_characters, process_words

    output = (process_characters if characters else process_words)([reference], [hypothesis])
    steps: list[Step] = []
    for chunk in output.alignments[0]:
        left = output.references[0][chunk.ref_start_idx : chunk.ref_end_idx]
        right = output.hypotheses[0][chunk.hyp_start_idx : chunk.hyp_end_idx]
        length = max(len(left), len(right))
        left, right = left or [""] * length, right or [""] * length
        steps += [Step(chunk.type, *tokens) for tokens in zip(left, right, strict=True)]
    return steps


def _network_steps(
    pieces: Sequence[Piece], hypothesis: Sequence[str], characters: bool
) -> list[Step]:
    """Return the steps of the best reading of a reference with alternatives."""
    words = _best_reading(pieces, hypothesis, characters)
    reference = list(" ".join(words)) if characters else words
    return [
        _step("" if row is None else reference[row], "" if at is None else hypothesis[at])
        for row, at in cheapest_path(reference, hypothesis)
    ]


def _step(reference: str, hypothesis: str) -> Step:
    if reference == hypothesis:
        return Step("equal", reference, hypothesis)
    operation: Operation = (
        "insert" if not reference else "delete" if not hypothesis else "substitute"
    )
    return Step(operation, reference, hypothesis)


def _best_reading(
    pieces: Sequence[Piece], hypothesis: Sequence[str], characters: bool
) -> list[str]:
    """Return the words of the reading with the fewest edits.

    The choices are made one after another: each time, the choice is kept that still allows the
    fewest edits of the whole reference.
    """

    def fewest(network: list[Piece]) -> tuple[int, int, int]:
        edits = fewest_edits(network, hypothesis, characters=characters)
        return edits.edits, edits.substitutions, edits.insertions

    network = list(pieces)
    while (at := _first_choice(network)) is not None:
        before, choices, after = network[:at], network[at], network[at + 1 :]
        network = min(([*before, *choice, *after] for choice in choices), key=fewest)
    return [word for text in network for word in words_of(str(text))]


def _first_choice(network: Iterable[Piece]) -> int | None:
    return next((at for at, piece in enumerate(network) if not isinstance(piece, str)), None)


def normalised_pieces(pieces: list[Piece], normaliser: str) -> list[Piece]:
    """Normalise a reference with alternatives, given as `pieces`.

    Every text that the alternatives can form is normalised. If there are more than `_READINGS` such
    texts, each piece is normalised separately.
    """
    if normaliser == "none":
        return pieces
    if count_readings(pieces) > _READINGS:
        return _each_normalised(pieces, normaliser)
    texts = dict.fromkeys(normalise(normaliser, text) for text in readings(pieces))
    return [[[text] for text in texts]]


def _each_normalised(pieces: list[Piece], normaliser: str) -> list[Piece]:
    return [
        normalise(normaliser, piece)
        if isinstance(piece, str)
        else [_each_normalised(choice, normaliser) for choice in piece]
        for piece in pieces
    ]


def tokens_of(text: str, characters: bool) -> list[str]:
    """Return the tokens of a normalised text as jiwer does: its words, or its characters."""
    from jiwer.transformations import cer_default, wer_default

    tokens: list[str] = (cer_default if characters else wer_default)(text)[0]
    return tokens
