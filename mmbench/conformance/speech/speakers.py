"""Conformance cases of several speakers: meeteval, pyannote.metrics, and definitions.

The golden numbers are those of meeteval 0.4.3 and pyannote-metrics 4.2.0 for the generated sessions
of this module: sums over all sessions, as `_sums` computes them. The functions of the cases with a
package compute them again, session by session.
"""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterable, Sequence
from functools import cache, partial
from itertools import permutations
from pathlib import Path
from typing import Any

import numpy as np

from mmbench.conformance.case import Case, LargestDifference, max_difference, measured
from mmbench.conformance.packages import library
from mmbench.metrics.speech.normalisers import normalise
from mmbench.text.segments import regions_of, segments_of
from mmbench.types import Prediction

_N, _FEW = 300, 40
_WORDS = "the a he was not an ill disposed young man café 猫 Straße two 2 o'clock rather Mr. [hm]"
_INPUTS = "generated: {} sessions of 0 to 6 speakers, overlaps, empty segments, regions"
_OPTIONS = {
    "der": (0.0, False),
    "der[skip_overlap]": (0.0, True),
    "der[collar=0.5]": (0.5, False),
    "der[collar=0.5,skip_overlap]": (0.5, True),
}
Segments = list[dict[str, Any]]
Rows = list[list[float]]


@cache
def generated_sessions(n: int = _N) -> list[Prediction]:
    """Return sessions with outputs that are changed references, or unrelated to them.

    Segments of one speaker may overlap, a few are empty, and half of the sessions have evaluation
    regions.
    """
    draws, sessions = random.Random(11), []
    for i in range(n):
        speakers = [f"s{k}" for k in range(draws.randint(1, 6))]
        size = draws.randint(1, 25) if i % 20 else 0
        reference = _drawn(draws, speakers, size, draws.choice([10, 60, 300]))
        output = _changed(draws, reference)
        if draws.random() < 0.2:
            output = _drawn(draws, ["x", "y", "z"], draws.randint(0, 12), 60)
        regions = [_region(draws) for _ in range(draws.choice([0, 0, 1, 3]))]
        target = {"segments": reference, "regions": regions} if regions else reference
        sessions.append(Prediction(str(i), output, target))
    return sessions


def _region(draws: random.Random) -> list[float]:
    start = round(draws.uniform(0, 50), 2)
    return [start, round(start + draws.uniform(1, 100), 2)]


def _drawn(draws: random.Random, speakers: list[str], n: int, length: int) -> Segments:
    segments = []
    for _ in range(n):
        start = round(draws.uniform(0, length), draws.choice([0, 2, 3]))
        seconds = draws.choice([0.0, draws.uniform(0, 8), draws.uniform(0, 8), 2.0])
        words = draws.choices(_WORDS.split(), k=draws.randint(0, 9))
        segments.append(_segment(draws.choice(speakers), start, seconds, words))
    return segments


def _segment(speaker: str, start: float, seconds: float, words: Iterable[str]) -> dict[str, Any]:
    end = round(start + seconds, 3)
    return {"speaker": speaker, "start_time": start, "end_time": end, "words": " ".join(words)}


def _changed(draws: random.Random, reference: Segments) -> Segments:
    """Return the segments with deleted, inserted and displaced words, in a random order."""
    names: dict[str, str] = {}
    segments = []
    for one in reference:
        words = [word for word in one["words"].split() if draws.random() > 0.1]
        words.insert(draws.randint(0, len(words)), draws.choice(_WORDS.split()))
        speaker = names.setdefault(one["speaker"], f"spk{len(names)}")
        if draws.random() < 0.15:
            speaker = f"spk{draws.randint(0, 5)}"
        start = round(one["start_time"] + draws.choice([0, draws.uniform(-0.5, 0.5)]), 3)
        if draws.random() > 0.1:
            segments.append(_segment(speaker, start, draws.uniform(0, 6), words))
    draws.shuffle(segments)
    return segments


def _rows(name: str, n: int = _N) -> Rows:
    rows: Rows = measured(name, generated_sessions(n)).rows.tolist()
    return rows


def _sums(rows: Rows) -> list[float]:
    """Return the sum of each column, and the sum in which the rows have the weights 1, 2, 3, …."""
    table = np.array(rows)
    return [*table.sum(axis=0), *(np.arange(1, len(table) + 1) @ table)]


def _golden(name: str, expected: Sequence[float], _: Path) -> LargestDifference:
    return LargestDifference(max_difference(_sums(_rows(name)), expected), _INPUTS.format(_N))


def _package(name: str, theirs: Callable[[Prediction], list[float]], _: Path) -> LargestDifference:
    expected = [theirs(session) for session in generated_sessions()]
    return LargestDifference(max_difference(_rows(name), expected), _INPUTS.format(_N))


def _meeteval(function: str, options: dict[str, float], session: Prediction) -> list[float]:
    seglst = library("meeteval.io").SegLST
    reference, output = (
        seglst([{**one.as_json(), "session_id": "s"} for one in segments_of(side)])
        for side in (session.target, session.value)
    )
    result = getattr(library("meeteval.wer.wer"), function)(reference, output, **options)
    return [result.errors, result.length]


def _pyannote(
    metric: str, parts: Sequence[str], options: dict[str, Any], session: Prediction
) -> list[float]:
    core = library("pyannote.core")
    reference, output = map(_annotation, (session.target, session.value))
    regions = regions_of(session.target)
    uem = core.Timeline([core.Segment(*one) for one in regions]) if regions else None
    scorer = getattr(library("pyannote.metrics.diarization"), metric)(**options)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # without regions, the extent is evaluated
        found = scorer(reference, output, uem=uem, detailed=True)
    return [float(found[part]) for part in parts]


def _annotation(side: Any) -> Any:
    core = library("pyannote.core")
    annotation = core.Annotation()
    for number, one in enumerate(segments_of(side)):
        annotation[core.Segment(one.start, one.end), number] = one.speaker
    return annotation


def _all_permutations(normaliser: str, _: Path) -> LargestDifference:
    """Compare cpWER with the fewest edits over all assignments of speakers."""
    expected = [_cpwer(session, normaliser) for session in generated_sessions(_FEW)]
    ours = _rows(f"cpwer[{normaliser}]", _FEW)
    return LargestDifference(max_difference(ours, expected), _INPUTS.format(_FEW))


def _cpwer(session: Prediction, normaliser: str) -> list[float]:
    reference, output = (_spoken(side, normaliser) for side in (session.target, session.value))
    size = max(len(reference), len(output))
    reference += [[]] * (size - len(reference))
    output += [[]] * (size - len(output))
    costs = [[_edits(one, other) for other in output] for one in reference]
    totals = (sum(costs[i][j] for i, j in enumerate(p)) for p in permutations(range(size)))
    return [min(totals), sum(map(len, reference))]


def _spoken(side: Any, normaliser: str) -> list[list[str]]:
    segments = sorted(segments_of(side), key=lambda one: one.start or 0.0)
    words: dict[str, list[str]] = {one.speaker: [] for one in segments}
    for one in segments:
        words[one.speaker] += normalise(normaliser, one.words or "").split()
    return list(words.values())


def _edits(one: list[str], other: list[str]) -> int:
    row = list(range(len(other) + 1))
    for i, word in enumerate(one, start=1):
        diagonal, row[0] = row[0], i
        for j, said in enumerate(other, start=1):
            best = min(row[j] + 1, row[j - 1] + 1, diagonal + (word != said))
            diagonal, row[j] = row[j], best
    return row[-1]


# Sums of the rows (`_sums`) of the functions in the cases below.
_GOLDEN: dict[str, list[float]] = {
    "cpwer[none]": [9841, 16100, 1513334, 2508226],
    "tcpwer[none]": [11056, 16100, 1688878, 2508226],
    "der": [2724.693, 2634.614, 519.016, 6096.107, 409216.861, 372714.296, 77836.286, 942132.212],
    "der[skip_overlap]": [
        *(1447.96, 2242.47, 207.803, 2980.913),
        *(208108.105, 303308.429, 27068.012, 424130.324),
    ],
    "der[collar=0.5]": [
        *(1902.649, 2094.881, 288.082, 3943.465),
        *(281434.755, 288666.968, 41108.558, 590771.662),
    ],
    "der[collar=0.5,skip_overlap]": [
        *(1186.056, 1960.378, 148.466, 2382.029),
        *(169628.146, 264879.255, 18970.694, 338330.798),
    ],
    "jer": [412.427309297, 643, 59530.851741449, 95354],
}
_TIMES = ("missed detection", "false alarm", "confusion", "total")
_SPEAKERS = ("speaker error", "speaker count")
_CP = partial(_meeteval, "cp_word_error_rate", {})
_TCP = partial(_meeteval, "time_constrained_minimum_permutation_word_error_rate", {"collar": 5})
_JER = partial(_pyannote, "JaccardErrorRate", _SPEAKERS, {})
_DER = {
    name: partial(
        _pyannote, "DiarizationErrorRate", _TIMES, {"collar": collar, "skip_overlap": skip}
    )
    for name, (collar, skip) in _OPTIONS.items()
}
_MEETEVAL, _PYANNOTE = "meeteval", "pyannote-metrics"
_THEIRS: dict[str, tuple[str, str, Callable[[Prediction], list[float]]]] = {
    "cpwer[none]": (_MEETEVAL, "cpwer", _CP),
    "tcpwer[none]": (_MEETEVAL, "tcpwer, collar 5", _TCP),
    **{name: (_PYANNOTE, "DiarizationErrorRate", theirs) for name, theirs in _DER.items()},
    "jer": (_PYANNOTE, "JaccardErrorRate", _JER),
}
CASES = [
    *(
        Case(
            f"cpwer[{normaliser}]",
            "definition: all assignments of speakers",
            partial(_all_permutations, normaliser),
            0,
        )
        for normaliser in ("none", "basic", "whisper_en")
    ),
    *(
        Case(name, f"golden: {package} {function}", partial(_golden, name, _GOLDEN[name]))
        for name, (package, function, _) in _THEIRS.items()
    ),
    *(
        Case(name, function, partial(_package, name, theirs), package=package)
        for name, (package, function, theirs) in _THEIRS.items()
    ),
]
