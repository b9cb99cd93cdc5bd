"""Rows of Excel tables (.xlsx): the first sheet, with the names of the columns in its first row."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile

from mmbench.columns import Table
from mmbench.data.readers.records import Record
from mmbench.data.readers.table_files import record_table
from mmbench.errors import DataError, MissingExtra
from mmbench.validation.inflation import refuse_inflation

_ROWS, _COLUMNS = 1_048_576, 16_384  # of a sheet of Excel
_HEADER_ROWS = 100  # rows at the top that are searched for the header
LONGEST_CELL = 32_767  # characters; Excel's limit, at which longer texts are cut


def excel_records(data: bytes, path: Path) -> Table[Record]:
    """Return the rows below the header of the first sheet. Raises DataError and MissingExtra.

    An empty cell is None. Formulas are not computed: their cells have the values that were stored.
    """
    header, *rows = _rows(data, path) or [[]]
    names = ["" if cell is None else str(cell) for cell in header]
    if not rows or not any(names):
        raise DataError(f"{path}: the first sheet has no rows of data below a header")
    where = [f"{path} row {number}" for number in range(2, len(rows) + 2)]
    return record_table(where, [dict(zip(names, row, strict=False)) for row in rows])


def _rows(data: bytes, path: Path) -> list[Sequence[Any]]:
    """Return the cells of the rows that are not empty."""
    try:
        from openpyxl import load_workbook
        from openpyxl.utils.exceptions import InvalidFileException
    except ImportError as error:
        raise MissingExtra(f"{path}: reading .xlsx", "openpyxl", "mmbench[xlsx]") from error
    try:
        with ZipFile(BytesIO(data)) as archive:
            expanded = sum(info.file_size for info in archive.infolist())
        refuse_inflation(len(data), expanded, path, "the table")
        book = load_workbook(BytesIO(data), read_only=True, data_only=True)
        return list(_table(book.worksheets[0]))
    except (BadZipFile, InvalidFileException, *_damage()) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        raise DataError(
            f"{path} is not an Excel table that can be read ({reason}); write the table again, or"
            " give it as .tsv or .json"
        ) from error


def _table(sheet: Any) -> Iterator[Sequence[Any]]:
    """Yield the header, the first row that is not empty, and the rows below it, as wide as it.

    The size that a sheet declares may be wrong, and is ignored. Raises ValueError for more rows
    than Excel writes.
    """
    sheet.reset_dimensions()
    top = _filled(sheet.iter_rows(max_row=_HEADER_ROWS, max_col=_COLUMNS, values_only=True))
    header = next(top, ())
    width = max((n for n, cell in enumerate(header, 1) if cell is not None), default=0)
    if width:
        yield from _filled(_few(sheet.iter_rows(max_col=width, values_only=True)))


def _few(rows: Iterable[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    for number, row in enumerate(rows, 1):
        if number > _ROWS:
            raise ValueError(f"more than {_ROWS:,} rows")
        yield row


def _damage() -> tuple[type[Exception], ...]:
    """Return the exceptions of openpyxl for an archive whose parts are missing or damaged."""
    from xml.etree.ElementTree import ParseError
    from zlib import error as zlib_error

    odd = (EOFError, LookupError, ValueError, TypeError, AttributeError, NotImplementedError)
    return (ParseError, zlib_error, *odd)


def _filled(rows: Iterator[Sequence[Any]]) -> Iterator[Sequence[Any]]:
    return (row for row in rows if any(cell is not None for cell in row))
