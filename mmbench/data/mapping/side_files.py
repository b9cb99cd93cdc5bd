"""Further files of published annotations: names of media files, further columns, and references."""

from __future__ import annotations

from pathlib import Path

from msgspec import Struct

from mmbench.data.mapping.patterns import fill_pattern, read_ids
from mmbench.data.readers.annotation_files import TableFormat, read_rows
from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.json_files import decode_json
from mmbench.data.readers.records import parse_text
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import text_lines
from mmbench.errors import DataError
from mmbench.text import count, listed, part_of, plain


class NameFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The data option `names`: a file of lines NAME KEY that adds a column `name` to the rows.

    `key` is a pattern with columns in braces. The pattern is filled for each row; the result is
    looked up among the KEYs, and the row gets the NAME on the same line.
    """

    file: str
    key: str


class KeyedFile(Struct, frozen=True, forbid_unknown_fields=True):
    """The data option `keyed`: JSON files {key: value}, each of which adds a column to the rows.

    `file` is next to the file of the rows. `key` is a pattern with columns in braces; the default
    is the key of the row in a JSON mapping of rows. A row whose key is not in the file is an error;
    in a file of a `subset` of the rows, it is left out.
    """

    file: str
    key: str = "{key}"
    subset: bool = False


class References(Struct, frozen=True, forbid_unknown_fields=True):
    """The data option `references`: reference texts in another entry of the same JSON file.

    `rows` is the name of the entry. Each of its rows has a reference in the column `text`; the
    column `of` has the id of the sample to which the reference belongs.
    """

    rows: str
    of: str
    text: str


def add_names(place: FileRows, option: NameFile) -> None:
    """Add the column `name`; a row without a name has None there."""
    file = _next_to(place, option.file)
    lines = text_lines(read_file(file), file) if file.is_file() else []
    known = {key: name for name, _, key in (line.partition(" ") for line in lines)}
    place.add("name", [known.get(key) for key in fill_pattern(option.key, place)])


def add_keyed(place: FileRows, column: str, option: KeyedFile) -> None:
    """Add a column, and select the rows that have an entry in a file of a `subset`.

    Raises DataError for a file that is missing, is outside the folder of the rows or is not a JSON
    mapping, and for a row without an entry in another file.
    """
    file = _next_to(place, option.file)
    if not file.is_file():
        raise DataError(f"{place.folder}: no {option.file}, the column {column}; put it there")
    cells = decode_json(read_file(file), dict[str, object], file)
    keys = fill_pattern(option.key, place)
    missing = [key for key in keys if key not in cells]
    if missing and not option.subset:
        raise DataError(
            f"{file}: no entry for {count(len(missing), 'row')} of {place.place}: {listed(missing)}"
        )
    place.add(column, [cells.get(key) for key in keys])
    place.numbers = place.numbers[[key in cells for key in keys]]


def _next_to(place: FileRows, name: str) -> Path:
    """Return the path of a file in the folder of the rows. Raises DataError for a path elsewhere.

    Symbolic links are not resolved: the cache of the hub consists of them.
    """
    if Path(name).is_absolute() or ".." in Path(name).parts:
        raise DataError(f"{place.place}: {plain(name)} is outside its folder; move the file there")
    return place.folder / name


def reference_texts(place: FileRows, ident: str, option: References) -> list[list[str]]:
    """Return the reference texts of each selected row; `ident` is the column of the row ids.

    Raises DataError for a row without a reference text.
    """
    file = Path(place.place)
    others = FileRows(file, read_rows(file, option.rows, TableFormat()))
    texts: dict[str, list[str]] = {}
    cells = others.as_texts(option.text, parse_text)
    for owner, text in zip(read_ids(option.of, others), cells, strict=True):
        texts.setdefault(owner, []).append(text)
    ids = read_ids(ident, place)
    missing = [one for one in ids if one not in texts]
    if missing:
        raise DataError(
            f"{file}: {part_of(len(missing), len(ids), 'row')} no reference text: {listed(missing)}"
        )
    return [texts[one] for one in ids]
