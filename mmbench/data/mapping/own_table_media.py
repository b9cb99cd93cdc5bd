"""Media in the columns image, audio, video and file of a table. Nothing is read.

A question whose picture is in a column `image_path`, `images` or `image_2` would be asked without
it. So its medium is broken, and says how the column should be called. Scoring outputs needs no
media and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from mmbench.columns import ABSENT, Mappings
from mmbench.data.mapping.media_columns import without_empty
from mmbench.data.mapping.media_files import locate_media
from mmbench.data.readers.folders import MEDIA, modality_by_ending
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import plain_name
from mmbench.errors import DataError
from mmbench.types import Broken, Content, Modality

_FILE = "file"  # the column whose ending tells the modality
_NAMED = re.compile(r"(image|audio|video)(s|s?_?\d+)")  # images, image_1, image1
# Their texts are ids, questions and answers, whatever they end in.
_TEXTS = frozenset({"id", "question_id", "question", "answer", "answers", "options", "group"})
_TEXTS |= frozenset({"text", "label", "labels", "rater", "rating", "system", _FILE, *MEDIA})
_EMPTY: tuple[object, ...] = (None, "", [], ABSENT)


def media_of(rows: OwnTable, optional: Collection[str] = ()) -> dict[str, Sequence[Any]]:
    """Return the media of each row by modality, with paths looked for as `find_media` does.

    An empty cell is a Broken, unless its modality is `optional`. Where no row fills two of the
    columns they are alternatives, and a row needs one of them only. A row without such columns (of
    JSONL) has no media.
    """
    if not any(map(rows.find, (*MEDIA, _FILE))) and not _unread(rows, ()):
        return {}
    paths = medium_paths(rows)
    filled = [[m for m in MEDIA if isinstance(paths[m][at], str)] for at in range(len(rows))]
    alternatives = all(len(row) < 2 for row in filled)
    # What an empty `file` stands for: the modality of the first row with a medium.
    usual: Modality = next((row[0] for row in filled if row), "image")
    unread = _unread(rows, {modality for row in filled for modality in row})
    files = rows.paths(_FILE)
    media = {
        m: locate_media(
            [p if isinstance(p, str) else None for p in cells], rows.folder, rows.place, m
        )
        for m, cells in paths.items()
    }
    found: list[dict[str, Content]] = []
    for at, row in enumerate(filled):
        wanted = set(row)
        if not row or not alternatives:
            wanted |= {m for m in MEDIA if paths[m][at] is None}
            wanted |= {usual} if files[at] is None else set()
        contents: dict[str, Content | None] = {m: media[m][at] for m in MEDIA if m in wanted}
        kept = without_empty(contents, rows.where(at), {}, optional)
        found.append(kept | _unread_media(rows, at, unread))
    return dict(Mappings.of(found).columns)


def medium_paths(rows: OwnTable) -> dict[Modality, list[Any]]:
    """Return the paths of all rows by modality: None where a cell is empty, ABSENT without one.

    They are in the columns image, audio, video, and in `file`, whose ending tells the modality.
    Raises DataError for a cell that is no path, and for an ending that is that of no medium.
    """
    paths = {modality: list(rows.paths(modality)) for modality in MEDIA}
    for at, file in enumerate(rows.paths(_FILE)):
        if isinstance(file, str):
            modality = modality_by_ending(file)
            if not modality:
                raise DataError(
                    f"{rows.where(at)}: file is {file!r}: an image, a sound or a film is needed;"
                    " name the column image, audio or video where its ending does not tell"
                )
            paths[modality][at] = file
    return paths


def _unread(rows: OwnTable, read: Collection[str]) -> dict[str, Modality]:
    """Return the columns of media beside the modalities that are `read`.

    They are so by their names, or, where no medium is read, as each of their cells that is not
    empty names a file with the ending of one medium.
    """
    found = {name: _modality(name, rows.cells(name), read) for name in rows.names()}
    return {name: modality for name, modality in found.items() if modality}


def _modality(name: str, cells: Sequence[object], read: Collection[str]) -> Modality | None:
    plain = plain_name(name)
    if named := _NAMED.fullmatch(plain):
        return next(medium for medium in MEDIA if medium == named[1])
    if read or plain in _TEXTS:
        return None
    full = (cell for cell in cells if cell not in _EMPTY)
    kinds = (modality_by_ending(cell) if isinstance(cell, str) else None for cell in full)
    first = next(kinds, None)
    return first if first and all(kind == first for kind in kinds) else None


def _unread_media(rows: OwnTable, at: int, unread: dict[str, Modality]) -> dict[str, Broken]:
    """Return a Broken for the media of a row that are not read, by modality."""
    return {
        modality: Broken(
            f"{rows.where(at)}: column {name} is not read: call it {modality} for a path in each"
            " row; the data source `rows` or `listing` reads several media of a row"
        )
        for name, modality in unread.items()
        if rows.cells(name)[at] not in _EMPTY
    }
