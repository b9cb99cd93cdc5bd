"""Media in the columns image, audio, video and file of a table. Nothing is read.

A question whose picture is in a column `image_path`, `images` or `image_2` would be asked without
it. So its medium is broken, and says how the column should be called. Scoring outputs needs no
media and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from mmbench.columns import Mappings, names_in
from mmbench.columns import column as field_of
from mmbench.data.mapping.media_columns import without_empty
from mmbench.data.mapping.media_files import located
from mmbench.data.readers.folders import MEDIA, modality_by_ending
from mmbench.data.readers.records import (
    Record,
    cells_of,
    column,
    columns_of,
    converted,
    path_in,
    plain_name,
)
from mmbench.errors import DataError
from mmbench.types import Broken, Modality

_FILE = "file"  # the column whose ending tells the modality
_NAMED = re.compile(r"(image|audio|video)(s|s?_?\d+)")  # images, image_1, image1
# Their texts are ids, questions and answers, whatever they end in.
_TEXTS = frozenset({"id", "question_id", "question", "answer", "answers", "options", "group"})
_TEXTS |= frozenset({"text", "label", "labels", "rater", "rating", "system", _FILE, *MEDIA})

_Paths = dict[Modality, str | None]


def media_of(
    records: Sequence[Record], beside: Path, source: str, optional: Collection[str] = ()
) -> Mappings:
    """Return the media of each row by modality, with paths looked for as `find_media` does.

    An empty cell is a Broken, unless its modality is `optional`. Where no row fills two of the
    columns they are alternatives, and a row needs one of them only. A row without such columns (of
    JSONL) has no media.
    """
    named = {*map(plain_name, columns_of(records))}
    if named.isdisjoint((*MEDIA, _FILE)) and not _unread_columns(records, ()):
        return Mappings({}, len(records))
    paths = [columns_of_media(record) for record in records]
    alternatives = all(len(row) < 2 for row in paths)
    # What an empty `file` stands for: the modality of the first row with a medium.
    usual: Modality = next((modality for row in paths for modality in row), "image")
    rows = [
        row if row and alternatives else row | _empty(record, row, usual)
        for record, row in zip(records, paths, strict=True)
    ]
    columns = {
        name: located([row.get(name) for row in rows], beside, source, name) for name in MEDIA
    }
    unread = _unread_columns(records, {name for row in paths for name in row})
    return Mappings.of(
        [
            without_empty({m: columns[m][at] for m in row}, record.where, {}, optional)
            | _unread_media(record, unread)
            for at, (record, row) in enumerate(zip(records, rows, strict=True))
        ]
    )


def columns_of_media(record: Record) -> dict[Modality, str]:
    """Return the paths of a row, from its columns image, audio, video and `file`.

    The case of a column's name does not matter. Raises DataError for a cell that is no path, and
    for a `file` whose ending is that of no medium.
    """
    found = {name: _path(record, name) for name in MEDIA}
    if file := _path(record, _FILE):
        modality = modality_by_ending(file)
        if not modality:
            raise DataError(
                f"{record.where}: file is {file!r}: an image, a sound or a film is needed; name the"
                " column image, audio or video where its ending does not tell"
            )
        found[modality] = file
    return {name: path for name, path in found.items() if path}


def _path(record: Record, name: str) -> str | None:
    found = column(record, name)
    return converted(path_in, record.cells[found], f"{record.where}: {found}") if found else None


def _empty(record: Record, row: Mapping[Modality, str], usual: Modality) -> _Paths:
    """Return the columns of media whose cells are empty."""
    empty: _Paths = {name: None for name in MEDIA if column(record, name) and name not in row}
    if column(record, _FILE) and not _path(record, _FILE):
        empty |= {} if usual in row else {usual: None}
    return empty


def _unread_columns(records: Sequence[Record], read: Collection[str]) -> dict[str, Modality]:
    """Return the columns of media beside the modalities that are `read`.

    They are so by their names, or, where no medium is read, as each of their cells that is not
    empty names a file with the ending of one medium.
    """
    names = names_in(field_of(records, "cells"))
    found = {name: _modality(name, cells_of(records, name), read) for name in names}
    return {name: modality for name, modality in found.items() if modality}


def _modality(name: str, cells: Sequence[object], read: Collection[str]) -> Modality | None:
    plain = plain_name(name)
    if named := _NAMED.fullmatch(plain):
        return next(medium for medium in MEDIA if medium == named[1])
    if read or plain in _TEXTS:
        return None
    full = (cell for cell in cells if cell not in (None, ""))
    kinds = (modality_by_ending(cell) if isinstance(cell, str) else None for cell in full)
    first = next(kinds, None)
    return first if first and all(kind == first for kind in kinds) else None


def _unread_media(record: Record, unread: Mapping[str, Modality]) -> dict[str, Broken]:
    """Return a Broken for the media of a row that are not read, by modality."""
    return {
        modality: Broken(
            f"{record.where}: column {name} is not read: call it {modality} for a path in each row;"
            " the data source `rows` or `listing` reads several media of a row"
        )
        for name, modality in unread.items()
        if record.cells.get(name) not in (None, "", [])
    }
