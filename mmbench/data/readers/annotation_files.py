"""Annotation files of published data sets: lookup of the files, their formats, and their rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, TypeVar

from msgspec import Struct

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import Record
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import csv_records, jsonl_records, record_table, without_nan
from mmbench.errors import DataError
from mmbench.validation.named_values import as_struct

Files = str | list[str] | Mapping[str, str | list[str]]

S = TypeVar("S", bound=Struct)

_SEPARATORS = {".csv": ",", ".tsv": "\t"}


class TableFormat(Struct, frozen=True, forbid_unknown_fields=True):
    """The format of a table.

    `header` lists the column names if the file has no header line; `separator` is the character
    between fields ("" for the usual separator of the file type). With `quoted`, quotes enclose
    fields, as in Excel; otherwise quotes are ordinary text. After the character `escape`, any
    character is ordinary text.
    """

    header: list[str] = []
    separator: str = ""
    quoted: bool = True
    escape: str = ""

    def __post_init__(self) -> None:
        """Raise ValueError for characters that the CSV reader does not support."""
        if self.escape and (len(self.escape) > 1 or self.escape in '\r\n"'):
            raise ValueError(
                f"escape {self.escape!r} is not one character, or is a quote or line end"
            )
        if self.separator and (len(self.separator) > 1 or self.separator in '\r\n"'):
            raise ValueError(
                f"separator {self.separator!r} is not one character, or is a quote or line end"
            )


def option_as(kind: type[S], options: Mapping[str, object], option: str) -> S:
    """Convert a data option that is a mapping to the struct type `kind`. Raises SpecError."""
    return as_struct(options, kind, f"data option {option}")


def annotation_rows(
    root: Path | None,
    files: Files,
    source: str,
    *,
    entry: str = "",
    table: Mapping[str, object] | None = None,
) -> list[FileRows]:
    """Return the rows of each of the `files` (`find_files`), one item per file.

    `source` is the data source, for messages. `entry` is the path of a JSON file's entry that holds
    the rows (`data`, or `a.b`); `table` describes the format of a table (`TableFormat`). Three
    columns are added: `row` with the row number, `part` with the name of the file in the mapping
    `files`, and, for a JSON mapping, `key` with its keys. Raises DataError for a file that is
    missing or cannot be read.
    """
    table_format = option_as(TableFormat, table or {}, "table")
    parts = find_files(root, files, source)
    return [FileRows(file, read_rows(file, entry, table_format), part) for part, file in parts]


def find_files(root: Path | None, files: Files, source: str) -> list[tuple[str, Path]]:
    """Return the name and the path of each file; the name is "" unless `files` is a mapping.

    `files` is a path, a list of paths (the first that exists is used), or a mapping {name: path or
    list}. `root` is the folder of the paths; it may also be the only file. Raises DataError for a
    missing file.
    """
    if root is None:
        raise DataError(f"data source {source} was given no data; give --data FOLDER")
    if not isinstance(files, Mapping):
        return [("", root if root.is_file() else _first(root, files))]
    if root.is_file():
        raise DataError(f"{root} is one file, but {len(files)} files are read; give --data FOLDER")
    return [(part, _first(root, names)) for part, names in files.items()]


def _first(root: Path, names: str | list[str]) -> Path:
    candidates = [names] if isinstance(names, str) else names
    for name in candidates:
        if (root / name).is_file():
            return root / name
    raise DataError(f"{root}: no {' or '.join(candidates)}; put it there, or give --data FILE")


def read_rows(file: Path, entry: str, table_format: TableFormat) -> Sequence[Record]:
    """Return the rows of a JSON, JSONL, CSV or TSV file.

    `entry` is the path of a JSON file's entry that holds the rows. Rows of a JSON mapping have
    their key in the column `key`. A CSV or TSV cell that is `nan` or `NaN` is None. Raises
    DataError.
    """
    data = read_file(file)
    suffix = file.suffix.lower()
    if suffix == ".json":
        return _json_rows(decode_json(data, object, file), file, entry)
    if suffix == ".jsonl":
        return jsonl_records(data, file)
    separator = table_format.separator or _SEPARATORS.get(suffix, "")
    if not separator:
        raise DataError(f"{file}: unknown format; give a .json, .jsonl, .csv or .tsv file")
    records = csv_records(
        data,
        file,
        separator,
        header=table_format.header,
        quoted=table_format.quoted,
        escape=table_format.escape,
    )
    return without_nan(records)


def _json_rows(content: Any, file: Path, entry: str) -> Sequence[Record]:
    for name in filter(None, entry.split(".")):
        if not isinstance(content, dict) or name not in content:
            raise DataError(f"{file}: no entry {entry!r}; check data option `rows`")
        content = content[name]
    place = f"{file}: {entry or '$'}"
    if isinstance(content, dict):
        content = [
            {"key": k, **row} if isinstance(row, dict) else row for k, row in content.items()
        ]
    if not isinstance(content, list):
        raise DataError(f"{place} is neither a list nor a mapping of rows")
    for number, row in enumerate(content):
        if not isinstance(row, dict):
            raise DataError(f"{place}[{number}] is not a mapping of columns to values")
    return record_table([f"{place}[{number}]" for number in range(len(content))], content)
