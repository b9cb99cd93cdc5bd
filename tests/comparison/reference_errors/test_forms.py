"""Phrases in captions and in aligned transcripts, corrected references, and lists of errors."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.comparison.reference_errors.corrected import corrected
from mmbench.comparison.reference_errors.free_texts import FreeTexts, form_in
from mmbench.comparison.reference_errors.known_errors import KnownError, read_errors
from mmbench.comparison.reference_errors.transcripts import Transcripts
from mmbench.errors import DataError
from mmbench.text.words import words
from mmbench.types import Prediction
from tests.support.files import write_file, write_lines

CHOICES = {"alternatives": ["we ", [["have"], ["had"]], " alot"]}


@pytest.mark.parametrize(
    ("text", "wrong", "right", "form"),
    [
        ("A man on SKIIS.", "skiis", "skis", "wrong"),
        ("a man on skis", "skiis", "skis", "right"),
        ("a man", "skiis", "skis", None),
        ("skis and skiis", "skiis", "skis", "wrong"),
        ("the the cat", "the the", "the", "wrong"),  # the longer phrase is meant
        ("the cat", "the the", "the", "right"),
        ("alot of people", "alot", "a lot", "wrong"),
        ("a lot of people", "alot", "a lot", "right"),
        ("in the park", "the", "in the", "right"),
        ("skiisport", "skiis", "skis", None),  # words, not parts of words
        ("it’s red", "its", "it's", "right"),
        ("ｓｋｉｉｓ", "skiis", "skis", "wrong"),
        ("一只白色的描", "描", "猫", "wrong"),
    ],
)
def test_a_text_has_the_wrong_phrase_the_right_one_or_neither(
    text: str, wrong: str, right: str, form: str | None
) -> None:
    assert form_in(words(text), (words(wrong), words(right))) == form


@given(st.lists(st.sampled_from(["a", "b", "c"]), max_size=8))
def test_equal_lengths_are_found_like_parts_of_a_list(text: list[str]) -> None:
    expected = "wrong" if "a" in text else "right" if "b" in text else None
    assert form_in(text, (("a",), ("b",))) == expected


def test_other_samples_are_those_without_the_error_in_any_reference() -> None:
    texts = FreeTexts({
        "a": Prediction("a", "red skiis", ["red skiis", "red skis"]),
        "b": Prediction("b", "blue skiis", ["blue skis"]),
        "c": Prediction("c", "green skis", "green skis"),
        "d": Prediction("d", "a dog", "a dog"),
    })  # fmt: skip
    pair = texts.pair(KnownError("a", "Skiis", "skis"))
    assert texts.has_error("a", pair)
    assert dict(texts.others(pair)) == {"b": "wrong", "c": "right"}


@pytest.mark.parametrize(
    ("output", "form"),
    [
        ("he said there house was red", "wrong"),
        ("he said their house was red", "right"),
        ("there he said their house was red", "right"),  # only the place of the error counts
        ("he said house was red", None),
        ("he said the house was red", None),
    ],
)
def test_a_transcript_is_read_at_the_place_of_the_error(output: str, form: str | None) -> None:
    texts = Transcripts({"a": Prediction("a", output, "he said there house was red")}, "none")
    pair = texts.pair(KnownError("a", "there", "their"))
    assert texts.has_error("a", pair)
    assert texts.form("a", pair) == form


@pytest.mark.parametrize(
    ("reference", "wrong", "right", "output", "form"),
    [
        ("we have alot of time", "alot", "a lot", "we have a lot of time", "right"),
        ("we have a lot of time", "a lot", "alot", "we have alot of time", "right"),
        ("we have alot of time", "alot", "a lot", "so we have alot more of time", "wrong"),
        (CHOICES, "alot", "a lot", "we had a lot", "right"),
        ("it is a", "a", "a lot", "it is a lot", "right"),
        ("it is a", "a", "a lot", "it is a", "wrong"),
        ("it is the the end", "the the", "the", "it is the end", "right"),
    ],
)
def test_phrases_of_other_lengths_are_found_in_an_alignment(
    reference: object, wrong: str, right: str, output: str, form: str
) -> None:
    texts = Transcripts({"a": Prediction("a", output, reference)}, "none")
    assert texts.form("a", texts.pair(KnownError("a", wrong, right))) == form


def test_a_correct_place_elsewhere_is_the_control_of_a_transcript() -> None:
    texts = Transcripts(
        {
            "a": Prediction("a", "there house", "there house"),
            "b": Prediction("b", "in there house", "in their house"),
            "c": Prediction("c", "their car there", "their car there"),  # has the wrong word too
            "d": Prediction("d", "on their boat", "on their boat"),
        },
        "none",
    )
    pair = texts.pair(KnownError("a", "there", "their"))
    assert dict(texts.others(pair)) == {"b": "wrong", "d": "right"}


def test_phrases_that_a_normaliser_makes_equal_are_the_same() -> None:
    pytest.importorskip("whisper_normalizer", reason="the normaliser whisper_en")
    texts = Transcripts({}, "whisper_en")
    wrong, right = texts.pair(KnownError("a", "colour", "color"))
    assert wrong == right


def test_references_are_corrected_as_whole_words_and_keep_capitals() -> None:
    errors = [KnownError("a", "skiis", "skis"), KnownError("a", "the the", "the")]
    assert corrected("Skiis by the  the lake, waterskiis", errors) == "Skis by the lake, waterskiis"
    assert corrected(["two skiis", "none"], errors) == ["two skis", "none"]
    assert corrected({"alternatives": ["my skiis", [["x"], ["skiis"]]]}, errors) == {
        "alternatives": ["my skis", [["x"], ["skis"]]]
    }


def test_a_list_of_errors_is_read_from_tables(tmp_path: Path) -> None:
    rows = [{"id": 7, "wrong": "a", "right": "b"}, {"id": "x", "wrong": "c d", "right": "e"}]
    expected = [("7", "a", "b"), ("x", "c d", "e")]
    csv = write_file(tmp_path / "e.csv", "right,ID,wrong\nb,7,a\ne,x,c d\n")
    for path in (
        csv,
        write_lines(tmp_path / "e.jsonl", *rows),
        write_file(tmp_path / "e.json", rows),
    ):
        assert [one[:3] for one in read_errors(path)] == expected


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("id,wrong\n1,a\n", "no column right"),
        ("id,wrong,right\n1,,b\n", "wrong is missing"),
        ("id,wrong,right\n1,Skis,skis!\n", "are the same words"),
        ("id,wrong,right\n1,!!,b\n", "must each have a word"),
        ("id,wrong,right\n", "no rows"),
        ("id,wrong,right\n1,a,b\n1,A,c\n", r"line 3: 'A' of sample 1 is listed already .*line 2"),
    ],
)
def test_a_faulty_list_is_refused_in_one_line(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(DataError, match=message) as caught:
        read_errors(write_file(tmp_path / "e.csv", text))
    assert "\n" not in str(caught.value)
