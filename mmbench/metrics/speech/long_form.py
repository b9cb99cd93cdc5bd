"""Error rates of long recordings, whose utterances are joined before they are aligned.

A recogniser of short segments may put a word on the wrong side of a border between two of them.
Aligned one by one, the segments then have two errors, a deletion and an insertion. If the texts of
a recording are joined, there is none. A task joins the utterances of each recording with the
options of an error rate: `metric_options: {"wer[basic]": {recording: talk, order: start}}`.

`recording` is the tag whose values name the recordings. `order` is the tag by which the utterances
of a recording are ordered: as numbers if all of them are numbers, otherwise as texts in which
numbers count as numbers. Without `order`, they are ordered by their ids in the same way.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping, Sequence
from functools import update_wrapper
from itertools import pairwise
from types import MappingProxyType
from typing import Any, NamedTuple, Protocol

import numpy as np
from msgspec import Struct
from msgspec.structs import replace

from mmbench.errors import DataError
from mmbench.stats import intervals
from mmbench.text import count, natural_key
from mmbench.text.alternatives import join_references
from mmbench.types import Prediction, Score
from mmbench.validation.named_values import as_struct

_NONE: Mapping[str, object] = MappingProxyType({})
_BY_ID = "id"  # the order in signatures of rates without `order`
_SIGNATURE = re.compile(r",joined-by=(?P<recording>.*),order=(?P<order>[^,]*)")


class JoinOptions(Struct, frozen=True, forbid_unknown_fields=True):
    """The tags that name the recording of an utterance and its place in it."""

    recording: str
    order: str = ""


class Recording(NamedTuple):
    """The utterances of a recording as one prediction, and the row of the first utterance."""

    joined: Prediction
    first: int


class ErrorRateMetric(Protocol):
    """An error rate with the options of this module."""

    def __call__(
        self,
        predictions: Sequence[Prediction],
        normaliser: str,
        *,
        options: Mapping[str, object] = _NONE,
    ) -> Score:
        """Return the rate; without options, each utterance is aligned alone."""
        ...


def check_join(normaliser: str, options: Mapping[str, object]) -> None:  # noqa: ARG001
    """Raise SpecError or UnknownName for options that are not those of `JoinOptions`."""
    if options:
        _parsed(options)


def _parsed(options: Mapping[str, object]) -> JoinOptions:
    return as_struct(options, JoinOptions, "metric_options of an error rate")


def over_recordings(rate: Callable[[Sequence[Prediction], str], Score]) -> ErrorRateMetric:
    """Return an error rate that joins the utterances of each recording if it gets `options`.

    Texts are joined by a space and normalised as a whole; empty texts are left out. The row of a
    recording is at its first utterance; the rows of the other utterances are zeros, and their
    details None. The interval draws recordings, or groups of recordings if all utterances of each
    recording have one `group`. Utterances that failed are left out, with their references. Raises
    DataError for an utterance without one of the tags, and for two utterances at one place.
    """

    def measured(
        predictions: Sequence[Prediction],
        normaliser: str,
        *,
        options: Mapping[str, object] = _NONE,
    ) -> Score:
        if not options:
            return rate(predictions, normaliser)
        chosen = _parsed(options)
        recordings = join_recordings(predictions, chosen)
        joined = [one.joined for one in recordings]
        scored = _with_interval(rate(joined, normaliser), [p.group for p in joined])
        suffix = f",joined-by={chosen.recording},order={chosen.order or _BY_ID}"
        spread = _spread(scored, [one.first for one in recordings], len(predictions))
        return replace(spread, signature=scored.signature + suffix)

    update_wrapper(measured, rate)
    del measured.__dict__["__wrapped__"]  # the signature of `rate` has no options
    return measured


def join_recordings(predictions: Sequence[Prediction], options: JoinOptions) -> list[Recording]:
    """Join the utterances of each recording, in the order of the first utterances.

    Raises the errors of `over_recordings`.
    """
    return [
        Recording(_joined(name, [predictions[row] for row in rows]), rows[0])
        for name, rows in _members(predictions, options)
    ]


def options_in_signature(signature: str) -> JoinOptions | None:
    """Return the options of an error rate from the signature of its score; None without options."""
    match = _SIGNATURE.search(signature)
    if match is None:
        return None
    return JoinOptions(match["recording"], "" if match["order"] == _BY_ID else match["order"])


def mixed_recording(
    options: JoinOptions, tags: Sequence[Mapping[str, str]], values: Sequence[str]
) -> str:
    """Return the name of a recording whose utterances have several of `values`; "" if none has.

    `tags` and `values` are those of each utterance. A breakdown by these values is not possible,
    because the errors of the recording belong to several of them.
    """
    first: dict[str, str] = {}
    for own, value in zip(tags, values, strict=True):
        name = own.get(options.recording, "")
        if first.setdefault(name, value) != value:
            return name
    return ""


def _members(
    predictions: Sequence[Prediction], options: JoinOptions
) -> list[tuple[str, list[int]]]:
    """Return the name of each recording with the rows of its utterances in order."""
    rows: dict[str, list[int]] = {}
    for row, prediction in enumerate(predictions):
        rows.setdefault(_tag(prediction, options.recording), []).append(row)
    return [(name, _ordered(predictions, own, options)) for name, own in rows.items()]


def _ordered(
    predictions: Sequence[Prediction], rows: Sequence[int], options: JoinOptions
) -> list[int]:
    """Return the rows of a recording in the order of its utterances."""
    texts = [
        _tag(predictions[row], options.order) if options.order else predictions[row].id
        for row in rows
    ]
    numbers = list(map(_number, texts))
    keys: list[Any] = list(map(natural_key, texts)) if math.nan in numbers else numbers
    order = sorted(range(len(rows)), key=lambda at: keys[at])
    for first, second in pairwise(order):
        if keys[first] == keys[second]:
            ids = f"{predictions[rows[first]].id} and {predictions[rows[second]].id}"
            raise DataError(
                f"samples {ids} have one place in recording"
                f" {_tag(predictions[rows[first]], options.recording)}: both have"
                f" {options.order} {texts[first]}"
            )
    return [rows[at] for at in order]


def _number(text: str) -> float:
    """Return a text as a number; `math.nan` if it is none."""
    try:
        value = float(text)
    except ValueError:
        return math.nan
    return value if math.isfinite(value) else math.nan


def _tag(prediction: Prediction, name: str) -> str:
    if prediction.tags.get(name, "") == "":
        raise DataError(
            f"sample {prediction.id} has no tag {name}, which metric_options names to join the"
            " utterances of a recording; add the column to the data"
        )
    return prediction.tags[name]


def _joined(name: str, utterances: Sequence[Prediction]) -> Prediction:
    """Return the utterances of a recording, in order, as a single prediction.

    Its group is that of the utterances, or the name of the recording if they have several.
    """
    groups = {p.group for p in utterances}
    text = " ".join(filter(None, (str(p.value).strip() for p in utterances)))
    reference = join_references([p.target for p in utterances])
    group = f"group {groups.pop()}" if len(groups) == 1 and "" not in groups else f"id {name}"
    return Prediction(name, text, reference, group=group)


def _with_interval(scored: Score, groups: Sequence[str]) -> Score:
    (interval, _) = intervals([scored], [groups])[0]
    return replace(scored, interval=interval)


def _spread(scored: Score, first: Sequence[int], n: int) -> Score:
    """Return a score of recordings with a row for each of n utterances.

    `first` has the row of the first utterance of each recording.
    """
    rows = np.zeros((n, scored.rows.shape[1] if len(first) else 2))
    details: dict[str, list[Any]] = {name: [None] * n for name in scored.details}
    for at, row in enumerate(first):
        rows[row] = scored.rows[at]
        for name, values in scored.details.items():
            details[name][row] = values[at]
    joined = f"{count(len(first), 'recording')} of {count(n, 'utterance')}"
    reason = "; ".join(filter(None, [joined, scored.reason]))
    return replace(scored, rows=rows, details=details, reason=reason)
