"""The reader of CSV that every source and every file of outputs uses."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from _csv import Reader

_LONGEST = 2**31 - 1  # characters of a cell: the largest number that a C long holds everywhere


def csv_reader(lines: Iterable[str], **dialect: Any) -> Reader:
    """Return `csv.reader` of lines, for cells of any length.

    By default the library refuses cells above 131,072 characters, which images in base64 and the
    outputs of a model that repeats itself exceed. The limit belongs to the process.
    """
    csv.field_size_limit(_LONGEST)
    return csv.reader(lines, **dialect)
