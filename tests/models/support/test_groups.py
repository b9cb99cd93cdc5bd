"""Items that share a forward, and their answers in the order of the items."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.models.support.groups import group_by, map_groups, shape_key


@given(st.lists(st.text(max_size=3), max_size=12))
def test_groups_are_those_of_the_definition(words: list[str]) -> None:
    lengths = sorted({len(word) for word in words})
    rows = [[row for row, word in enumerate(words) if len(word) == n] for n in lengths]
    assert group_by(words, len) == rows


@given(st.lists(st.text(max_size=3), max_size=12))
def test_answers_stand_where_their_items_stand(words: list[str]) -> None:
    groups: list[list[str]] = []

    def upper(group: list[str]) -> list[str]:
        groups.append(group)
        return [word.upper() for word in group]

    assert map_groups(words, len, upper) == [word.upper() for word in words]
    assert [{len(word) for word in group} for group in groups] == [
        {n} for n in sorted({len(word) for word in words})
    ]


@pytest.mark.parametrize("answers", [[], [1], [1, 2, 3]])
def test_another_number_of_answers_is_an_error(answers: list[int]) -> None:
    with pytest.raises(ValueError, match="zip"):
        map_groups(["a", "b"], len, lambda _: answers)


def test_a_shape_is_that_of_every_array_in_any_order() -> None:
    wide, high = np.zeros((2, 3), np.float32), np.zeros((3, 2), np.float32)
    assert shape_key({"x": wide, "y": high}) == shape_key({"y": high, "x": wide})
    assert shape_key({"x": wide}) != shape_key({"x": high})
    assert shape_key({"none": np.zeros((), np.float32)}) == [("none", ())]
