"""The columns of a run's rows: conversion to Arrow, and validation after reading.

Columns are validated because rows may come from an untrusted source.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import TYPE_CHECKING, Any

from mmbench.columns import NumberRows, Numbers, Repeated, Texts
from mmbench.surrogates import escape_all
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa
    from numpy.typing import NDArray

_TEXTS = frozenset({"direction", "id", "group", "error", "scores", "target", "tags", "reasoning"})
_IN_EACH_ROW = frozenset({"direction", "split", "id", "group", "tags"})
REQUIRED = ("direction", "split", "id", "group", "error", "value", "target", "tags")
OUTPUT_DATA = "data:output"  # the encoded bytes of generated images and audio
ANSWER = ":answer"  # the end of the name of a column with the answers that a metric parsed
SCORE = ":score"  # the end of the name of a column with the value of a metric for each sample
UNSCORED = "unscored"  # METRIC:unscored holds the reasons why a metric could not score outputs
_MOST_SPLITS = 10_000
_PART = 1 << 16  # rows in one array, which holds less than 2 GB of text and 2³¹ numbers


def arrow_column(values: Sequence[object] | NDArray[Any]) -> pa.ChunkedArray:
    """Return the values of a column as an Arrow array.

    An array [n, c] becomes n lists; a masked row becomes null.
    """
    import numpy as np
    import pyarrow as pa

    if isinstance(values, NumberRows) or (isinstance(values, np.ndarray) and values.ndim == 2):
        return _lists(values.array if isinstance(values, NumberRows) else values)
    if isinstance(values, Repeated) and len(values):
        return pa.chunked_array([pa.repeat(arrow_column([values.only])[0], len(values))])
    if isinstance(values, Texts) and values.array.null_count < len(values):
        parts = [values[at : at + _PART].array for at in range(0, len(values), _PART)]
        return pa.chunked_array([part.cast(pa.string()) for part in parts], pa.string())
    if isinstance(values, Numbers):
        return pa.chunked_array([pa.array(values.array, from_pandas=True)])
    try:
        array = pa.array(values)
    except UnicodeEncodeError:
        array = pa.array(escape_all(list(values)))
    return array if isinstance(array, pa.ChunkedArray) else pa.chunked_array([array])


def _lists(rows: NDArray[Any]) -> pa.ChunkedArray:
    import numpy as np
    import pyarrow as pa

    there = ~np.ma.getmaskarray(rows)[:, 0]
    if not there.any():
        return pa.chunked_array([pa.nulls(len(rows))])
    parts = []
    for part in (slice(at, at + _PART) for at in range(0, len(rows), _PART)):
        present = there[part]
        ends = np.append(0, np.cumsum(present * rows.shape[1])).astype(np.int32)
        flat = pa.array(np.ma.getdata(rows)[part][present].ravel())
        parts.append(pa.ListArray.from_arrays(pa.array(ends), flat, mask=pa.array(~present)))
    return pa.chunked_array(parts)


def refuse_odd_columns(table: pa.Table, required: Collection[str] = ()) -> None:
    """Raise ValueError if an Arrow table has a column that mmbench cannot have written.

    The same applies if it lacks a column in `required`.
    """
    if missing := set(required).difference(table.column_names):
        raise ValueError(f"no column {min(missing)!r}")
    for name in table.column_names:
        if table.column_names.count(name) > 1:
            raise ValueError(f"column {name!r} occurs twice")
        if fault := _fault(name, table[name]):
            raise ValueError(f"column {name!r} {fault}")


def _fault(name: str, column: pa.ChunkedArray) -> str:
    """Return the fault of a column, as a phrase for messages; "" if the column is valid."""
    import pyarrow as pa

    kind = column.type
    if name in _IN_EACH_ROW and column.null_count:
        return "has rows without a value"
    if name == "split":
        return _split_fault(column)
    is_text = name in _TEXTS or name.endswith(ANSWER)
    if pa.types.is_list(kind) and not is_text:
        return _list_fault(column, alike=name != "value")
    if not _is_expected(name, kind):
        return f"holds values of type {kind}"
    return _tags_fault(column) if name == "tags" else ""


def _is_expected(name: str, kind: pa.DataType) -> bool:
    """Return whether the cells of a column without lists have a type that mmbench writes."""
    import pyarrow as pa

    if pa.types.is_null(kind):
        return True
    number = pa.types.is_integer(kind) or pa.types.is_floating(kind)
    if name in _TEXTS or name == "value" or name.endswith(ANSWER):
        return bool(pa.types.is_string(kind))
    if name == OUTPUT_DATA:
        return bool(pa.types.is_binary(kind) or pa.types.is_large_binary(kind))
    if name == "tokens":
        return bool(pa.types.is_integer(kind))
    if name.endswith(SCORE):
        return bool(number)
    further = ":" in name  # other columns hold metrics, whose rows are lists
    return bool(further and (number or pa.types.is_string(kind) or pa.types.is_boolean(kind)))


def _split_fault(column: pa.ChunkedArray) -> str:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_integer(column.type):
        return f"holds values of type {column.type}"
    ends = pc.min_max(column).as_py()
    fits = not len(column) or (ends["min"] >= 0 and ends["max"] < _MOST_SPLITS)
    return "" if fits else f"holds numbers below 0 or from {_MOST_SPLITS}"


def _list_fault(column: pa.ChunkedArray, *, alike: bool) -> str:
    """Return the fault of a column of lists of numbers, as a phrase; "" if the column is valid.

    Lists must not be empty; if `alike` is true, they must have equal lengths.
    """
    import pyarrow as pa
    import pyarrow.compute as pc

    numbers = column.type.value_type
    if not (pa.types.is_floating(numbers) or pa.types.is_integer(numbers)):
        return f"holds values of type {column.type}"
    if pc.list_flatten(column).null_count:
        return "has lists with missing numbers"
    lengths = set(pc.list_value_length(column).unique().to_pylist()) - {None}
    return (
        "has lists that are empty or of different lengths"
        if 0 in lengths or (alike and len(lengths) > 1)
        else ""
    )


def _tags_fault(column: pa.ChunkedArray) -> str:
    try:
        for text in column.unique().to_pylist():
            parse_json(text, dict[str, str])
    except ValueError as error:
        return f"is not JSON as expected: {error}"
    return ""
