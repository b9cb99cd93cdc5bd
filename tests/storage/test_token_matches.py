"""Matches of tokens as bytes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.storage.journal.token_matches import decode_matches, encode_matches
from mmbench.types import TokenMatches


def random_matches(seed: int, text: int, references: list[int]) -> TokenMatches:
    draws = np.random.default_rng(seed)

    def ids(n: int) -> np.ndarray:
        return draws.integers(-1, 2**31 - 1, n).astype(np.int32)

    def best(n: int) -> np.ndarray:
        return draws.uniform(-1, 1, n).astype(np.float32)

    return TokenMatches(
        ids(text),
        [ids(n) for n in references],
        [best(text) for _ in references],
        [best(n) for n in references],
    )


@given(st.integers(0, 99), st.integers(0, 5), st.lists(st.integers(0, 5), max_size=4))
def test_matches_are_read_as_they_were_written(seed: int, text: int, references: list[int]) -> None:
    matches = random_matches(seed, text, references)
    read = decode_matches(memoryview(encode_matches(matches)))
    for name in ("references", "text_best", "reference_best"):
        ours, theirs = getattr(matches, name), getattr(read, name)
        assert [(one.dtype, one.tolist()) for one in ours] == [
            (one.dtype, one.tolist()) for one in theirs
        ]
    assert matches.text.tolist() == read.text.tolist()


def test_arrays_of_other_lengths_are_refused() -> None:
    one, other = random_matches(0, 2, [3]), random_matches(0, 3, [3])
    mixed = TokenMatches(one.text, one.references, other.text_best, other.reference_best)
    with pytest.raises(ValueError, match=r"\[2, 3\] cosines are needed, found \[3, 3\]"):
        encode_matches(mixed)
