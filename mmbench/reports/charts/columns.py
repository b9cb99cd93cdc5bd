"""Columns of a run's rows, decoded for charts."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.errors import DataError
from mmbench.validation.safe_parse import parse_json


def decoded(samples: RunSamples, column: str) -> list[Any]:
    """Return the cells of `value` or `target`, decoded from JSON; None for an empty cell.

    Raises DataError for a cell that is not JSON.
    """
    values: list[Any] = samples.rows[column].to_pylist()
    for row, cell in enumerate(values):
        if isinstance(cell, str):
            try:
                values[row] = parse_json(cell)
            except ValueError as error:
                raise DataError(
                    f"run {samples.record.run}: row {row} of {column} cannot be read: {error}"
                ) from error
    return values


def number_lists(samples: RunSamples, column: str) -> NDArray[np.float64]:
    """Return a column with lists of numbers as [k, c], without the rows that are null.

    Raises DataError if the lists have different lengths.
    """
    lists = samples.rows[column].combine_chunks()
    n = len(lists) - lists.null_count
    numbers = np.asarray(lists.flatten())
    width = len(numbers) // max(1, n)
    if width * n != len(numbers):
        raise DataError(
            f"run {samples.record.run}: the lists in column {column!r} have different lengths"
        )
    return numbers.reshape(n, width)
