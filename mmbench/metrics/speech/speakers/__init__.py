"""Metrics of several speakers: who speaks when, and what each of them says.

A value is a list of segments, or a text with such a list as JSON. A text of another form is an
output without segments; the reason of a score counts such texts. A target is a list of segments, or
has evaluation regions, too (`mmbench.text.segments`). The names of speakers in outputs and
references are independent: each metric assigns the speakers of the output to those of the
reference, separately for each session.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, TypeVar

from msgspec.structs import replace

from mmbench.errors import DataError, SampleError, UserError
from mmbench.metrics.speech.normalisers import normaliser_signature
from mmbench.metrics.speech.speakers.answers import output_segments
from mmbench.metrics.speech.speakers.pairs import format_pairs
from mmbench.metrics.speech.speakers.speaking_time import (
    Options,
    TimeErrors,
    jaccard_errors,
    time_errors,
)
from mmbench.metrics.speech.speakers.words import WordErrors, timed_word_errors, word_errors
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.text import count
from mmbench.text.number_format import format_number
from mmbench.text.segments import Region, Segment, parse_segments, regions_of
from mmbench.types import Prediction, Score

T = TypeVar("T")
_Times = Callable[[list[Segment], list[Segment], list[Region] | None, Options], T]
_KINDS = {"segments"}
_COLLAR = 5  # seconds, as MeetEval recommends
# The arguments of `der`: the options of pyannote.metrics, in this order.
_ARGUMENT = re.compile(r"(?:collar=(?P<collar>[0-9.]+))?(?P<comma>,)?(?P<skip>skip_overlap)?")
_PARTS = ("missed", "false_alarm", "confusion")
_SILENT = "no rate: nobody speaks in the references"


@declare(unit="fraction", better="lower", best=0, kinds=_KINDS)
def cpwer(predictions: Sequence[Prediction], normaliser: str) -> Score:
    """Concatenated minimum-permutation word error rate: edits / reference words, over the corpus.

    The segments of each speaker are normalised one by one and concatenated in the order of their
    start times; without times, in the order of the output. Each speaker of the output is assigned
    to at most one speaker of the reference such that the session has the fewest edits. All words of
    a speaker without a partner are deletions or insertions. Range [0, ∞), lower is better.

    Rows are [edits, reference words] of each session. Details are the assignment and the numbers of
    missed, false-alarm and scored speakers. Evaluation regions are ignored. Source: Watanabe et al.
    2020 (CHiME-6); fgnt/meeteval 0.4.3, `cp_word_error_rate`. A prediction without words is a
    failed sample.
    """
    sessions = [word_errors(*_with_words(one), normaliser) for one in predictions]
    return _word_score(predictions, sessions, _word_signature(normaliser))


def check_collar(_argument: str, options: Mapping[str, object]) -> None:
    """Raise UserError unless `options` are valid options of `tcpwer`."""
    _collar(options)


@declare(unit="fraction", better="lower", best=0, kinds=_KINDS, check_options=check_collar)
def tcpwer(
    predictions: Sequence[Prediction], normaliser: str, *, options: Mapping[str, object]
) -> Score:
    """Time-constrained cpWER: like `cpwer`, but only words of close times are aligned.

    The times of words are estimated from those of their segments, and may differ by the collar
    (`mmbench.metrics.speech.speakers.timed_words`). The option `collar` is in seconds; its default
    is 5. Words in the correct order at wrong times are deletions and insertions. Range [0, ∞),
    lower is better.

    Rows and details are those of `cpwer`. The value is NaN, with a reason, if segments have no
    times. Source: fgnt/meeteval 0.4.3, `tcpwer`.
    """
    collar = _collar(options)
    untimed = sum(not _has_times(one) for one in predictions)
    signature = f"{_word_signature(normaliser)},collar={collar:g},word-times=characters"
    if untimed:
        reason = f"{count(untimed, 'session')} with segments without times"
        rows = [[math.nan, math.nan]] * len(predictions)
        return score(rows, fold_name="ratio", signature=signature, reason=reason)
    sessions = [timed_word_errors(*_with_words(one), normaliser, collar) for one in predictions]
    return _word_score(predictions, sessions, signature)


def _collar(options: Mapping[str, object]) -> float:
    """Return the collar in the options of `tcpwer`, in seconds. Raises UserError."""
    if unknown := sorted(options.keys() - {"collar"}):
        raise UserError(f"metric tcpwer: unknown option {unknown[0]}; its only option is collar")
    collar = options.get("collar", _COLLAR)
    valid = isinstance(collar, int | float) and not isinstance(collar, bool)
    if not valid or not 0 < collar < math.inf:  # type: ignore[operator]  # a number
        raise UserError(f"metric tcpwer: the collar is {collar!r}; give seconds above 0")
    return float(collar)  # type: ignore[arg-type]  # a number


def _word_signature(normaliser: str) -> str:
    return (
        f"unit=word,{normaliser_signature(normaliser)},normalised=segments,order=start-times,"
        "assignment=fewest-edits"
    )


def _word_score(
    predictions: Sequence[Prediction], sessions: Sequence[WordErrors], signature: str
) -> Score:
    rows = [[one.edits, one.reference] for one in sessions]
    details: dict[str, Sequence[Any]] = {
        "assignment": [format_pairs(one.pairs) for one in sessions],
        "missed_speakers": [one.missed_speakers for one in sessions],
        "false_alarm_speakers": [one.false_alarm_speakers for one in sessions],
        "scored_speakers": [one.scored_speakers for one in sessions],
    }
    scored = score(rows, fold_name="ratio", signature=signature, details=details)
    if sessions and math.isnan(scored.value):
        reason = f"no rate: {count(len(sessions), 'reference')} without a word"
        return replace(scored, reason=reason)
    return replace(scored, reason=_note(predictions, _speaker_note(sessions)))


def _with_words(prediction: Prediction) -> tuple[list[Segment], list[Segment]]:
    """Return the segments of the output and of the reference, which have words."""
    hypothesis, reference, _ = _sides(prediction)
    for segments, whose in ((hypothesis, "output"), (reference, "reference")):
        if any(segment.words is None for segment in segments):
            raise SampleError(f"the {whose} has segments without words")
    return hypothesis, reference


def _has_times(prediction: Prediction) -> bool:
    hypothesis, reference, _ = _sides(prediction)
    return all(segment.start is not None for segment in hypothesis + reference)


def _sides(
    prediction: Prediction,
) -> tuple[list[Segment], list[Segment], list[Region] | None]:
    """Return the segments of output and reference, and the regions. Raises SampleError."""
    try:
        reference = parse_segments(prediction.target, "the reference")
        hypothesis = output_segments(prediction.value) or []
        return hypothesis, reference, regions_of(prediction.target)
    except DataError as error:
        raise SampleError(str(error)) from error


def _note(predictions: Sequence[Prediction], note: str) -> str:
    """Return a note on a score, preceded by the number of answers without segments in JSON."""
    texts = [one.value for one in predictions if isinstance(one.value, str)]
    unparsed = sum(output_segments(text) is None for text in texts)
    counted = f"{count(unparsed, 'answer')} without segments in JSON" if unparsed else ""
    return "; ".join(part for part in (counted, note) if part)


def _speaker_note(sessions: Sequence[WordErrors]) -> str:
    """Return a note on missed and added speakers over all sessions; "" if there are none."""
    missed = sum(one.missed_speakers for one in sessions)
    added = sum(one.false_alarm_speakers for one in sessions)
    scored = count(sum(one.scored_speakers for one in sessions), "speaker")
    parts = [f"missed {missed} of {scored}"] if missed else []
    return ", ".join([*parts, f"added {count(added, 'speaker')}"] if added else parts)


def check_argument(argument: str) -> None:
    """Raise UserError unless `argument` is a valid argument of `der`."""
    _options(argument)


@declare(unit="fraction", better="lower", best=0, kinds=_KINDS, check_argument=check_argument)
def der(predictions: Sequence[Prediction], argument: str = "") -> Score:
    """Diarisation error rate: seconds of errors / seconds of reference speech, over the corpus.

    Errors are missed speech, false alarms and confused speakers.

    `argument` is "" or has these options, separated by commas, with the meaning and the defaults of
    pyannote.metrics:

    - `collar=S`: S seconds around each boundary of a reference segment are not evaluated, half of
      them before and half after it. NIST's collar of 0.25 s, on each side, is `collar=0.5`.
    - `skip_overlap`: times at which several reference segments overlap are not evaluated.

    Speech of several speakers at once counts for each of them, also two segments of one speaker.
    Speakers of the output are assigned to speakers of the reference such that they talk at the same
    time as long as possible. If the reference has evaluation regions, only these are evaluated.

    Range [0, ∞), lower is better. Rows are [missed, false alarm, confusion, reference speech] of
    each session, in seconds. Source: NIST RT-09 evaluation plan; pyannote-metrics 4.2.0,
    `DiarizationErrorRate`. A prediction with segments without times is a failed sample.
    """
    options = _options(argument)
    sessions = [_timed(time_errors, prediction, options) for prediction in predictions]
    rows = [[one.missed, one.false_alarm, one.confusion, one.reference] for one in sessions]
    details = {"assignment": [format_pairs(one.pairs) for one in sessions]}
    scored = score(rows, fold_name="der", signature=_signature(options), details=details)
    if sessions and math.isnan(scored.value):
        return replace(scored, reason=_SILENT)
    return replace(scored, reason=_note(predictions, _parts(sessions)))


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def jer(predictions: Sequence[Prediction]) -> Score:
    """Jaccard error rate: 1 - intersection / union of speaking times, mean over reference speakers.

    Each speaker of the reference is compared with the speaker of the output that is assigned as in
    `der`; without one, the error of the speaker is 1. All speakers have the same weight, whereas
    `der` weights them by their speaking time. Range [0, 1], lower is better. If two assignments
    have the same time in common, the value depends on the names of speakers, as in pyannote-
    metrics.

    Rows are [sum of the errors, reference speakers] of each session. Source: Second DIHARD
    challenge evaluation plan, 2019; pyannote-metrics 4.2.0, `JaccardErrorRate`. A prediction with
    segments without times is a failed sample.
    """
    options = Options()
    rows = [_timed(jaccard_errors, prediction, options) for prediction in predictions]
    scored = score(rows, fold_name="ratio", signature=_signature(options))
    silent = bool(rows) and math.isnan(scored.value)
    return replace(scored, reason=_SILENT if silent else _note(predictions, ""))


def _timed(measure: _Times[T], prediction: Prediction, options: Options) -> T:
    """Return the result of `measure` for a prediction whose segments have times."""
    hypothesis, reference, regions = _sides(prediction)
    for segments, whose in ((hypothesis, "output"), (reference, "reference")):
        if any(segment.start is None for segment in segments):
            raise SampleError(f"the {whose} has segments without times")
    return measure(hypothesis, reference, regions, options)


def _options(argument: str) -> Options:
    """Return the options in the argument of `der`. Raises UserError for an invalid argument."""
    match = _ARGUMENT.fullmatch(argument)
    options = Options()
    if match:
        with suppress(ValueError):
            options = Options(float(match["collar"] or 0), bool(match["skip"]))
    if (name := _format_options(options)) != argument:
        forms = "collar=SECONDS above 0, skip_overlap, or collar=SECONDS,skip_overlap"
        advice = f"write der[{name}]" if name else f"give {forms}"
        raise UserError(f"unknown metric der[{argument}]; {advice}")
    return options


def _format_options(options: Options) -> str:
    """Return options as the argument of `der`; there is only one name for the same options."""
    collar = [f"collar={options.collar:g}"] if options.collar else []
    return ",".join(collar + (["skip_overlap"] if options.skip_overlap else []))


def _signature(options: Options) -> str:
    overlap = "skipped" if options.skip_overlap else "scored"
    return (
        f"collar={options.collar:g},overlap={overlap},assignment=longest-time,"
        "convention=pyannote.metrics"
    )


def _parts(sessions: Sequence[TimeErrors]) -> str:
    """Return the three parts of the error rate over all sessions as text; "" without errors."""
    reference = math.fsum(one.reference for one in sessions)
    parts = {name: math.fsum(getattr(one, name) for one in sessions) for name in _PARTS}
    if not any(parts.values()):
        return ""
    return ", ".join(
        f"{name.replace('_', ' ')} {format_number(seconds / reference)}"
        for name, seconds in parts.items()
    )
