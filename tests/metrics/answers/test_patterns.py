"""Answers that a pattern of the task finds."""

import pytest
from msgspec.structs import replace

from mmbench.errors import SampleError, UserError
from mmbench.metric_names import check_metric
from mmbench.metrics.answers import patterns
from mmbench.metrics.answers.patterns import regex_match
from mmbench.spec import load_task
from mmbench.types import Prediction
from tests.support.predictions import predict

NAME = "regex_match[final]"
LETTER = r"Answer: (\w+)"
CHOICE = {"answer": "C", "options": ["a", "b", "c"]}


def value(text, target, **options):
    return regex_match(predict((text, target)), "final", options={"pattern": LETTER, **options})


@pytest.mark.parametrize(
    ("text", "target", "options", "right"),
    [
        ("Answer: B. No, Answer: C", CHOICE, {}, True),
        ("Answer: B. No, Answer: C", CHOICE, {"take": "first"}, False),
        ("Answer: B. No, Answer: C", CHOICE, {"take": "only"}, False),
        ("Answer: C. Answer: c", CHOICE, {"take": "only"}, True),
        ("Answer: RED", ["red", "blue"], {}, True),
        ("Answer: RED", "red", {"compare": "exact"}, False),
        ("Answer: 07", "7", {"compare": "number"}, True),
        ("Answer: 07", "7", {}, False),
        ("Answer: red", "7", {"compare": "number"}, False),
        ("red", "red", {"pattern": "red|blue"}, True),  # no group: the whole match
        ("(B)", "B", {"pattern": r"\((\w)\)|Answer: (\w)"}, True),  # the group that took part
        ("nothing", "red", {}, False),
        ("", "", {}, False),
    ],
)
def test_what_is_found(text, target, options, right):
    assert value(text, target, **options).value == right


def test_an_output_without_a_match_is_noted():
    scored = regex_match(predict(("x", "x"), ("Answer: x", "x")), "f", options={"pattern": LETTER})
    assert scored.value == 1 / 2
    assert scored.reason == "the pattern found no answer in 1 of 2 texts"
    assert scored.details["answer"] == [None, "x"]


def test_another_pattern_has_another_signature():
    one, other = (value("", "", pattern=p).signature for p in ("a", "b"))
    assert one != other and "take=last,compare=words" in one


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({}, "give a pattern, a string of up to 1,000 characters"),
        ({"pattern": "a" * 1001}, "give a pattern"),
        ({"pattern": "(a"}, r"invalid pattern '\(a': missing \)"),
        ({"pattern": "a", "take": "all"}, "no valid take: 'all'; give pattern, and take: last or"),
        ({"pattern": "a", "takes": "last"}, "no valid takes"),
    ],
)
def test_invalid_options_are_refused(options, message):
    with pytest.raises(UserError, match=message):
        check_metric(NAME, "writing", options)


@pytest.mark.parametrize("take", ["first", "last"])
def test_a_search_that_takes_too_long_leaves_the_sample_unscored(monkeypatch, take):
    monkeypatch.setattr(patterns, "_SECONDS", 0.05)
    options = {"pattern": "(a|aa)+$", "take": take}
    row = Prediction("7", "a" * 60 + "b", "a")
    with pytest.raises(
        SampleError, match=r"regex_match\[final\]: the search took more than 0.05 s"
    ):
        regex_match([row], "final", options=options)


@pytest.mark.slow
def test_unlimited_recursion_ends_with_a_reason():
    with pytest.raises(
        SampleError,
        match=r"regex_match\[x\]: the search (needs too much memory|took more than 1 s)",
    ):
        regex_match([Prediction("1", "aaaa", "a")], "x", options={"pattern": "(?R)"})


def test_a_task_gives_the_pattern():
    task = load_task("answers")
    own = replace(task, metrics=[NAME], headline=NAME, metric_options={NAME: {"pattern": LETTER}})
    check_metric(NAME, own.kind, own.metric_options[NAME])
