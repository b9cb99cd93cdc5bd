"""Rows of CSV, TSV, JSONL and JSON files, with the place of each, and what cells may hold.

Texts are UTF-8, or UTF-16 with a byte order mark. CSV and TSV have a header and are quoted as Excel
does it. JSON is a list of objects or a mapping of ids to them. A name that stands several times in
the header is a column of lists: of the cells of a row that are not empty.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from functools import lru_cache
from io import StringIO
from pathlib import Path
from reprlib import repr
from typing import NamedTuple

from mmbench.data.csv_reader import csv_reader
from mmbench.data.jsonfile import decode_json, decode_text, read_file
from mmbench.data.system_names import entries
from mmbench.errors import DataError
from mmbench.text import count, listed

TABLES = (".csv", ".tsv", ".jsonl", ".json")
_NAN = ("nan", "NaN")  # as pandas and numpy write a cell that is missing

_NEXT_WORD = re.compile(r"(?<=[a-z])(?=[A-Z])")  # in questionId


class Record(NamedTuple):
    """A row: where it stands, as errors call it, and its cells by column."""

    where: str
    cells: dict[str, object]


def read_records(path: Path, value: str = "") -> list[Record]:
    """Return the rows of a table. A cell of a CSV or TSV that is `nan` or `NaN` is None.

    `value` is the column of what a JSON mapping has for an id where that is no object. Raises
    DataError, also where there is no row.
    """
    if path.suffix.lower() == ".json":
        return _rows(json_records(read_file(path), path, value), path)
    records = parse_records(read_file(path), path)
    if path.suffix.lower() == ".jsonl":
        return records
    return [Record(record.where, without_nan(record.cells)) for record in records]


def without_nan(cells: dict[str, object]) -> dict[str, object]:
    """Return the cells of a row of text, None for `nan` and `NaN`; a list loses them."""
    return {
        name: [c for c in cell if c not in _NAN]
        if isinstance(cell, list)
        else None
        if cell in _NAN
        else cell
        for name, cell in cells.items()
    }


def parse_records(data: bytes, path: Path) -> list[Record]:
    """The rows in the bytes of a file that is called `path`."""
    return _rows(_READERS[path.suffix.lower()](data, path), path)


def _rows(found: Iterable[Record], path: Path) -> list[Record]:
    records = list(found)
    if not records:
        raise DataError(f"{path}: has no line of data")
    return records


def jsonl_records(data: bytes, path: Path) -> Iterator[Record]:
    """One JSON object a line; empty lines are nothing."""
    for number, line in enumerate(data.split(b"\n"), start=1):
        if line.strip():
            cells = decode_json(line, dict[str, object], path, line=number)
            yield Record(f"{path} line {number}", cells)


def json_records(data: bytes, path: Path, value: str = "") -> Iterator[Record]:
    """Yield the rows of a list of objects, or of a mapping of ids to objects or to a `value`.

    A file of JSON lines, or of one, is read as such whatever it is called. Raises DataError for an
    id that stands twice, and for JSON of another shape.
    """
    if is_json_lines(data):
        yield from jsonl_records(data, path)
        return
    content = decode_json(data, object, path)
    rows: list[tuple[str, object]]
    if isinstance(content, dict) and is_single_record(content, value):
        rows = [(f"{path} line 1", content)]
    elif isinstance(content, dict):
        rows = [(f"{path}: {key!r}", _keyed(key, row, value)) for key, row in content.items()]
    else:
        found = content if isinstance(content, list) else [content]
        rows = [(f"{path}: $[{number}]", row) for number, row in enumerate(found)]
    for where, row in rows:
        if not isinstance(row, dict):
            raise DataError(f"{where}: an object of columns and values is needed")
        yield Record(where, row)


def is_json_lines(data: bytes) -> bool:
    """Whether the first line is a JSON object of its own, and not the only line."""
    first, _, rest = data.strip().partition(b"\n")
    return first.startswith(b"{") and first.rstrip().endswith(b"}") and bool(rest)


def is_mapping(data: bytes) -> bool:
    """Whether JSON is one object: neither a list nor objects a line."""
    return data.lstrip().startswith(b"{") and not is_json_lines(data)


def is_single_record(content: dict[str, object], value: str) -> bool:
    """Whether a JSON object is a row of its own, the only line of a file, and no mapping of ids.

    Such a row has a column of ids and one called `value`, or, where no value is named, no cell that
    is an object.
    """
    names = set(map(plain_name, content))
    if value:
        return value in names and bool(names & {"id", "question_id", "image_id", "utt_id"})
    return bool(content) and not any(isinstance(one, dict) for one in content.values())


def _keyed(key: str, row: object, value: str) -> object:
    if isinstance(row, dict):
        return {"id": key, **row}
    return {"id": key, value: row} if value else row


def csv_records(data: bytes, path: Path, delimiter: str = ",") -> Iterator[Record]:
    """The rows below the header. Raises DataError for a row with more or fewer cells."""
    text = StringIO(decode_text(data, path), newline="")
    reader = csv_reader(text, delimiter=delimiter, strict=True)
    try:
        header = next(reader, [])
        if not header:
            raise DataError(f"{path}: has no header line to name its columns")
        for cells in reader:
            where = f"{path} line {reader.line_num}"
            if len(cells) == len(header):
                yield Record(where, _by_name(header, cells))
            elif cells:
                raise DataError(
                    f"{where}: {count(len(cells), 'field')} where the header has {len(header)}:"
                    " put quotes around a field that holds the separator"
                )
    except csv.Error as error:
        raise DataError(f"{path} line {reader.line_num}: {error}") from error


def _tsv_records(data: bytes, path: Path) -> Iterator[Record]:
    return csv_records(data, path, "\t")


_READERS = {
    ".csv": csv_records,
    ".tsv": _tsv_records,
    ".jsonl": jsonl_records,
    ".json": json_records,
}


def _by_name(header: list[str], cells: list[str]) -> dict[str, object]:
    row: dict[str, object] = dict(zip(header, cells, strict=True))
    if len(row) == len(header):
        return row
    for name in {name for name in header if header.count(name) > 1}:
        row[name] = [c for n, c in zip(header, cells, strict=True) if n == name and c]
    return row


@lru_cache(maxsize=4096)
def plain_name(name: str) -> str:
    """Return a column's name as names are compared: `Image-ID`, `imageId` are `image_id`."""
    words = _NEXT_WORD.sub("_", name.strip())
    return words.casefold().replace(" ", "_").replace("-", "_")


def column(record: Record, name: str) -> str | None:
    """Return the name of the column in this row, whatever its case; None if there is none.

    Raises DataError if several columns have this name and none is written exactly so.
    """
    if name in record.cells:
        return name
    same = _by_plain_name(tuple(record.cells)).get(plain_name(name), [])
    if len(same) > 1:
        raise DataError(f"{record.where}: has columns {listed(same)}: keep one as {name}")
    return same[0] if same else None


@lru_cache(maxsize=64)  # the rows of a file have the same columns
def _by_plain_name(columns: tuple[str, ...]) -> dict[str, list[str]]:
    """Return the columns by their plain names."""
    named: dict[str, list[str]] = {}
    for name in columns:
        named.setdefault(plain_name(name), []).append(name)
    return named


def cell(record: Record, name: str) -> object:
    """Return the value in the column of this name, None if there is no such column."""
    found = column(record, name)
    return None if found is None else record.cells[found]


def first_of(record: Record, names: Sequence[str], what: str) -> str:
    """Return the first of these columns that the row has. Raises DataError where it has none."""
    for name in names:
        found = column(record, name)
        if found is not None:
            return found
    raise DataError(
        f"{record.where}: has no {what}: one of {', '.join(names)} is needed beside"
        f" {listed(record.cells) or 'nothing'}"
    )


def only_of(record: Record, names: Sequence[str], what: str) -> str:
    """Return the one of these columns that the row has; columns with one value count as one.

    Raises DataError for none, and for several that hold different values: which of them is meant is
    not guessed.
    """
    found = [name for name in (column(record, name) for name in names) if name is not None]
    full = [name for name in found if record.cells[name] not in (None, "", [])]
    if any(record.cells[name] != record.cells[full[0]] for name in full[1:]):
        raise DataError(
            f"{record.where}: {what} could be in {listed(full)}, which differ: rename or remove"
            " all but one"
        )
    return full[0] if full else first_of(record, names, what)


def text_id(record: Record, names: Sequence[str] = ("id",)) -> str:
    """The id of a row: a text that is not empty, or a whole number as its decimal text."""
    name = first_of(record, names, "id")
    return as_id(record.cells[name], f"{record.where}: {name}")


def as_id(value: object, what: str) -> str:
    """A value as an id. Raises DataError, which names `what` it is."""
    if isinstance(value, str | int) and not isinstance(value, bool) and value != "":
        return str(value)
    raise DataError(f"{what} is {shown(value)}: a whole number or a text is needed")


def shown(value: object) -> str:
    """Return a value for a message; `missing` for null and for a cell that holds nothing."""
    return "missing" if value is None else repr(value)


def text_of(record: Record, name: str) -> str:
    """The text in a column; a number is its decimal text. Raises DataError for all else."""
    value = cell(record, name)
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        return str(value)
    raise DataError(f"{record.where}: {name} is {shown(value)}: a text is needed")


def number_of(record: Record, name: str) -> float:
    """The finite number in a column. Raises DataError for all else."""
    value = cell(record, name)
    number = float("nan")
    if isinstance(value, str | int | float) and not isinstance(value, bool):
        with suppress(ValueError, OverflowError):
            number = float(value)
    if number - number != 0:
        raise DataError(f"{record.where}: {name} is {shown(value)}: a number is needed")
    return number


def optional(record: Record, name: str) -> str:
    """The text in a column, empty where the column or its value is not there."""
    return "" if cell(record, name) is None else text_of(record, name)


def tags_of(record: Record, used: Collection[str]) -> dict[str, str]:
    """The columns that are not `used` and hold one text, number, true or false."""
    tags = {}
    for name, value in record.cells.items():
        free = name and name not in used and plain_name(name) not in used
        if free and isinstance(value, str | int | float) and value != "":
            tags[name] = str(value).lower() if isinstance(value, bool) else str(value)
    return tags


def find_file(root: Path | None, source: str, suffixes: Sequence[str] = TABLES) -> Path:
    """The file that `root` is, or the only one in it with one of these endings.

    A .json counts where there is no other: many folders have one that is no table. Raises DataError
    that names the data `source` and says what to give.
    """
    kinds = ", ".join(suffixes)
    if root is None or not root.exists():
        given = f"{root}: no such file" if root else f"data source {source} was given no data"
        raise DataError(f"{given}: give --data FILE ({kinds}), or a folder that holds one")
    files = [root] if root.is_file() else entries(root)
    found = [file for file in files if file.suffix.lower() in suffixes]
    found = [file for file in found if file.suffix.lower() != ".json"] or found
    if not found:
        raise DataError(f"{root}: a file is needed that ends in one of {kinds}: give --data FILE")
    if len(found) > 1:
        names = listed(file.name for file in found)
        raise DataError(f"{root}: which of {names}? Give the file itself: --data {found[0]}")
    return found[0]


def text_lines(data: bytes, path: Path) -> list[str]:
    """The lines of a text file, without their ends (LF or CR LF); what follows the last is none."""
    lines = decode_text(data, path).split("\n")
    return [line.removesuffix("\r") for line in (lines if lines[-1] else lines[:-1])]
