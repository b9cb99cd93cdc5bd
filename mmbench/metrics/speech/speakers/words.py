"""Word errors of sessions with several speakers, under the best assignment of speakers."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import NamedTuple, TypeVar

import numpy as np

from mmbench.metrics.speech.normalisers import normalise
from mmbench.metrics.speech.speakers.pairs import Pairs, best_positions, named_pairs
from mmbench.metrics.speech.speakers.timed_words import TimedWords, fewest_timed_edits, word_times
from mmbench.text.segments import Segment

Words = TypeVar("Words")


class WordErrors(NamedTuple):
    """The word errors of a session, and the pairs of speakers of reference and output."""

    pairs: Pairs
    edits: int
    reference: int  # words

    @property
    def scored_speakers(self) -> int:
        """The number of speakers of the reference."""
        return sum(reference is not None for reference, _ in self.pairs)

    @property
    def missed_speakers(self) -> int:
        """The number of speakers of the reference without a speaker of the output."""
        return sum(hypothesis is None for _, hypothesis in self.pairs)

    @property
    def false_alarm_speakers(self) -> int:
        """The number of speakers of the output without a speaker of the reference."""
        return sum(reference is None for reference, _ in self.pairs)


def word_errors(
    hypothesis: Sequence[Segment], reference: Sequence[Segment], normaliser: str
) -> WordErrors:
    """Return the word errors of a session under the assignment with the fewest edits.

    All segments have words.
    """
    from rapidfuzz.distance import Levenshtein

    codes: dict[str, int] = {}
    outputs, truths = (
        {
            speaker: [code for words in texts for code in _codes(words, codes)]
            for speaker, texts in _by_speaker(segments, normaliser).items()
        }
        for segments in (hypothesis, reference)
    )
    return _assigned(outputs, truths, len, Levenshtein.distance)


def timed_word_errors(
    hypothesis: Sequence[Segment], reference: Sequence[Segment], normaliser: str, collar: float
) -> WordErrors:
    """Return the word errors of a session like `word_errors`; only words of close times match.

    All segments have words and times. `collar` is in seconds; the module `timed_words` defines it.
    """
    codes: dict[str, int] = {}
    truths = _timed(reference, normaliser, codes, None)
    outputs = _timed(hypothesis, normaliser, codes, collar)
    return _assigned(outputs, truths, lambda words: len(words.codes), fewest_timed_edits)


def _assigned(
    outputs: dict[str, Words],
    truths: dict[str, Words],
    length: Callable[[Words], int],
    distance: Callable[[Words, Words], int],
) -> WordErrors:
    """Return the word errors under the best assignment, given the words of each speaker.

    A pair of speakers replaces the deletions and insertions of all their words, which is never
    worse. So the best assignment has as many pairs as possible.
    """
    alone = sum(map(length, truths.values())) + sum(map(length, outputs.values()))
    saved = np.array(
        [
            [distance(truth, words) - length(truth) - length(words) for words in outputs.values()]
            for truth in truths.values()
        ],
        np.int64,
    ).reshape(len(truths), len(outputs))
    positions = best_positions(saved)
    pairs = named_pairs(positions, list(truths), list(outputs))
    edits = alone + sum(int(saved[pair]) for pair in positions)
    return WordErrors(pairs, edits, sum(map(length, truths.values())))


class _Spoken(NamedTuple):
    """The words of a segment, after normalisation, and its times."""

    words: list[str]
    segment: Segment


def _by_speaker(segments: Sequence[Segment], normaliser: str) -> dict[str, list[_Spoken]]:
    """Return the normalised segments of each speaker, in the order of their start times.

    If a segment has no times, the order is that of the segments.
    """
    if all(segment.start is not None for segment in segments):
        segments = sorted(segments, key=lambda segment: segment.start or 0.0)
    spoken: dict[str, list[_Spoken]] = {}
    for segment in segments:
        words = normalise(normaliser, segment.words or "").split()
        spoken.setdefault(segment.speaker, []).append(_Spoken(words, segment))
    return spoken


def _codes(spoken: _Spoken, codes: dict[str, int]) -> list[int]:
    """Return the codes of the words of a segment; `codes` maps words to codes and gets new ones."""
    return [codes.setdefault(word, len(codes)) for word in spoken.words]


def _timed(
    segments: Sequence[Segment], normaliser: str, codes: dict[str, int], collar: float | None
) -> dict[str, TimedWords]:
    """Return the words of each speaker with their times; `collar` is None for a reference."""
    timed = {}
    for speaker, spoken in _by_speaker(segments, normaliser).items():
        times = [word_times(one.words, one.segment, collar) for one in spoken]
        own = [code for one in spoken for code in _codes(one, codes)]
        timed[speaker] = TimedWords(np.array(own, np.int64), np.concatenate(times))
    return timed
