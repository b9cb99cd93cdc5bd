"""Speaking times of outputs and references, compared between all boundaries of segments."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.metrics.speech.speakers.pairs import Pairs, best_positions, named_pairs
from mmbench.text.segments import Region, Segment

Seconds = NDArray[np.float64]
Counts = NDArray[np.int64]  # [s, t]: segments of each of s speakers in each of t intervals


class Options(NamedTuple):
    """The times that are not evaluated: `collar` seconds around boundaries, and overlaps."""

    collar: float = 0.0
    skip_overlap: bool = False


class TimeErrors(NamedTuple):
    """The errors of a session in seconds, and the pairs of speakers of reference and output."""

    pairs: Pairs
    missed: float
    false_alarm: float
    confusion: float
    reference: float


class _Times(NamedTuple):
    """The evaluated intervals of a session, in which no segment starts or ends.

    `seconds` [t] are their durations. `truth` and `output` count the segments of the speakers, in
    the order of their names. `positions` are the pairs of speakers that are assigned.
    """

    seconds: Seconds
    truth: Counts
    output: Counts
    pairs: Pairs
    positions: list[tuple[int, int]]


def time_errors(
    hypothesis: Sequence[Segment],
    reference: Sequence[Segment],
    regions: Sequence[Region] | None,
    options: Options,
) -> TimeErrors:
    """Return the errors of a session. All segments have times; `regions` None means all times."""
    times = _evaluated(hypothesis, reference, regions, options)
    spoken, heard = times.truth.sum(axis=0), times.output.sum(axis=0)
    correct = sum(
        (np.minimum(times.truth[row], times.output[column]) for row, column in times.positions),
        np.zeros(len(times.seconds), np.int64),
    )
    seconds = times.seconds
    return TimeErrors(
        times.pairs,
        missed=float(seconds @ np.maximum(spoken - heard, 0)),
        false_alarm=float(seconds @ np.maximum(heard - spoken, 0)),
        confusion=float(seconds @ (np.minimum(spoken, heard) - correct)),
        reference=float(seconds @ spoken),
    )


def jaccard_errors(
    hypothesis: Sequence[Segment],
    reference: Sequence[Segment],
    regions: Sequence[Region] | None,
    options: Options,
) -> tuple[float, int]:
    """Return the sum of the Jaccard errors of the reference speakers, and their number.

    Speakers who do not talk at an evaluated time are not counted. Arguments are as in
    `time_errors`.
    """
    times = _evaluated(hypothesis, reference, regions, options)
    shared = 0.0
    for row, column in times.positions:
        truth, output = times.truth[row] > 0, times.output[column] > 0
        shared += float(times.seconds @ (truth & output)) / float(times.seconds @ (truth | output))
    speakers = int((times.truth @ times.seconds > 0).sum())
    return speakers - shared, speakers


def _evaluated(
    hypothesis: Sequence[Segment],
    reference: Sequence[Segment],
    regions: Sequence[Region] | None,
    options: Options,
) -> _Times:
    truth, output = _by_speaker(reference), _by_speaker(hypothesis)
    collars = list(_collars(reference, options.collar))
    spans = [span for part in (*truth.values(), *output.values()) for span in part]
    edges = np.unique(np.array([*spans, *collars, *(regions or [])], float))
    counts = _counts(list(truth.values()), edges), _counts(list(output.values()), edges)
    used = _counts([collars], edges)[0] == 0
    if regions is not None:
        used &= _counts([regions], edges)[0] > 0
    if options.skip_overlap:
        used &= counts[0].sum(axis=0) < 2
    seconds = np.diff(edges)[used]
    spoken, heard = (one[:, used] for one in counts)
    together = (spoken * seconds) @ heard.T  # [r, h] seconds
    positions = [pair for pair in best_positions(-together) if together[pair] > 0]
    pairs = named_pairs(positions, list(truth), list(output))
    return _Times(seconds, spoken, heard, pairs, positions)


def _by_speaker(segments: Iterable[Segment]) -> dict[str, list[Region]]:
    """Return the times of the segments of each speaker, by sorted names; empty segments are left
    out.
    """
    times: dict[str, list[Region]] = {}
    for segment in segments:
        if segment.start is not None and segment.end is not None and segment.end > segment.start:
            times.setdefault(segment.speaker, []).append((segment.start, segment.end))
    return dict(sorted(times.items()))


def _collars(reference: Iterable[Segment], collar: float) -> Iterable[Region]:
    """Yield the times around the boundaries of the segments of a reference."""
    for start, end in (span for part in _by_speaker(reference).values() for span in part):
        for boundary in (start, end) if collar else ():
            yield boundary - collar / 2, boundary + collar / 2


def _counts(parts: Sequence[Sequence[Region]], edges: Seconds) -> Counts:
    """Return how many spans of each part cover each interval between two neighbouring edges."""
    steps = np.zeros((len(parts), max(len(edges), 1)), np.int64)
    for row, spans in enumerate(parts):
        starts, ends = np.array(spans, float).reshape(-1, 2).T
        np.add.at(steps[row], np.searchsorted(edges, starts), 1)
        np.add.at(steps[row], np.searchsorted(edges, ends), -1)
    return np.cumsum(steps, axis=1)[:, :-1]
