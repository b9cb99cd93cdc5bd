"""Metrics of several speakers: the definitions, literal cases, and the official packages."""

from __future__ import annotations

import random
from itertools import permutations
from time import process_time
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from mmbench.conformance import cases, run_case
from mmbench.conformance.case import measured, value
from mmbench.conformance.speech.speakers import generated_sessions
from mmbench.errors import SampleError, UserError
from mmbench.metric_names import check_metric, metric
from mmbench.metrics.speech.speakers import tcpwer
from mmbench.metrics.speech.speakers.timed_words import TimedWords, fewest_timed_edits
from mmbench.types import Prediction, Score
from tests.support.meetings import OUTPUT, REFERENCE, segments

Turns = list[tuple[Any, ...]]
DER = ("der", "der[skip_overlap]", "der[collar=0.5]", "der[collar=0.5,skip_overlap]")


def said(reference: dict[str, str], output: dict[str, str]) -> Prediction:
    """Return a session in which each speaker says a text; the segments have no times."""
    sides = ([{"speaker": k, "words": v} for k, v in one.items()] for one in (output, reference))
    return Prediction("s", *sides)


def timed(reference: Turns, output: Turns, regions: list[list[float]] | None = None) -> Prediction:
    """Return a session of turns (speaker, start, end, words); the words may be missing."""
    sides = [segments([(*one, "", "")[:4] for one in side]) for side in (output, reference)]
    target = {"segments": sides[1], "regions": regions} if regions else sides[1]
    return Prediction("s", sides[0], target)


def cpwer(*sessions: Prediction) -> Score:
    return measured("cpwer[none]", sessions)


# The docstrings of `cp_word_error_rate` in fgnt/meeteval 0.4.3, meeteval/wer/wer/cp.py: edits,
# reference words, and missed, false-alarm and scored speakers.
MEETEVAL = [
    (["a b c", "d e f"], ["a b c", "d e f"], (0, 6, 0, 0, 2)),
    (["a b", "c d"], ["a b", "c d", "e f"], (2, 4, 0, 1, 2)),
    (["a", "b", "c d"], ["a", "b"], (2, 4, 1, 0, 3)),
    (["a", "b", "c"], ["b", "c", "d", "a"], (1, 3, 0, 1, 3)),
    (["a b"], ["z", "a e f"], (3, 2, 0, 1, 1)),
    (["a b", "k"], [" ", "a e f"], (3, 3, 0, 0, 2)),
]


@pytest.mark.parametrize(("reference", "output", "expected"), MEETEVAL)
def test_the_cases_of_meeteval(
    reference: list[str], output: list[str], expected: tuple[int, ...]
) -> None:
    sides = (
        {f"{name}{i}": text for i, text in enumerate(side)}
        for name, side in zip("rh", (reference, output), strict=True)
    )
    score = cpwer(said(*sides))
    speakers = [
        score.details[f"{name}_speakers"][0] for name in ("missed", "false_alarm", "scored")
    ]
    assert (*score.rows[0], *speakers) == expected


def test_the_example_files_of_meeteval() -> None:
    """The texts of example_files/ref.stm and hyp.stm at f35fc07; the values are meeteval's own."""
    hop = "Hop on the bandwagon let's schedule a standup during the sprint to review our kpis"
    second = timed(
        [("Alice", 3, 4, hop), ("Alice", 4, 5, hop)],
        [("Bob", 3.2, 4.6, hop), ("Alice", 4, 5, "Hop on the bandwagon let's review our kpis")],
    )
    score = cpwer(second)
    assert score.rows.tolist() == [[23, 30]]
    assert score.details["assignment"] == ["Alice=Bob, Alice added"]
    assert score.reason == "added 1 speaker"
    assert measured("tcpwer[none]", [second]).rows.tolist() == [[23, 30]]


def test_words_are_in_the_order_of_the_start_times() -> None:
    late, early = ("a", 5.0, 6.0, "three four"), ("a", 0.0, 9.0, "one two")
    same = [("x", 0.0, 1.0, "one two"), ("x", 1.0, 2.0, "three four")]
    assert cpwer(timed([late, early], same)).value == 0
    untimed = [{"speaker": "a", "words": "three four"}, {"speaker": "a", "words": "one two"}]
    assert cpwer(Prediction("s", segments(same), untimed)).value == 1


def test_rates_are_sums_over_sessions_and_segments_are_normalised_one_by_one() -> None:
    one, two = said({"a": "x y"}, {"b": "x"}), said({"a": "z " * 8}, {"b": "z " * 8})
    assert cpwer(one, two).value == pytest.approx(1 / 10)
    parts = timed([("a", 0, 1, "Twenty"), ("a", 1, 2, "one!")], [("b", 0, 2, "20 1")])
    assert value("cpwer[whisper_en]", [parts]) == 0  # together they would be 21
    signature = measured("cpwer[whisper_en]", [parts]).signature
    assert "normaliser=whisper_en" in signature and "normalised=segments" in signature


def test_no_words_and_unusable_segments() -> None:
    silent = cpwer(said({"a": ""}, {"b": "hello"}))
    assert np.isnan(silent.value) and silent.reason == "no rate: 1 reference without a word"
    assert cpwer(said({}, {})).rows.tolist() == [[0, 0]]
    speaker = [{"speaker": "a", "start_time": 0.0, "end_time": 1.0}]
    with pytest.raises(SampleError, match="the output has segments without words"):
        cpwer(Prediction("s", speaker, segments([("a", 0, 1, "x")])))
    untimed = said({"a": "x"}, {"b": "x"})
    for name in (*DER, "jer"):
        with pytest.raises(SampleError, match="the output has segments without times"):
            measured(name, [untimed])
    score = measured("tcpwer[none]", [untimed])
    assert np.isnan(score.value) and score.reason == "1 session with segments without times"


def test_a_session_of_a_thousand_speakers_is_quick() -> None:
    """Outputs are hostile: a name for each word must not need a square of memory or time."""
    names = {f"s{i}": f"w{i}" for i in range(1000)}
    started = process_time()
    assert cpwer(said({"a": "w1", "b": "w2 w3"}, names)).rows.tolist() == [[999, 3]]
    assert process_time() - started < 2


# Times at which words match; all else is deleted and inserted.
@pytest.mark.parametrize(("shift", "edits"), [(0, 0), (4.9, 0), (5.6, 2), (-5.6, 2)])
def test_words_match_only_at_close_times(shift: float, edits: int) -> None:
    session = timed([("a", 20, 21, "yes")], [("b", 20 + shift, 21 + shift, "yes")])
    assert measured("tcpwer[none]", [session]).rows.tolist() == [[edits, 1]]
    assert cpwer(session).value == 0


def test_the_collar_is_an_option_and_is_in_the_signature() -> None:
    session = timed([("a", 20, 21, "yes")], [("b", 21, 22, "yes")])
    wide, narrow = (tcpwer([session], "none", options={"collar": c}) for c in (1.0, 0.25))
    assert (wide.value, narrow.value) == (0, 2)
    assert "collar=1," in wide.signature and "collar=0.25," in narrow.signature
    check_metric("tcpwer[basic]", "segments", {"collar": 2})
    for wrong in ({"collar": 0}, {"collar": "x"}, {"collar": True}, {"width": 1}):
        with pytest.raises(UserError, match="metric tcpwer: "):
            check_metric("tcpwer[basic]", "segments", wrong)


timed_words = st.lists(
    st.tuples(st.integers(0, 3), st.integers(0, 12), st.integers(0, 4)), max_size=9
).map(
    lambda words: TimedWords(
        np.array([code for code, _, _ in words], np.int64),
        np.array([[start, start + length] for _, start, length in words], float).reshape(-1, 2),
    )
)


@settings(max_examples=50)
@given(timed_words, timed_words)
def test_timed_edits_are_those_of_the_definition(one: TimedWords, other: TimedWords) -> None:
    n, m = len(one.codes), len(other.codes)
    table = np.zeros((n + 1, m + 1), int)
    table[0], table[:, 0] = range(m + 1), range(n + 1)
    for i in range(n):
        for j in range(m):
            (a, b), (c, d) = one.times[i], other.times[j]
            aligned = table[i, j] + (one.codes[i] != other.codes[j]) if a < d and c < b else n + m
            table[i + 1, j + 1] = min(aligned, table[i, j + 1] + 1, table[i + 1, j] + 1)
    assert fewest_timed_edits(one, other) == table[n, m]


# Tenths of seconds, so that the definition can look at every tenth.
turns = st.lists(
    st.tuples(st.sampled_from("abc"), st.integers(0, 40), st.integers(0, 15)), max_size=7
)
regions = st.none() | st.lists(
    st.tuples(st.integers(0, 40), st.integers(1, 20)), min_size=1, max_size=3
)


@settings(max_examples=40)
@given(turns, turns, regions, st.sampled_from(DER))
def test_der_is_that_of_the_definition(
    reference: Turns, output: Turns, evaluated: Any, name: str
) -> None:
    spans = None if evaluated is None else [[a / 10, (a + n) / 10] for a, n in evaluated]
    session = timed(seconds(reference), seconds(output), spans)
    row = measured(name, [session]).rows[0]
    assert row == pytest.approx(definition(reference, output, evaluated, name), abs=1e-9)


def seconds(tenths: Turns) -> Turns:
    return [(speaker, start / 10, (start + n) / 10) for speaker, start, n in tenths]


def definition(reference: Turns, output: Turns, evaluated: Any, name: str) -> list[float]:
    """Return the errors by looking at each quarter of a tenth, under all mappings of speakers.

    The mapping with the longest time together is used. Of several such mappings, with segments of
    one speaker that overlap, the package takes any; these have the same errors here, or the example
    is not used.
    """
    truth, heard = frames(reference), frames(output)
    used = np.zeros(truth.shape[1], bool)
    for start, n in [(0, 60)] if evaluated is None else evaluated:
        used[4 * start + 40 : 4 * (start + n) + 40] = True
    if "collar" in name:
        for _, start, n in reference:
            for edge in (start, start + n) if n else ():
                used[4 * edge + 40 - 10 : 4 * edge + 40 + 10] = False
    if "skip" in name:
        used &= truth.sum(axis=0) < 2
    truth, heard = truth[:, used], heard[:, used]
    options = list(permutations(range(3)))
    together = [sum(int(truth[i] @ heard[j]) for i, j in enumerate(p)) for p in options]
    correct = {
        sum(int(np.minimum(truth[i], heard[j]).sum()) for i, j in enumerate(p))
        for p, time in zip(options, together, strict=True)
        if time == max(together)
    }
    assume(len(correct) == 1)
    n, m = truth.sum(axis=0), heard.sum(axis=0)
    missed, false = np.maximum(n - m, 0).sum(), np.maximum(m - n, 0).sum()
    counts = [missed, false, np.minimum(n, m).sum() - correct.pop(), n.sum()]
    return [count / 40 for count in counts]


def frames(tenths: Turns) -> np.ndarray[Any, Any]:
    """Return the number of segments of each of three speakers in each quarter of a tenth."""
    counts = np.zeros((3, 320), int)
    for speaker, start, n in tenths:
        counts["abc".index(speaker), 4 * start + 40 : 4 * (start + n) + 40] += 1
    return counts


def test_the_parts_of_der_and_its_options() -> None:
    sessions = [
        Prediction(name, segments(OUTPUT[name]), segments(turns))
        for name, turns in REFERENCE.items()
    ]
    score = measured("der", sessions)
    assert score.rows == pytest.approx(np.array([[0.4, 0.0, 1.0, 8.0], [0.0, 0.2, 1.0, 3.0]]))
    assert score.value == pytest.approx(2.6 / 11)
    assert score.reason == "missed 0.0364, false alarm 0.0182, confusion 0.1818"
    assert score.details["assignment"][1] == "ben=spk1, carl missed"
    assert "collar=0,overlap=scored" in score.signature
    collar = measured("der[collar=0.5,skip_overlap]", sessions)
    assert "collar=0.5,overlap=skipped" in collar.signature
    assert collar.rows[1] == pytest.approx([0, 0, 0.5, 2.0])


def test_two_segments_of_one_speaker_count_twice_as_in_pyannote() -> None:
    session = timed([("a", 0, 2), ("a", 1, 3)], [("x", 0, 3)])
    assert measured("der", [session]).rows.tolist() == [[1, 0, 0, 4]]
    assert value("jer", [session]) == 0


def test_regions_limit_what_is_evaluated() -> None:
    session = timed([("a", 0, 10)], [("x", 5, 20)], [[8, 12], [11, 14], [30, 31]])
    assert measured("der", [session]).rows.tolist() == [[0, 4, 0, 2]]
    assert value("jer", [session]) == pytest.approx(1 - 2 / 6)


def test_nobody_speaks() -> None:
    for name in (*DER, "jer"):
        silent = measured(name, [timed([], [("x", 0, 1)])])
        assert (
            np.isnan(silent.value) and silent.reason == "no rate: nobody speaks in the references"
        )
    assert measured("der", [timed([], [("x", 0, 1)]), timed([("a", 0, 2)], [])]).value == 3 / 2


@pytest.mark.parametrize(
    "name",
    [
        "collar=0.50",
        "collar=0",
        "skip_overlap,collar=1",
        "collar=",
        "x",
        "collar=-1",
        "collar=nan",
        ",skip_overlap",
        "collar=1.2.3",
    ],
)
def test_only_one_name_for_the_same_options(name: str) -> None:
    with pytest.raises(UserError, match=r"unknown metric der\["):
        metric(f"der[{name}]")


@settings(max_examples=25)
@given(turns, turns, st.randoms(use_true_random=False))
def test_names_and_order_do_not_matter(
    reference: Turns, output: Turns, draws: random.Random
) -> None:
    reference, output = (
        [(speaker, 3 * place, 3 * place + n, "w") for place, (speaker, _, n) in enumerate(side)]
        for side in (reference, output)
    )
    names = dict(zip("abc", draws.sample(["u", "v", "w"], 3), strict=True))
    renamed = [(names[speaker], *rest) for speaker, *rest in output]
    draws.shuffle(renamed)
    for name in (*DER, "cpwer[none]", "tcpwer[none]"):  # jer depends on names if speakers tie
        first, again = (measured(name, [timed(reference, one)]).rows for one in (output, renamed))
        assert first == pytest.approx(again, abs=1e-9), name
        assert not measured(name, [timed(reference, reference)]).rows[0, 0]
    assert not measured("jer", [timed(reference, reference)]).rows[0, 0]


@pytest.mark.slow
@pytest.mark.parametrize("package", ["meeteval", "pyannote.metrics"])
def test_the_official_packages_agree_session_by_session(package: str) -> None:
    pytest.importorskip(package, reason=f"pip install {package}, in an environment of its own")
    own = [case for case in cases("speakers") if case.package == package.replace(".", "-")]
    rows = [run_case("speakers", case, None) for case in own]
    assert len(rows) > 1 and all(row.verdict == "within" for row in rows)
    assert len(generated_sessions()) == 300


@pytest.mark.slow
def test_an_hour_of_a_meeting_takes_about_a_second() -> None:
    draws, words = random.Random(0), [f"w{i}" for i in range(3000)]
    start, reference = 0.0, []
    for _ in range(1000):
        n = draws.randint(2, 18)
        said = " ".join(draws.choices(words, k=n))
        reference.append((draws.choice("abcd"), start, start + n / 3, said))
        start += n / 3 + draws.uniform(-0.5, 0.8)
    output = [
        (draws.choice("wxyz") if draws.random() < 0.1 else speaker, a + 0.1, b, words)
        for speaker, a, b, words in reference
    ]
    session = timed(reference, output)
    for name in ("cpwer[none]", "cpwer[whisper_en]", "tcpwer[none]", *DER, "jer"):
        measured(name, [session])  # imports, and texts normalised before
        started = process_time()
        measured(name, [session])
        assert process_time() - started < 1.5, name
