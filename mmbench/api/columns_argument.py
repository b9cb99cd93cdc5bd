"""The error for unclear columns of own data, with the Python argument instead of the flag."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from mmbench.datasets.provenance import merge_columns, split_columns
from mmbench.errors import ColumnsNeeded


@contextmanager
def columns_argument() -> Iterator[None]:
    """Raise a ColumnsNeeded error again with the argument `columns` to add, as Python code."""
    try:
        yield
    except ColumnsNeeded as error:
        needed = error if error.advice else error.__cause__
        if not isinstance(needed, ColumnsNeeded) or not needed.advice:
            raise
        columns = merge_columns(split_columns(needed.columns))
        message = str(error).replace(needed.advice, f"add columns={columns!r}")
        raise ColumnsNeeded(message) from error
