"""Columns hold what a list of the same values holds, whatever is done to both."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.columns import (
    ABSENT,
    Keyed,
    Lists,
    Mappings,
    Repeated,
    Table,
    are_distinct,
    as_column,
    column,
    concatenate,
    entries,
    names_in,
    pack,
    patch_rows,
    places,
    sort_names,
    table,
    take_rows,
)
from mmbench.datasets import Samples, sample_columns
from mmbench.types import Prediction, Sample

ANY_TEXT = st.text(st.characters(), max_size=6)  # with lone surrogates
VALUES = st.lists(
    st.one_of(ANY_TEXT, st.none(), st.just(ABSENT), st.integers(), st.floats(allow_nan=False))
)
SAMPLES = st.lists(
    st.builds(
        Sample,
        id=ANY_TEXT,
        inputs=st.dictionaries(st.sampled_from(["question", "text"]), ANY_TEXT),
        target=st.one_of(st.integers(), ANY_TEXT, st.lists(ANY_TEXT), st.none()),
        group=st.sampled_from(["", "g"]),
        tags=st.dictionaries(st.sampled_from(["a", "b"]), ANY_TEXT),
    ),
    min_size=1,
)


def _same(found: Sequence[object], wanted: list[object]) -> None:
    assert list(found) == wanted
    assert [found[row] for row in range(-len(wanted), len(wanted))] == wanted * 2
    assert list(map(type, found)) == list(map(type, wanted))
    assert list(found[1:-1]) == wanted[1:-1]
    assert list(found[::2]) == wanted[::2]
    if wanted:
        rows = np.array([len(wanted) - 1, 0, 0])
        assert list(take_rows(found, rows)) == [wanted[row] for row in rows]


@given(st.one_of(VALUES, st.lists(ANY_TEXT), st.lists(st.integers()), st.lists(st.floats(0, 1))))
def test_a_packed_list_is_equal_to_the_list(values: list[object]) -> None:
    _same(pack(values), values)


@given(SAMPLES)
def test_a_table_of_samples_gives_the_samples(samples: list[Sample]) -> None:
    found = table(Sample, samples, ("inputs", "tags"))
    _same(found, list(samples))
    assert found == samples
    assert list(column(found, "id")) == column(samples, "id")
    for name in ("question", "text"):
        wanted = [sample.inputs.get(name, ABSENT) for sample in samples]
        assert list(entries(column(found, "inputs"), name)) == wanted
        assert list(entries(column(samples, "inputs"), name)) == wanted
    assert set(names_in(column(found, "tags"))) == {n for s in samples for n in s.tags}


@given(st.lists(st.lists(ANY_TEXT)))
def test_lists_of_texts_are_those_of_a_list(lists: list[list[str]]) -> None:
    _same(Lists.from_lists(lists), list(lists))


def test_what_has_no_rows_is_a_column_too() -> None:
    empties: tuple[Sequence[object], ...] = (
        pack([]),
        Repeated("", 0),
        Mappings({}, 0),
        table(Sample, []),
    )
    for empty in empties:
        _same(empty, [])


def test_a_repeated_value_is_joined_behind_no_rows() -> None:
    none: Repeated[int] = Repeated(0, 0)
    assert list(concatenate([none, Repeated(0, 2)])) == [0, 0]
    assert list(concatenate([none, none])) == list(concatenate([])) == []


def test_patched_columns_have_their_few_values_where_these_are() -> None:
    _same(patch_rows(Repeated(None, 3), {1: "broken"}), [None, "broken", None])


def test_a_row_beyond_the_last_is_an_index_error() -> None:
    for values in (pack(["a", "b"]), Repeated("a", 2), patch_rows(Repeated(1, 2), {0: 3})):
        with pytest.raises(IndexError, match="row 2 is out of range: the column has 2 rows"):
            values[2]


def test_other_columns_take_the_place_of_some() -> None:
    found = table(Prediction, [Prediction("a", "x"), Prediction("b", "y")])
    changed = found.with_columns(value=["z", "z"])
    assert changed == [Prediction("a", "z"), Prediction("b", "z")]
    assert isinstance(changed, Table)


def test_a_keyed_mapping_is_a_dict() -> None:
    found = Keyed(pack(["b", "a"]), [1, 2])
    assert dict(found) == {"b": 1, "a": 2}
    assert "c" not in found
    assert found["a"] == 2
    with pytest.raises(KeyError):
        found["c"]


FEW_TEXTS = st.sampled_from(["a", "b", "c", "ä", "", "aa", "\ud800"])


@given(st.lists(ANY_TEXT | FEW_TEXTS), st.lists(ANY_TEXT | FEW_TEXTS, unique=True))
def test_places_are_those_of_a_dict(names: list[str], among: list[str]) -> None:
    row_of = {name: row for row, name in enumerate(among)}
    assert places(names, among).tolist() == [row_of.get(name, -1) for name in names]
    assert places(among, pack(among)).tolist() == list(range(len(among)))


@given(st.lists(ANY_TEXT))
def test_distinct_names_are_those_of_a_set(names: list[str]) -> None:
    assert are_distinct(pack(names)) == are_distinct(names) == (len(set(names)) == len(names))


@given(st.lists(st.text(max_size=4) | ANY_TEXT))
def test_names_are_ordered_by_their_utf8(names: list[str]) -> None:
    order, first = sort_names(names)
    ordered = [names[row] for row in order]
    assert ordered == sorted(names)  # by code points, as UTF-8 is
    assert first.tolist() == [not row or ordered[row - 1] != n for row, n in enumerate(ordered)]


@pytest.mark.parametrize(
    "given",
    [
        ["a", "b"],
        pa.array(["a", "b"]),
        pa.chunked_array([["a"], ["b"]], pa.large_string()),
        np.array(["a", "b"]),
        np.array([b"a", b"b"]),
        Repeated("a", 2),
        [1, 2],
        pa.array([1, 2]),
        np.array([1, 2], np.int32),
        pa.array([["x"], []]),
        pa.array([None, "b"]),
    ],
)
def test_lists_and_arrays_become_columns_of_pythons_values(given: Any) -> None:
    found = as_column(given)
    listed = given.to_pylist() if hasattr(given, "to_pylist") else list(given)
    wanted = [value.decode() if isinstance(value, bytes) else value for value in listed]
    assert list(found) == wanted
    assert {type(value) for value in found} <= {str, int, list, type(None)}


def test_samples_of_columns_are_samples() -> None:
    samples = sample_columns(
        pa.array(["a", "b"]),
        {"question": ["how?", ABSENT]},
        targets=np.array([3, 4]),
        tags={"topic": np.array(["x", "y"])},
    )
    assert samples == [
        Sample("a", {"question": "how?"}, 3, tags={"topic": "x"}),
        Sample("b", {}, 4, tags={"topic": "y"}),
    ]
    assert Samples(samples).limit(1).samples == samples[:1]


@pytest.mark.parametrize(
    ("name", "columns"),
    [
        ("target", {"targets": [1]}),
        ("group", {"groups": ["a", "b", "c"]}),
        ("question", {"inputs": {"question": ["how?"]}}),
        ("topic", {"tags": {"topic": np.array(["x", "y", "z"])}}),
    ],
)
def test_a_column_of_another_length_is_refused(name: str, columns: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match=rf"column {name} has length \d, not 2"):
        sample_columns(["a", "b"], **columns)
