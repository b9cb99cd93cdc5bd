"""The convention of the Open ASR Leaderboard, and error rates by type."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.engine.scoring.measure import measure
from mmbench.errors import UnknownName
from mmbench.metric_names import metric
from mmbench.metrics.speech import (
    cer,
    deletion_rate,
    insertion_rate,
    substitution_rate,
    wer,
)
from mmbench.metrics.speech.alignment import Step, align, error_rate
from mmbench.metrics.speech.normalisers import normalise
from mmbench.text.alternatives import parse
from mmbench.types import Prediction, Score
from tests.support.predictions import predict

pytest.importorskip("whisper_normalizer")
RATES = (substitution_rate, deletion_rate, insertion_rate)
NAMES = ("none", "basic", "whisper_en", "open_asr_2026")
WORDS = st.sampled_from(
    ["a", "b", "white", "paper", "whitepaper", "uh", "Mr.", "two", "2", "e-mail", "'s", "it's"]
)
TEXT = st.lists(WORDS, max_size=8).map(" ".join)


# Printed by huggingface/open_asr_leaderboard d1e99b2, normalizer/normalizer.py.
@pytest.mark.parametrize(
    ("text", "normalised"),
    [
        ("Uhm, ah, the dog's uh bone, eh?", "the dog s bone"),
        ("It's who's this's she's been let's", "it is who is this is she has been let us"),
        ("it's  been", "it is been"),  # "'s been" needs a single space
        ("Wi-Fi, wi fi and an E-mail at 5 P.M.", "wifi wifi and an email at 5 pm"),
        ("All right, et cetera. X-ray", "alright etc xray"),
        ("travelogue cancellation OK", "travelog cancelation okay"),
        ("Stephen, Kathryn and Mohamed", "steven catherine and mohammed"),
        ("the B.B.C. on 5 G saw a i and a 5 g i", "the bbc on 5g saw a i and a5gi"),
        ("U.S.A. twenty one dollars", "usa $21"),
        ("[noise] (laughs) uh", ""),
        ("Ignore time segment in scoring.", "ignore time segment in scoring"),
    ],
)
def test_the_normaliser(text: str, normalised: str) -> None:
    assert normalise("open_asr_2026", text) == normalised


def test_merged_compounds_cost_nothing() -> None:
    predictions = predict(
        ("read the whitepaper", "read the white paper"), ("note book", "notebook")
    )
    assert wer(predictions, "open_asr_2026").rows.tolist() == [[0, 4], [0, 1]]
    assert wer(predictions, "whisper_en").rows.tolist() == [[2, 4], [2, 1]]
    assert cer(predictions, "open_asr_2026").rows.tolist() == [[1, 20], [1, 8]]
    assert "compounds=merged" in wer(predictions, "open_asr_2026").signature
    assert "compounds=separate" in cer(predictions, "open_asr_2026").signature


def test_the_filters_of_the_leaderboard() -> None:
    pairs = [("a b", "a c"), ("thank you", ""), ("yes", "Uh [noise]")]
    predictions = predict(*pairs, ("some words", "ignore time segment in scoring"))
    score = wer(predictions, "open_asr_2026")
    assert score.rows.tolist() == [[1, 2], [0, 0], [0, 0], [0, 0]]
    assert score.reason == (
        "leaves out 3 samples of 4 as the leaderboard does: the reference is empty or a remark"
    )
    assert "empty-references=dropped,remarks=dropped" in score.signature
    assert wer(predictions, "whisper_en").rows[:, 0].tolist() == [1, 2, 1, 5]
    assert cer(predictions, "open_asr_2026").rows[1:].tolist() == [[0, 0]] * 3
    nothing = wer(predict(("a", "")), "open_asr_2026")
    assert math.isnan(nothing.value) and nothing.reason == "no rate: 1 reference without a word"


@settings(max_examples=25, deadline=None)
@given(pairs=st.lists(st.tuples(TEXT, TEXT), min_size=1, max_size=5), name=st.sampled_from(NAMES))
def test_the_rates_add_up_to_the_word_error_rate(pairs: list[tuple[str, str]], name: str) -> None:
    predictions = predict(*pairs)
    whole, parts = wer(predictions, name), [rate(predictions, name) for rate in RATES]
    assert (sum(part.rows[:, 0] for part in parts) == whole.rows[:, 0]).all()
    assert all((part.rows[:, 1] == whole.rows[:, 1]).all() for part in parts)
    if not math.isnan(whole.value):
        assert sum(part.value for part in parts) == pytest.approx(whole.value, abs=1e-15)
    program = "kaldialign" if name == "open_asr_2026" else "jiwer"
    assert all(f"alignment={program}" in part.signature for part in parts)


@pytest.mark.parametrize("rate", RATES)
def test_each_type_of_error(rate: Callable[[list[Prediction], str], Score]) -> None:
    score = rate(predict(("a x", "a b c"), ("d e", "d")), "none")  # one error of each type
    assert score.value == 1 / 4


def test_the_alignment_shows_merged_compounds() -> None:
    rate = error_rate("wer[open_asr_2026]")
    assert rate is not None
    alignment = align("Stephen's whitepaper, uh", "the Steven's white paper", rate)
    assert alignment.steps == [
        Step("delete", "the", ""),
        Step("equal", "steven", "steven"),
        Step("equal", "s", "s"),
        Step("merge", "white paper", "whitepaper"),
    ]
    assert alignment.edits == (4, 0, 1, 0)
    assert align("x", "uh", rate).steps == []


def test_alternatives_are_read_for_the_fewest_edits() -> None:
    target = parse("the { white papers / white paper / @ } here")
    assert wer(predict(("the whitepaper here", target)), "open_asr_2026").rows.tolist() == [[0, 4]]
    assert wer(predict(("x", parse("{ uh / um }"))), "open_asr_2026").rows.tolist() == [[0, 0]]
    many = parse("ok " + "{ uh / um / @ } " * 8 + "white paper")
    assert wer(predict(("OK whitepaper", many)), "open_asr_2026").rows.tolist() == [[0, 3]]


def test_rates_that_the_convention_does_not_define_are_unknown() -> None:
    with pytest.raises(UnknownName):
        metric("wil[open_asr_2026]")


def test_rates_by_speaker() -> None:
    """A breakdown has the rates of each speaker; the whole is their mean weighted by words."""
    texts = [
        ("anna", "red green blue pink", "red green brown"),
        ("ben", "white paper", "whitepaper"),
        ("ben", "", "thank you"),
        ("ben", "yes no", "yes no maybe"),
    ]
    predictions = [
        Prediction(str(at), said, text, tags={"speaker": speaker})
        for at, (speaker, text, said) in enumerate(texts)
    ]
    names = [f"{rate}[open_asr_2026]" for rate in ("wer", *(r.__name__ for r in RATES))]
    measured = measure(names, {"": [predictions]}, breakdowns=["speaker"])
    by_speaker = measured.breakdowns["speaker"]
    assert [by_speaker["anna"][name].value for name in names] == [2 / 4, 1 / 4, 1 / 4, 0]
    assert [by_speaker["ben"][name].value for name in names] == [1 / 4, 0, 0, 1 / 4]
    assert measured.scores["wer[open_asr_2026]"].value == 3 / 8
