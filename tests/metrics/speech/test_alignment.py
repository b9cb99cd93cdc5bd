"""Alignments of transcripts: the errors that they mark are those that the error rates count."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics import speech
from mmbench.metrics.speech.alignment import Step, align, error_rate
from mmbench.metrics.speech.counts import error_counts
from mmbench.text.alternatives import format_pieces, parse, pieces_of
from mmbench.types import Prediction

METRICS = [
    *("wer[none]", "wer[basic]", "wer[whisper_en]", "wer[open_asr_2026]"),
    *("cer[none]", "cer[basic]", "cer[open_asr_2026]", "mer[none]"),
]
WORDS = st.sampled_from(["a", "b", "cat", "Mr.", "two", "2", "didn't", "é", "über", "中文", "x-y"])
TEXT = st.lists(WORDS, max_size=8).map(" ".join)
# Also spaces, control characters and marks, in any order.
ODD = st.text(st.sampled_from("ab \t\n\u00a0\u0301é中.,'\u202e\x00"), max_size=12)
CHOICES = st.recursive(
    st.one_of(WORDS, st.just("@")),
    lambda inner: st.lists(
        st.lists(inner, min_size=1, max_size=3).map(" ".join), min_size=1, max_size=3
    ).map(lambda choices: "{ " + " / ".join(choices) + " }"),
    max_leaves=8,
)
ALTERNATIVES = st.lists(CHOICES, max_size=5).map(" ".join).map(parse)
TARGET = st.one_of(TEXT, ODD, ALTERNATIVES)


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=100, deadline=None)
@given(hypothesis=st.one_of(TEXT, ODD), target=TARGET)
def test_an_alignment_has_the_counts_of_the_metric(metric, hypothesis, target):
    rate = error_rate(metric)
    alignment = align(hypothesis, target, rate)
    counted = error_counts([Prediction("x", hypothesis, target)], rate)
    assert [alignment.edits] == counted
    for step in alignment.steps:
        if step.operation == "merge":
            assert step.reference.replace(" ", "") == step.hypothesis.replace(" ", "")
            continue
        assert (step.operation == "equal") == (step.reference == step.hypothesis)
        assert (step.operation == "insert") == (not step.reference)
        assert (step.operation == "delete") == (not step.hypothesis)


@settings(max_examples=60, deadline=None)
@given(pairs=st.lists(st.tuples(TEXT, st.one_of(TEXT, ALTERNATIVES)), max_size=6))
def test_the_counts_of_a_corpus_are_the_sums_of_its_alignments(pairs):
    predictions = [Prediction(str(i), text, target) for i, (text, target) in enumerate(pairs)]
    rows = speech.wer(predictions, "basic").rows
    edits = [align(text, target, error_rate("wer[basic]")).edits for text, target in pairs]
    assert [list(row) for row in rows] == [[one.edits, one.reference] for one in edits]


def test_a_substitution_a_deletion_and_an_insertion():
    alignment = align("the big Dog sat down", "The dog sat on", error_rate("wer[basic]"))
    assert alignment.steps == [
        Step("equal", "the", "the"),
        Step("insert", "", "big"),
        Step("equal", "dog", "dog"),
        Step("equal", "sat", "sat"),
        Step("substitute", "on", "down"),
    ]


def test_the_reading_with_the_fewest_edits_is_aligned():
    target = parse("i've { um / uh / @ } { seen / { got / gotten } } it")
    alignment = align("i've uh gotten that", target, error_rate("wer[none]"))
    assert [step.reference for step in alignment.steps] == ["i've", "uh", "gotten", "it"]
    assert alignment.edits == (3, 1, 0, 0)


def test_more_readings_than_are_normalised_as_a_whole():
    target = parse(" ".join(["{ Um / Uh / @ } Yes"] * 6))  # 729 readings
    alignment = align("uh yes yes um yes no yes yes yes", target, error_rate("wer[basic]"))
    assert alignment.edits == (8, 0, 0, 1)
    assert [step.hypothesis for step in alignment.steps if step.operation != "equal"] == ["no"]


@pytest.mark.parametrize(
    ("score", "found"),
    [
        ("wer[basic]", ("basic", False)),
        ("cer[none]", ("none", True)),
        ("wil[whisper_en]{macro:speaker}", ("whisper_en", False)),
        ("insertion_rate[open_asr_2026]", ("open_asr_2026", False)),
        ("exact_match", None),
        ("rtfx", None),
        ("roundtrip_wer@whisper", None),
    ],
)
def test_the_scores_that_have_alignments(score, found):
    assert error_rate(score) == found


@given(words=st.lists(st.sampled_from(["a", "b", "{", "}", "/", "@"]), max_size=14))
def test_a_reference_is_written_as_it_was_read(words):
    text = " ".join(words)
    try:
        pieces = pieces_of(parse(text))
    except ValueError:
        return
    if pieces is not None:
        assert pieces_of(parse(format_pieces(pieces))) == pieces
