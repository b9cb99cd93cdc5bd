"""The files of the data source `listing`: which they are, and their rows."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping
from io import StringIO
from pathlib import Path
from typing import TypeVar

from msgspec import Struct

from mmbench.data.readers.csv_reader import csv_reader
from mmbench.data.readers.json_files import decode_json, decode_text, read_file
from mmbench.data.readers.records import Record
from mmbench.data.readers.table_files import jsonl_records, without_nan
from mmbench.errors import DataError
from mmbench.text import count
from mmbench.validation.named_values import as_struct

Files = str | list[str] | Mapping[str, str | list[str]]

S = TypeVar("S", bound=Struct)

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


class Table(Struct, frozen=True, forbid_unknown_fields=True):
    """How a table is written: the names of its columns where it has no header, its separator.

    `quoted` says whether quotes enclose fields, as Excel does it, or are text as any other.
    """

    header: list[str] = []
    separator: str = ""
    quoted: bool = True

    def __post_init__(self) -> None:
        """Refuse a separator that the reader of CSV does not take, with a ValueError."""
        if self.separator and (len(self.separator) > 1 or self.separator in '\r\n"'):
            raise ValueError(f"separator {self.separator!r} is not one character of its own")


def option_as(kind: type[S], given: Mapping[str, object], option: str) -> S:
    """A data option that is a mapping, as this kind of one. Raises SpecError."""
    return as_struct(given, kind, f"data option {option}")


def find_files(root: Path | None, files: Files, source: str) -> list[tuple[str, Path]]:
    """Part and path of each file; the part is empty but for a mapping of parts to files.

    Of a list the first that is there counts. `root` may be the file itself. Raises DataError.
    """
    if root is None:
        raise DataError(f"data source {source} was given no data: give --data FOLDER")
    if not isinstance(files, Mapping):
        return [("", root if root.is_file() else _first(root, files))]
    if root.is_file():
        raise DataError(f"{root}: is one file, and {len(files)} are read: give --data FOLDER")
    return [(part, _first(root, names)) for part, names in files.items()]


def _first(root: Path, names: str | list[str]) -> Path:
    wanted = [names] if isinstance(names, str) else names
    for name in wanted:
        if (root / name).is_file():
            return root / name
    raise DataError(f"{root}: has no {' or '.join(wanted)}: put it there, or give --data FILE")


def read_rows(file: Path, rows: str, table: Table) -> list[Record]:
    """The rows of a JSON, JSONL, CSV or TSV file, of JSON those in the entry `rows`.

    Rows of a JSON mapping have their key in the column `key`; a cell of a table that is `nan` or
    `NaN` is None. Raises DataError.
    """
    data = read_file(file)
    suffix = file.suffix.lower()
    if suffix == ".json":
        return list(_json_rows(decode_json(data, object, file), file, rows))
    if suffix == ".jsonl":
        return list(jsonl_records(data, file))
    if suffix not in _SEPARATORS and not table.separator:
        raise DataError(f"{file}: a file is needed that ends in .json, .jsonl, .csv or .tsv")
    return list(_table_rows(decode_text(data, file), file, table))


def _json_rows(found: object, file: Path, rows: str) -> Iterator[Record]:
    for name in filter(None, rows.split(".")):
        if not isinstance(found, dict) or name not in found:
            raise DataError(f"{file}: has no entry {rows!r}")
        found = found[name]
    place = f"{file}: {rows or '$'}"
    if isinstance(found, dict):
        found = [_keyed(key, row) for key, row in found.items()]
    if not isinstance(found, list):
        raise DataError(f"{place}: a list of rows is needed, or a mapping of them")
    for number, row in enumerate(found):
        if not isinstance(row, dict):
            raise DataError(f"{place}[{number}]: a mapping of columns to values is needed")
        yield Record(f"{place}[{number}]", row)


def _keyed(key: str, row: object) -> object:
    return {"key": key, **row} if isinstance(row, dict) else row


def _table_rows(text: str, file: Path, table: Table) -> Iterator[Record]:
    separator = table.separator or _SEPARATORS[file.suffix.lower()]
    lines = csv_reader(
        StringIO(text, newline=""),
        delimiter=separator,
        quoted=table.quoted,
        strict=table.quoted,
    )
    try:
        header = table.header or next(lines, [])
        for cells in lines:
            where = f"{file} line {lines.line_num}"
            if cells and len(cells) != len(header):
                raise DataError(
                    f"{where}: {count(len(cells), 'field')} where {len(header)} are needed"
                )
            if cells:
                yield Record(where, without_nan(dict(zip(header, cells, strict=True))))
    except csv.Error as error:
        raise DataError(f"{file} line {lines.line_num}: {error}") from error
