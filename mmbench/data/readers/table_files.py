"""Rows of CSV, TSV, JSONL and JSON files, stored as columns, with the place of each row.

Files are UTF-8, or UTF-16 or UTF-32 with a byte order mark. CSV and TSV have a header and use
quotes as Excel does; a CSV without a comma in its header may have tabs or semicolons. JSON is a
list of objects, or a mapping of ids to objects. If a column name occurs several times in the
header, each row gets a list of its non-empty cells in these columns.
"""

from __future__ import annotations

import csv
from array import array
from collections.abc import Callable, Iterator, Mapping, Sequence
from functools import partial
from io import BytesIO, TextIOWrapper
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import msgspec

from mmbench.columns import Mapped, Mappings, Table, Texts, concatenate_mappings, pack
from mmbench.data.readers.file_bytes import decode_text, read_file
from mmbench.data.readers.folders import entries, only_file
from mmbench.data.readers.json_files import decode_json, may_hide_colons
from mmbench.data.readers.records import Record, plain_name
from mmbench.errors import DataError
from mmbench.text import count

if TYPE_CHECKING:
    from _csv import Reader

TABLES = (".csv", ".tsv", ".jsonl", ".json")
_LONGEST = 2**31 - 1  # largest number of characters of a cell; a C long on all systems
_NAN = ("nan", "NaN")  # missing cells, as pandas and numpy write them
_BLOCK = 1 << 20  # bytes of lines decoded at a time
_ROWS = 1 << 13  # rows decoded at a time

_FLAT = msgspec.json.Decoder(dict[str, object])


def read_records(path: Path, value: str = "") -> Sequence[Record]:
    """Return the rows of a table. A CSV or TSV cell that is `nan` or `NaN` is None.

    A JSON mapping may map ids to values that are not objects; `value` is then the name of the
    column of these values. Raises DataError for a file that cannot be read or has no rows.
    """
    if path.suffix.lower() == ".json":
        return _refuse_empty(json_records(read_file(path), path, value), path)
    records = parse_records(read_file(path), path)
    return records if path.suffix.lower() == ".jsonl" else without_nan(records)


def without_nan(records: Table[Record]) -> Table[Record]:
    """Return rows with None instead of the strings `nan` and `NaN`; lists lose these strings."""
    cells = records.columns["cells"]
    assert isinstance(cells, Mappings)
    columns = {name: _without_nan(column) for name, column in cells.columns.items()}
    return records.with_columns(cells=Mappings(columns, len(records)))


def _no_nan(cell: object) -> object:
    if isinstance(cell, list):
        return [c for c in cell if c not in _NAN]
    return None if cell in _NAN else cell


def _without_nan(column: Sequence[object]) -> Sequence[object]:
    import pyarrow as pa
    import pyarrow.compute as pc

    if not isinstance(column, Texts):
        return pack(list(map(_no_nan, column)))
    there = pc.is_in(column.array, value_set=pa.array(_NAN, pa.large_string()))
    return Texts(pc.if_else(there, None, column.array)) if pc.any(there).as_py() else column


def parse_records(data: bytes, path: Path) -> Table[Record]:
    """Return the rows in the bytes of a file, in the format that the extension of `path` implies.

    Raises DataError.
    """
    return _refuse_empty(_READERS[path.suffix.lower()](data, path), path)


def _refuse_empty(records: Table[Record], path: Path) -> Table[Record]:
    if not records:
        raise DataError(f"{path}: no rows of data")
    return records


def record_table(where: Sequence[str], rows: Sequence[Mapping[str, object]]) -> Table[Record]:
    """Return a table of records from mappings {column: value}.

    `where` gives the place of each row for messages.
    """
    return Table(Record, {"where": where, "cells": Mappings.from_rows(rows)})


def jsonl_records(data: bytes, path: Path) -> Table[Record]:
    """Return the rows of JSON lines, one object per line; empty lines are skipped."""
    numbers, blocks = array("q"), []
    for start, block in _blocks(data):
        lines = block.split(b"\n")
        full = [number for number, line in enumerate(lines, start) if line.strip()]
        rows = _flat_rows(block, len(full))
        if rows is None:
            numbered = ((number, lines[number - start]) for number in full)
            rows = [decode_json(one, dict[str, object], path, line=n) for n, one in numbered]
        numbers.extend(full)
        blocks.append(Mappings.from_rows(rows))
    return Table(Record, {"where": _lines(path, numbers), "cells": concatenate_mappings(blocks)})


def _blocks(data: bytes) -> Iterator[tuple[int, bytes]]:
    """Yield parts of a file that end at line ends, each with the number of its first line in the
    file.
    """
    at, number = 0, 1
    while at < len(data):
        end = data.find(b"\n", at + _BLOCK) + 1 or len(data)
        yield number, data[at:end]
        number += data.count(b"\n", at, end)
        at = end


def _flat_rows(block: bytes, n: int) -> list[dict[str, object]] | None:
    """Return the objects in n JSON lines, decoded at once, if they hold no objects or lists.

    Return None if a line may be invalid or hold nested values: the caller then decodes line by
    line.
    """
    if block.count(b"{") != n or b"[" in block or may_hide_colons(block):
        return None
    try:
        rows = _FLAT.decode_lines(block)
    except ValueError:
        return None
    colons = msgspec.json.Encoder().encode_lines(rows).count(b":")
    return rows if len(rows) == n and block.count(b":") == colons else None


def _lines(path: Path, numbers: Sequence[int]) -> Mapped[str]:
    return Mapped(f"{path} line ".__add__, Mapped(str, numbers))


def json_records(data: bytes, path: Path, value: str = "") -> Table[Record]:
    """Return the rows of a JSON list of objects, or of a JSON mapping with ids as keys.

    The values of the mapping are objects, or values for the column `value`. JSON lines are
    recognised under any file name. Raises DataError for duplicate ids, and for other JSON.
    """
    if is_json_lines(data):
        return jsonl_records(data, path)
    content = decode_json(data, object, path)
    where: Sequence[str]
    rows: list[object]
    if isinstance(content, dict) and is_single_record(content, value):
        where, rows = [f"{path} line 1"], [content]
    elif isinstance(content, dict):
        where = [f"{path}: {key!r}" for key in content]
        rows = [_keyed(key, row, value) for key, row in content.items()]
    else:
        rows = content if isinstance(content, list) else [content]
        where = Mapped(f"{path}: $[{{}}]".format, range(len(rows)))
    for place, row in zip(where, rows, strict=True):
        if not isinstance(row, dict):
            raise DataError(f"{place} is not an object of columns and values")
    return record_table(where, [row for row in rows if isinstance(row, dict)])


def is_json_lines(data: bytes) -> bool:
    """Return whether the first line is a complete JSON object and more lines follow."""
    start = len(data) - len(data.lstrip())
    end = data.find(b"\n", start)
    first = data[start:end].rstrip()
    return end >= 0 and first.startswith(b"{") and first.endswith(b"}") and bool(data[end:].strip())


def is_mapping(data: bytes) -> bool:
    """Return whether JSON is a single object, and neither a list nor JSON lines."""
    return data.lstrip().startswith(b"{") and not is_json_lines(data)


def is_single_record(content: dict[str, object], value: str) -> bool:
    """Return whether a JSON object is the only row of its file; otherwise it maps ids to rows.

    A row has an id column and the column `value`. If `value` is "", an object is a row if none of
    its values is an object.
    """
    names = set(map(plain_name, content))
    if value:
        ids = {"id", "question_id", "image_id", "utt_id", "audio_filepath"}
        return value in names and bool(names & ids)
    return bool(content) and not any(isinstance(one, dict) for one in content.values())


def _keyed(key: str, row: object, value: str) -> object:
    if isinstance(row, dict):
        return {"id": key, **row}
    return {"id": key, value: row} if value else row


def csv_records(
    data: bytes,
    path: Path,
    delimiter: str = ",",
    *,
    header: Sequence[str] = (),
    quoted: bool = True,
    escape: str = "",
    padded: bool = False,
) -> Table[Record]:
    """Return the rows below the header line, or all rows if `header` gives the column names.

    With `quoted`, quotes enclose fields; after the character `escape`, if it is not "", any
    character is text; with `padded`, a space before each field is removed. The
    limit of 131,072 characters per cell in the csv module is raised, because images in base64 and
    repetitive model outputs exceed it; this limit is global to the process. Raises DataError for a
    row with more or fewer cells than the header.
    """
    decode_text(data, path)
    csv.field_size_limit(_LONGEST)
    reader = csv.reader(
        TextIOWrapper(BytesIO(data), "utf-8", newline=""),
        delimiter=delimiter,
        quoting=csv.QUOTE_MINIMAL if quoted else csv.QUOTE_NONE,
        escapechar=escape or None,
        strict=quoted,
        skipinitialspace=padded,
    )
    numbers, blocks = array("q"), []
    try:
        names = list(header) or next(reader, [])
        if not names:
            raise DataError(f"{path}: no header line with column names")
        needed = f"{len(names)} are needed" if header else f"the header has {len(names)}"
        next_rows = partial(_cells_of, reader, len(names), needed, path, numbers)
        while rows := list(islice(next_rows(), _ROWS)):
            blocks.append(_by_name(names, rows))
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: {error}") from error
    return Table(Record, {"where": _lines(path, numbers), "cells": concatenate_mappings(blocks)})


def _cells_of(
    reader: Reader, width: int, needed: str, path: Path, numbers: array[int]
) -> Iterator[list[str]]:
    """Yield the cells of each non-empty line, and append its line number to `numbers`.

    Raises DataError for a line that does not have `width` cells; `needed` is the phrase in the
    message that says what a line must have.
    """
    for cells in reader:
        if len(cells) == width:
            numbers.append(reader.line_num)
            yield cells
        elif cells:
            raise DataError(
                f"{path} line {reader.line_num} has {count(len(cells), 'field')}, but {needed};"
                " put quotes around a field that holds the separator"
            )


def _csv_records(data: bytes, path: Path) -> Table[Record]:
    """Return the rows of a CSV file with commas, or with the separator that its header has instead.

    open_clip expects tabs in .csv files by default (mlfoundations/open_clip
    src/open_clip_train/params.py `--csv-separator`; commit 000ca0a), and spreadsheets write
    semicolons where the comma is the decimal sign.
    """
    header = data.partition(b"\n")[0]
    others = [one for one in ("\t", ";") if one.encode() in header and b"," not in header]
    return csv_records(data, path, *others[:1])


_READERS: dict[str, Callable[[bytes, Path], Table[Record]]] = {
    ".csv": _csv_records,
    ".tsv": partial(csv_records, delimiter="\t"),
    ".jsonl": jsonl_records,
    ".json": json_records,
}


def _by_name(header: list[str], rows: list[list[str]]) -> Mappings:
    """Return rows of cells as columns; a column name that occurs repeatedly has lists of cells."""
    columns: dict[str, list[Sequence[str]]] = {}
    for name, cells in zip(header, zip(*rows, strict=True), strict=True):
        columns.setdefault(name, []).append(cells)
    return Mappings(
        {
            name: pack(cells[0])
            if len(cells) == 1
            else [[one for one in row if one] for row in zip(*cells, strict=True)]
            for name, cells in columns.items()
        },
        len(rows),
    )


def find_file(root: Path | None, source: str, suffixes: Sequence[str] = TABLES) -> Path:
    """Return the file `root`, or the only file in the folder `root` with one of these extensions.

    A .json file counts only if there is no other file: many folders have a .json that is not a
    table. Raises DataError, which names the data source `source` and says what to give.
    """
    kinds = ", ".join(suffixes)
    if root is None or not root.exists():
        problem = f"{root}: no such file" if root else f"data source {source} was given no data"
        raise DataError(f"{problem}; give --data FILE ({kinds}), or a folder with one such file")
    files = [root] if root.is_file() else entries(root)
    matching = [file for file in files if file.suffix.lower() in suffixes]
    matching = [file for file in matching if file.suffix.lower() != ".json"] or matching
    needed = f"no file that ends in one of {kinds}; give --data FILE"
    return only_file(root, matching, needed)


def text_lines(data: bytes, path: Path) -> list[str]:
    """Return the lines of a text file without their line ends (LF or CR LF)."""
    lines = decode_text(data, path).split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]
