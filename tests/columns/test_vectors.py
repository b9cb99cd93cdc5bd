"""Vectors that are normalised as they are read have the bits of those normalised at once."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from mmbench.columns.vectors import Vectors

MATRICES = st.sampled_from(["<f2", "<f4", ">f4", "<f8"]).flatmap(
    lambda kind: arrays(kind, st.tuples(st.integers(0, 9), st.integers(1, 9)))
)


def normalised(vectors: np.ndarray) -> tuple[np.ndarray, list[int]]:
    """All at once, and the rows that have no direction."""
    norms = np.linalg.norm(vectors.astype(np.float64), axis=1)
    good = np.isfinite(norms) & (norms > 0)
    with np.errstate(invalid="ignore"):
        scaled = vectors / np.where(good, norms, 1)[:, None]
    return np.where(good[:, None], scaled, 0).astype(np.float32), np.flatnonzero(~good).tolist()


@pytest.mark.filterwarnings("ignore:overflow")
@given(MATRICES, st.data())
def test_vectors_are_those_normalised_at_once(matrix: np.ndarray, draw: st.DataObject) -> None:
    row = st.integers(0, max(0, len(matrix) - 1))
    rows = np.array(draw.draw(st.lists(row, max_size=12) if len(matrix) else st.just([])), np.int64)
    with np.errstate(over="ignore"):
        plain = matrix.astype(np.float32)
    expected, unusable = normalised(plain)
    found, places = Vectors(matrix).of_length_1()
    assert places.tolist() == unusable
    for vectors, wanted in ((Vectors(matrix), plain), (found, expected)):
        assert vectors.shape == wanted.shape and len(vectors) == len(wanted)
        np.testing.assert_array_equal(vectors[:], wanted)
        np.testing.assert_array_equal(vectors[2:5], wanted[2:5])
        taken = vectors.take(rows)
        assert taken.shape == (len(rows), matrix.shape[1])
        np.testing.assert_array_equal(taken[:], wanted[rows])
        np.testing.assert_array_equal(taken[1:4], wanted[rows][1:4])
        np.testing.assert_array_equal(taken.take(np.arange(len(rows))[::-1])[:], wanted[rows[::-1]])
        assert vectors[:].dtype == vectors.dtype == np.float32
    again, places = Vectors(matrix).take(rows).of_length_1()
    np.testing.assert_array_equal(again[:], expected[rows])
    assert places.tolist() == [at for at, row in enumerate(rows.tolist()) if row in unusable]


def test_norms_of_many_vectors_that_stand_column_by_column() -> None:
    matrix = np.random.default_rng(0).standard_normal((9000, 40), np.float32)
    expected, _ = normalised(matrix)
    found, _ = Vectors(np.asfortranarray(matrix)).of_length_1()
    np.testing.assert_array_equal(found[4000:4500], expected[4000:4500])
    assert Vectors.from_array(found) is found
    np.testing.assert_array_equal(Vectors.from_array(matrix)[:3], matrix[:3])
