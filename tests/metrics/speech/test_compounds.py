"""Alignment with merged compounds: the edits, and the choices among equal ones, of kaldialign."""

from __future__ import annotations

from functools import cache
from time import process_time
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics.speech.compounds import compound_path

Words = list[str]
WORDS = st.lists(st.sampled_from(["a", "b", "ab", "ba", "aab", "abab", "c", "é"]), max_size=9)


def joined(reference: Words, hypothesis: Words) -> list[tuple[str, str]]:
    """The steps as kaldialign writes them, with `*` for no word."""
    return [
        (" ".join(reference[a:b]) or "*", " ".join(hypothesis[c:d]) or "*")
        for a, b, c, d in compound_path(reference, hypothesis)
    ]


def errors(steps: list[tuple[str, str]]) -> int:
    return sum(left.replace(" ", "") != right.replace(" ", "") for left, right in steps)


# Printed by kaldialign 0.12.0, `align(…, "*", merge_compounds=True)`.
@pytest.mark.parametrize(
    ("reference", "hypothesis", "steps"),
    [
        ("white paper", "whitepaper", [("white paper", "whitepaper")]),
        ("whitepaper b", "white paper c", [("whitepaper", "white paper"), ("b", "c")]),
        ("e mail me", "email", [("e mail", "email"), ("me", "*")]),
        ("a b", "c", [("a", "c"), ("b", "*")]),
        ("a", "b c", [("a", "b"), ("*", "c")]),
        ("", "a", [("*", "a")]),
        ("a", "", [("a", "*")]),
        ("", "", []),
    ],
)  # fmt: skip
def test_literal(reference: str, hypothesis: str, steps: list[tuple[str, str]]) -> None:
    assert joined(reference.split(), hypothesis.split()) == steps


@settings(max_examples=60, deadline=None)
@given(reference=WORDS, hypothesis=WORDS)
def test_the_fewest_edits_by_definition(reference: Words, hypothesis: Words) -> None:
    @cache
    def fewest(n: int, m: int) -> int:
        if not n or not m:
            return n + m
        ways = [
            fewest(n - 1, m - 1) + (reference[n - 1] != hypothesis[m - 1]),
            fewest(n - 1, m) + 1,
            fewest(n, m - 1) + 1,
        ]
        ways += [
            fewest(n - k, m - j)
            for k, j in [*((k, 1) for k in range(2, n + 1)), *((1, j) for j in range(2, m + 1))]
            if "".join(reference[n - k : n]) == "".join(hypothesis[m - j : m])
        ]
        return min(ways)

    steps = joined(reference, hypothesis)
    assert errors(steps) == fewest(len(reference), len(hypothesis))
    for at, side in enumerate((reference, hypothesis)):
        assert " ".join(step[at] for step in steps if step[at] != "*").split() == side


@settings(max_examples=120, deadline=None)
@given(reference=WORDS, hypothesis=WORDS)
def test_equal_to_kaldialign(reference: Words, hypothesis: Words) -> None:
    peer: Any = pytest.importorskip("kaldialign")
    assert joined(reference, hypothesis) == peer.align(
        reference, hypothesis, "*", merge_compounds=True
    )
    steps = joined(reference, hypothesis)
    counts = peer.edit_distance(reference, hypothesis, merge_compounds=True)
    assert counts["total"] == errors(steps)
    assert counts["del"] == sum(right == "*" for _, right in steps)
    assert counts["ins"] == sum(left == "*" for left, _ in steps)


def test_a_long_recording_takes_less_than_seconds() -> None:
    """5,000 words: a loop over all pairs in Python would take a minute."""
    reference = [f"w{at * 7919 % 2003}" for at in range(5000)]
    hypothesis = ["note", "book", *(word for at, word in enumerate(reference) if at % 10)]
    start = process_time()
    steps = joined(["notebook", *reference], hypothesis)
    assert errors(steps) == 500 and steps[0] == ("notebook", "note book")
    assert process_time() - start < 8
