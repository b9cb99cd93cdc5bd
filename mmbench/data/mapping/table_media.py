"""Media in the columns image, audio, video and file of a table. Nothing is read."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from pathlib import Path

from mmbench.columns import Mappings
from mmbench.data.mapping.beside import MEDIA
from mmbench.data.mapping.media_fields import located, path_in, without_empty
from mmbench.data.mapping.unread_media import modality_by_ending, unread_columns, unread_media
from mmbench.data.readers.records import Record, column, columns_of, plain_name
from mmbench.errors import DataError
from mmbench.types import Modality

_FILE = "file"  # the column whose ending tells the modality
_Paths = dict[Modality, str | None]


def columns_of_media(record: Record) -> dict[Modality, str]:
    """Return the paths of a row, from its columns image, audio, video and `file`.

    The case of a column's name does not matter. Raises DataError for a cell that is no path, and
    for a `file` whose ending is that of no medium.
    """
    found = {name: _path(record, name) for name in MEDIA}
    file = _path(record, _FILE)
    if file:
        found[_modality(file, record)] = file
    return {name: path for name, path in found.items() if path}


def _path(record: Record, name: str) -> str | None:
    found = column(record, name)
    return path_in(record.cells[found], record.where, found) if found else None


def _modality(path: str, record: Record) -> Modality:
    modality = modality_by_ending(path)
    if modality:
        return modality
    raise DataError(
        f"{record.where}: file is {path!r}: an image, a sound or a film is needed;"
        " name the column image, audio or video where its ending does not tell"
    )


def media_of(
    records: Sequence[Record], beside: Path, source: str, optional: Collection[str] = ()
) -> Mappings:
    """Return the media of each row by modality, with paths looked for as `find_images` does.

    An empty cell is a Broken, unless its modality is `optional`. Where no row fills two of the
    columns they are alternatives, and a row needs one of them only. A row without such columns (of
    JSONL) has no media.
    """
    named = {*map(plain_name, columns_of(records))}
    if named.isdisjoint((*MEDIA, _FILE)) and not unread_columns(records, ()):
        return Mappings({}, len(records))
    paths = [columns_of_media(record) for record in records]
    alternatives = all(len(row) < 2 for row in paths)
    usual = _usual(paths)
    rows = [
        row if row and alternatives else row | _empty(record, row, usual)
        for record, row in zip(records, paths, strict=True)
    ]
    columns = {
        name: located([row.get(name) for row in rows], beside, source, name) for name in MEDIA
    }
    unread = unread_columns(records, {name for row in paths for name in row})
    return Mappings.of(
        [
            without_empty({m: columns[m][at] for m in row}, record.where, {}, optional)
            | unread_media(record, unread)
            for at, (record, row) in enumerate(zip(records, rows, strict=True))
        ]
    )


def _usual(paths: Sequence[dict[Modality, str]]) -> Modality:
    """Return the modality that an empty `file` stands for: that of the first row with a medium."""
    return next((modality for row in paths for modality in row), "image")


def _empty(record: Record, row: dict[Modality, str], usual: Modality) -> _Paths:
    """Return the columns of media whose cells are empty."""
    empty: _Paths = {name: None for name in MEDIA if column(record, name) and name not in row}
    if column(record, _FILE) and not _path(record, _FILE):
        empty |= {} if usual in row else {usual: None}
    return empty
