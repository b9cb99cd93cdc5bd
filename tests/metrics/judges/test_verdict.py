"""Verdicts: the last JSON object, read strictly; everything else is unparsable."""

import itertools
import json
import re
from pathlib import Path
from time import perf_counter

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics.judges.rubric import load_rubric
from mmbench.metrics.judges.verdict import (
    BothOrders,
    PreferenceVerdict,
    ScoreVerdict,
    UnparsableVerdict,
    both_orders,
    last_object,
    parse_preference,
    parse_score,
)

NUMBERS = load_rubric("helpfulness")
LABELS = load_rubric("answer-match")
PAIRS = load_rubric("preference")


@pytest.mark.parametrize(
    ("text", "score", "reason"),
    [
        ('{"score": 4, "reason": "fine"}', 4, "fine"),
        ('```json\n{"reason": "a } and \\"{\\"", "score": 2}\n```', 2, 'a } and "{"'),
        ('The {answer is odd. {"score": 3}', 3, ""),
        ('First {"score": 1}. On reflection: {"score": 5} is right.', 5, ""),
        ('\0\0{"score": 4}\0', 4, ""),
        ('{"score": "4"}', 4, ""),
        ('{"score": " 4.0 "}', 4, ""),
        ('{"score": 4.0, "reason": 7, "more": [1, {}]}', 4, ""),
    ],
)
def test_verdicts_with_a_score(text: str, score: float, reason: str) -> None:
    assert parse_score(NUMBERS, text) == ScoreVerdict(score, reason)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "no text"),
        ("Score: 4", "no JSON object in 'Score: 4'"),
        ('{"score": 6}', "score is '6', not one of 1, 2, 3, 4, 5"),
        ('{"score": 3.5}', "'3.5'"),
        ('{"score": "4/5"}', "'4/5'"),
        ('{"score": "four"}', "'four'"),
        ('{"score": "４"}', "'４'"),
        ('{"score": true}', "'True'"),
        ('{"score": null}', "'None'"),
        ('{"score": [4]}', r"'\[4\]'"),
        ('{"Score": 4}', "lacks the key 'score'; it has 'Score'"),
        ("{}", "it has no key"),
        ('{"verdict": {"score": 4}}', "lacks the key"),
        ('{"score": 4, "score": 5}', "the key 'score' twice"),
        ('{"score": 4, "x": {"a": 1, "a": 2}}', "the key 'a' twice"),
        ('{"score": NaN}', "invalid JSON"),
        ('{"score": 1e999}', "invalid JSON"),
        ('{"score": Infinity}', "invalid JSON"),
        ("{'score': 4}", "invalid JSON"),
        ('{"score": 4,}', "invalid JSON"),
        ('{"score": 4} {and more}', "invalid JSON"),
        ('{"score": 1} and then {"score": 4, "reason": "cut', "has no end"),
        ('{"score": ' + "9" * 5000 + "}", "invalid JSON"),
        ('{"score":' * 10_000 + "4" + "}" * 10_000, "invalid JSON|nested more"),
        ('{"score": ' + "[" * 500 + "]" * 500 + "}", "nested more than 100 deep"),
    ],
)
def test_everything_else_is_unparsable(text: str, why: str) -> None:
    with pytest.raises(UnparsableVerdict, match=why) as error:
        parse_score(NUMBERS, text)
    assert len(str(error.value)) < 300 and "\n" not in str(error.value)


@pytest.mark.parametrize(
    "text", ["x" * 1_000_000, '"' * 300_000, "{" * 10**5, '{"a":' * 10**5, '{"\\"' * 10**5]
)
def test_a_long_text_takes_one_pass(text: str) -> None:
    start = perf_counter()
    with pytest.raises(UnparsableVerdict):
        parse_score(NUMBERS, text)
    assert perf_counter() - start < 2


def test_labels_are_read_in_any_case_and_never_as_numbers() -> None:
    assert parse_score(LABELS, '{"score": " Partly"}').score == 0.5
    for value in ('"right or partly"', "1", '"1"', '""'):
        with pytest.raises(UnparsableVerdict):
            parse_score(LABELS, f'{{"score": {value}}}')


def test_the_keys_of_a_verdict_are_those_of_the_rubric(tmp_path: Path) -> None:
    path = tmp_path / "r.yaml"
    path.write_text('prompt: "{answer}"\nverdict: {value: grade, reason: why}')
    assert parse_score(load_rubric(str(path)), '{"grade": 2, "why": "w"}') == ScoreVerdict(2, "w")


@settings(max_examples=40)
@given(st.dictionaries(st.text(max_size=5), st.text(max_size=9), max_size=3), st.text("ab \n[]`'"))
def test_an_object_is_found_in_any_prose_without_braces(value: dict[str, str], prose: str) -> None:
    written = json.dumps(value)
    assert json.loads(last_object(f"{prose}{written}{prose}")) == value


@settings(max_examples=60)
@given(st.text('{}"\\ 4:score', max_size=30))
def test_any_text_has_a_score_on_the_scale_or_none(text: str) -> None:
    try:
        verdict = parse_score(NUMBERS, text)
    except UnparsableVerdict:
        return
    assert verdict.score in NUMBERS.scale.points and re.search('"score" *:', text)


def test_preferences() -> None:
    assert parse_preference(PAIRS, '{"preferred": "b", "reason": "r"}') == ("B", "r")
    assert parse_preference(PAIRS, '{"preferred": "tie"}').preferred == "tie"
    for value in ('"A or B"', "1", "null", '"neither"', '""'):
        with pytest.raises(UnparsableVerdict, match='not "A", "B" or "tie"'):
            parse_preference(PAIRS, f'{{"preferred": {value}}}')


def test_two_orders_agree_only_on_the_same_answer() -> None:
    combined = {
        (one, two): both_orders(PreferenceVerdict(one, "1"), PreferenceVerdict(two, "2"))
        for one, two in itertools.product(("A", "B", "tie"), repeat=2)
    }
    agreed = {("A", "B"): "A", ("B", "A"): "B", ("tie", "tie"): "tie"}
    for pair, both in combined.items():
        expected = agreed.get(pair)  # type: ignore[arg-type]
        assert both == BothOrders(expected or "tie", expected is None, ("1", "2"))  # type: ignore[arg-type]
