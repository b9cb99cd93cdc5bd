"""The forms of the listed errors in the outputs of a run, and of the same phrases elsewhere."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple, Protocol

from mmbench.comparison.reference_errors.free_texts import Form, FreeTexts, Pair, reference_list
from mmbench.comparison.reference_errors.known_errors import KnownError
from mmbench.comparison.reference_errors.result import ErrorCounts
from mmbench.comparison.reference_errors.transcripts import Transcripts
from mmbench.engine.recording.rows import stored_predictions
from mmbench.errors import DataError, UserError
from mmbench.metrics.speech.alignment import error_rate, is_reference
from mmbench.storage import records as store
from mmbench.storage.records import StoredRun
from mmbench.storage.row_columns import REQUIRED
from mmbench.types import Prediction, Predictions, RunRecord


class Texts(Protocol):
    """Outputs and references in which the phrases of errors are found."""

    def pair(self, error: KnownError) -> Pair:
        """Return the words of both phrases, which identify errors of the same kind."""
        ...

    def has_error(self, ident: str, pair: Pair) -> bool:
        """Return whether the reference of a sample has the wrong phrase."""
        ...

    def form(self, ident: str, pair: Pair) -> Form | None:
        """Return which phrase the output of a sample with the error has; None for neither."""
        ...

    def others(self, pair: Pair) -> Iterable[tuple[str, Form]]:
        """Yield the id and the phrase of each output that has one and a reference without error."""
        ...


class Observation(NamedTuple):
    """An output with one of the phrases `pair`, whose reference has the error if `has_error`."""

    pair: Pair
    id: str
    has_error: bool
    is_wrong: bool


class Observed(NamedTuple):
    """The observations of a run.

    `forms` has the form in the output of each listed error, by its number in the list; errors that
    cannot be looked up have no entry, and None means that the output has neither phrase. `ids` has
    the id of the sample of each listed error.
    """

    predictions: Mapping[str, Prediction]
    forms: dict[int, Form | None]
    ids: dict[int, str]
    elsewhere: list[Observation]
    here: list[Observation]
    counts: ErrorCounts
    how: str

    def group(self, ident: str) -> str:
        """Return the group of a sample, or its id if it has none."""
        return self.predictions[ident].group or ident


def run_predictions(run: StoredRun) -> Predictions:
    """Return the outputs of a run with texts as outputs. Raises DataError for other outputs."""
    predictions = stored_predictions(store.read_table(run, REQUIRED))
    for p in predictions.each():
        if p.error is None and not (isinstance(p.value, str) and _has_texts(p.target)):
            raise UserError(
                f"run {run.record.run}: outputs and references of task {run.record.task.name} are"
                " not texts; give a run of captions, transcripts or answers"
            )
    return predictions


def _has_texts(target: object) -> bool:
    return bool(reference_list(target)) or is_reference(target)


def observe(record: RunRecord, predictions: Predictions, errors: Sequence[KnownError]) -> Observed:
    """Look up the phrases of all errors in the outputs of a run.

    Raises DataError if the run has none of the samples, or if no reference has its error.
    """
    everything = {p.id: p for p in predictions.each()}
    scored = {ident: p for ident, p in everything.items() if p.error is None}
    texts, how = _texts(record, scored)
    outcome: Counter[str] = Counter()
    forms: dict[int, Form | None] = {}
    here: list[Observation] = []
    for number, error in enumerate(errors):
        pair = texts.pair(error)
        fault = _fault(error, pair, everything, scored, texts)
        if fault:
            outcome[fault] += 1
            continue
        form = forms[number] = texts.form(error.id, pair)
        outcome["compared" if form else "neither"] += 1
        if form:
            here.append(Observation(pair, error.id, has_error=True, is_wrong=form == "wrong"))
    counts = ErrorCounts(len(errors), outcome.pop("compared", 0), **outcome)
    _refuse_other_data(record, errors, counts)
    pairs = dict.fromkeys(one.pair for one in here)
    elsewhere = [
        Observation(pair, ident, has_error=False, is_wrong=form == "wrong")
        for pair in pairs
        for ident, form in texts.others(pair)
    ]
    ids = {number: errors[number].id for number in forms}
    return Observed(scored, forms, ids, elsewhere, here, counts, how)


def _texts(record: RunRecord, scored: Mapping[str, Prediction]) -> tuple[Texts, str]:
    """Return the texts of a run, and how its phrases are found; transcripts are aligned."""
    rates = filter(None, map(error_rate, [record.headline, *record.scores]))
    rate = next(rates, None)
    if rate is None or not all(is_reference(p.target) for p in scored.values()):
        return FreeTexts(scored), "anywhere in an output"
    how = f"at the place of the error, aligned as by wer[{rate.normaliser}]"
    return Transcripts(scored, rate.normaliser), how


def _fault(
    error: KnownError,
    pair: Pair,
    everything: Mapping[str, Prediction],
    scored: Mapping[str, Prediction],
    texts: Texts,
) -> str:
    """Return the count of `ErrorCounts` for an error that cannot be looked up; "" for others."""
    if error.id not in everything:
        return "absent"
    if error.id not in scored:
        return "failed"
    if pair[0] == pair[1]:
        return "normalised"
    return "" if texts.has_error(error.id, pair) else "outdated"


def _refuse_other_data(
    record: RunRecord, errors: Sequence[KnownError], counts: ErrorCounts
) -> None:
    """Raise DataError for a list of errors that belongs to other data."""
    if counts.absent == counts.listed:
        raise DataError(
            f"{errors[0].where}: run {record.run} has none of the samples, e.g."
            f" {errors[0].id!r}; give the ids of its samples (`mmbench inspect` shows them)"
        )
    if counts.absent + counts.outdated == counts.listed:
        raise DataError(
            f"{errors[0].where}: no reference of run {record.run} has its error, e.g."
            f" {errors[0].wrong!r}; the list belongs to other references"
        )
