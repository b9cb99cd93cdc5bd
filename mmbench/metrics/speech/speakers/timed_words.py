"""Edits of words with times: only words of close times are aligned with each other.

The time of a segment is divided among its words in proportion to their numbers of characters. A
word of a reference has the whole of its part. A word of an output has the middle of its part,
extended by the collar on both sides. Two words may be aligned, as a match or as a substitution, if
these times overlap. Source: von Neumann et al. 2023, MeetEval (CHiME-2023 workshop); fgnt/meeteval
0.4.3, `time_constrained_minimum_permutation_word_error_rate` with its default options.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.text.segments import Segment

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


class TimedWords(NamedTuple):
    """The codes [n] of the words of a speaker, and their starts and ends [n, 2] in seconds."""

    codes: Ints
    times: Floats


def word_times(words: Sequence[str], segment: Segment, collar: float | None) -> Floats:
    """Return the starts and ends [n, 2] of the words of a segment with times, in seconds.

    `collar` is None for the words of a reference.
    """
    assert segment.start is not None and segment.end is not None  # the caller has checked
    if not words:
        return np.empty((0, 2))
    ends = np.cumsum([len(word) for word in words])
    per_character = (segment.end - segment.start) / ends[-1]
    times = segment.start + per_character * np.stack([np.append(0, ends[:-1]), ends], axis=1)
    if len(words) == 1:
        times = np.array([[segment.start, segment.end]])  # without rounding errors
    if collar is None:
        return np.asarray(times)
    middles = (times[:, 1] + times[:, 0]) / 2
    return np.stack([middles - collar, middles + collar], axis=1)


def fewest_timed_edits(reference: TimedWords, hypothesis: TimedWords) -> int:
    """Return the fewest edits between two speakers if only words of overlapping times are aligned.

    Let n and m be the numbers of words. Without any alignment there are n + m edits; a match saves
    2 of them and a substitution 1. `saved[j]` is the most that is saved by the words of the
    reference so far and the first j words of the hypothesis. It never decreases with j, and beyond
    column `last` it is constant. Each word changes only the columns of its time, and those behind
    them.
    """
    low, high = _windows(reference.times, hypothesis.times)
    saved = np.zeros(len(hypothesis.codes) + 1, np.int64)
    starts, ends = hypothesis.times.T
    last = 0
    rows = zip(reference.codes, reference.times, low.tolist(), high.tolist(), strict=True)
    for code, (start, end), first, stop in rows:
        if first >= stop:
            continue
        if stop > last:
            saved[last + 1 : stop + 1] = saved[last]
            last = stop
        part = slice(first, stop)
        close = (starts[part] < end) & (start < ends[part])
        aligned = saved[part] + close + (close & (hypothesis.codes[part] == code))
        own = saved[first + 1 : stop + 1]
        np.maximum.accumulate(np.maximum(own, aligned), out=own)
        behind = saved[stop + 1 : last + 1]
        np.maximum(behind, saved[stop], out=behind)
    return len(reference.codes) + len(hypothesis.codes) - int(saved[last])


def _windows(reference: Floats, hypothesis: Floats) -> tuple[Ints, Ints]:
    """Return, for each word of a reference, a range of words that contains all of close times.

    The words need not be in the order of their times, if segments of a speaker overlap.
    """
    latest = np.maximum.accumulate(hypothesis[:, 1])
    earliest = np.minimum.accumulate(hypothesis[::-1, 0])[::-1]
    low = np.searchsorted(latest, reference[:, 0], side="right")
    high = np.searchsorted(earliest, reference[:, 1], side="left")
    return low, high
