"""The reader of CSV that every source and every file of outputs uses."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from _csv import Reader

_LONGEST = 2**31 - 1  # characters of a cell: the largest number that a C long holds everywhere


def csv_reader(
    lines: Iterable[str],
    *,
    delimiter: str = ",",
    quoted: bool = True,
    strict: bool = False,
    skipinitialspace: bool = False,
) -> Reader:
    """Return `csv.reader` of lines, for cells of any length. Quotes enclose fields if `quoted`.

    By default the library refuses cells above 131,072 characters, which images in base64 and the
    outputs of a model that repeats itself exceed. The limit belongs to the process.
    """
    csv.field_size_limit(_LONGEST)
    return csv.reader(
        lines,
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        strict=strict,
        skipinitialspace=skipinitialspace,
    )
