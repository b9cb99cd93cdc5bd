"""Metrics of single question sets: MMAU and OCRBench."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.conformance.answers.known_answers import MMAU, OCRBENCH
from mmbench.metrics.answers.mmau import mmau_accuracy
from mmbench.metrics.answers.ocrbench import ocrbench_accuracy
from mmbench.types import Prediction

WORDS = st.sampled_from(["man", "woman", "a", "dog's", "3.5", "Straße", "café", "not", "B"])
TEXTS = st.lists(WORDS, min_size=1, max_size=3).map(" ".join)


def choice(text: str, letter: str, options: list[str]) -> Prediction:
    return Prediction("q", text, {"answer": letter, "options": options})


def test_answers_with_known_scores() -> None:
    predictions = [choice(text, *target) for text, target, _ in MMAU]
    for at, variant in enumerate(("official", "letters")):
        rows = mmau_accuracy(predictions, variant).rows
        assert [bool(row) for row in rows] == [known[at] for *_, known in MMAU]
    read = [Prediction("q", t, a, tags={"dataset": d}) for t, a, d, _ in OCRBENCH]
    assert [bool(row) for row in ocrbench_accuracy(read).rows] == [known for *_, known in OCRBENCH]


@given(st.lists(TEXTS, min_size=2, max_size=5), st.data())
@settings(max_examples=60, deadline=None)
def test_properties_of_the_rule_of_mmau(options: list[str], data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(options) - 1))
    letter = "ABCDE"[at]
    right = choice(options[at].upper() + "!", letter, options)
    assert mmau_accuracy([right], "official").value == 1 or "ß" in options[at]
    assert mmau_accuracy([choice(f"({letter})", letter, options)], "letters").value == 1
    everything = choice(" ".join(options), letter, options)
    others = {word for option in options for word in option.lower().split()}
    alone = others <= set(options[at].lower().split())
    assert (mmau_accuracy([everything], "official").value == 1) == alone


def test_a_failed_sample_without_tags_is_scored_as_text() -> None:
    assert ocrbench_accuracy([Prediction("q", "TWO", ["one", "two"])]).value == 1
    assert ocrbench_accuracy([Prediction("q", "", ["one"])]).value == 0
