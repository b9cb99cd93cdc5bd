"""The difference of two texts, word by word."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.text.word_difference import word_difference


@pytest.mark.parametrize(
    ("first", "second", "shown"),
    [
        ("What is it?", "What is it?", "What is it?"),
        ("What is shown?", "What is in it?", "What is [-shown?-] {+in it?+}"),
        ("a b", "", "[-a b-]"),
        ("", "a b", "{+a b+}"),
        (
            "one two three four five six X",
            "one two three four five six Y",
            "… four five six [-X-] {+Y+}",
        ),
        ("X 1 2 3 4 5 6 7 8 Z", "Y 1 2 3 4 5 6 7 8 Z!", "[-X-] {+Y+} 1 2 3 … 6 7 8 [-Z-] {+Z!+}"),
        ("X 1 2 3 4 5", "1 2 3 4 5", "[-X-] 1 2 3 …"),
    ],
)
def test_known_differences(first: str, second: str, shown: str) -> None:
    assert word_difference(first, second) == shown


@given(st.lists(st.sampled_from("abc")), st.lists(st.sampled_from("abc")))
def test_both_texts_can_be_read_from_it(first: list[str], second: list[str]) -> None:
    shown = word_difference(" ".join(first), " ".join(second), context=100)
    parts = shown.replace("[-", "\n-").replace("-]", "\n").replace("{+", "\n+").replace("+}", "\n")
    removed = [part.strip() for part in parts.split("\n")]
    old = [
        word for part in removed if not part.startswith("+") for word in part.lstrip("-").split()
    ]
    new = [
        word for part in removed if not part.startswith("-") for word in part.lstrip("+").split()
    ]
    assert (old, new) == (first, second)


def test_only_the_beginning_of_long_texts_is_compared() -> None:
    long = " ".join(f"w{n}" for n in range(10_000))
    assert word_difference(long, f"{long} end") == word_difference(long, long)
