"""Media in the columns image, audio, video and file of a table. No file is opened.

Images in a column with another name (`image_path`, `images`, `image_2`) are not read, and the model
would answer without them. The image of such a row is therefore an InvalidContent, with a message
that says how to name the column. Scoring of outputs needs no media and continues.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from typing import Any

from mmbench.columns import ABSENT, patch_rows
from mmbench.data.mapping.media_columns import located_media
from mmbench.data.readers.folders import MEDIA, as_modality, modality_by_ending
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import plain_name
from mmbench.errors import DataError
from mmbench.types import InvalidContent, Modality

_FILE = "file"  # the column of files with any modality
_NAMED = re.compile(r"(image|audio|video)(s|s?_?\d+)")  # images, image_1, image1
# Columns of ids, questions, answers and the like, even if their cells end like a file name.
_TEXTS = frozenset({"id", "question_id", "question", "answer", "answers", "options", "group"})
_TEXTS |= frozenset({"text", "label", "labels", "rater", "rating", "system", _FILE, *MEDIA})
_EMPTY: tuple[object, ...] = (None, "", [], ABSENT)


def media_by_modality(rows: OwnTable, optional: Collection[str] = ()) -> dict[str, Sequence[Any]]:
    """Return the media items of each row by modality; paths are searched by `find_media`.

    An empty cell becomes an InvalidContent, unless its modality is `optional`. If no row has values
    in two of the columns, the columns are alternatives: a row needs a value in only one of them. A
    JSONL row without these columns has no media.
    """
    if not any(map(rows.find, (*MEDIA, _FILE))) and not _unread(rows, ()):
        return {}
    paths = medium_paths(rows)
    filled = [[m for m in MEDIA if not _is_empty(paths[m][at])] for at in range(len(rows))]
    alternatives = all(len(row) < 2 for row in filled)
    # An empty cell in the column `file` counts as an empty cell of this modality, which is the
    # modality of the first row with a path.
    usual: Modality = next((row[0] for row in filled if row), "image")
    for at, file in enumerate(rows.paths(_FILE)):
        if file is None and usual not in filled[at]:
            paths[usual][at] = None
    for at, row in enumerate(filled):
        for modality in MEDIA if row and alternatives else ():
            if modality not in row:
                paths[modality][at] = ABSENT
    media = located_media(rows, paths, {m: m for m in MEDIA}, {}, optional)
    unread = _unread(rows, {modality for row in filled for modality in row})
    for name, modality in unread.items():
        cells = rows.media(name, modality) if rows.content_type(name) else rows.cells(name)
        full = [at for at, cell in enumerate(cells) if not _is_empty(cell)]
        broken = {at: _unread_medium(rows.where(at), name, modality) for at in full}
        media[modality] = patch_rows(media[modality], broken)
    return {m: cells for m, cells in media.items() if any(c is not ABSENT for c in cells)}


def medium_paths(rows: OwnTable) -> dict[str, list[Any]]:
    """Return the paths, or the encoded media, of all rows by modality; an empty cell is None.

    The cell of a row that lacks the column is ABSENT. The paths come from the columns image, audio,
    video and `file`; the extension in `file` decides the modality. Raises DataError for a cell that
    is not a path, and for an unknown extension.
    """
    paths = {str(modality): list(rows.media_or_absent(modality, modality)) for modality in MEDIA}
    for at, file in enumerate(rows.paths(_FILE)):
        if isinstance(file, str):
            modality = modality_by_ending(file)
            if not modality:
                raise DataError(
                    f"{rows.where(at)}: file is {file!r}, which has no image, audio or video"
                    " extension; call the column image, audio or video instead of file"
                )
            paths[modality][at] = file
    return paths


def _is_empty(cell: object) -> bool:
    return cell is None or cell is ABSENT or cell in ("", [])


def _unread(rows: OwnTable, read: Collection[str]) -> dict[str, Modality]:
    """Return {column: modality} for columns that seem to hold media but are not read.

    `read` are the modalities that are read from other columns. A column is recognised by its name.
    If no modality is read, a column is also recognised by its cells: all non-empty cells are then
    file names with extensions of one modality.
    """
    modalities = {name: _modality(rows, name, read) for name in rows.names()}
    return {name: modality for name, modality in modalities.items() if modality}


def _modality(rows: OwnTable, name: str, read: Collection[str]) -> Modality | None:
    plain, kind = plain_name(name), rows.content_type(name)
    if match := _NAMED.fullmatch(plain):
        return as_modality(match[1])
    if read or plain in _TEXTS or kind:
        return None if read or plain in _TEXTS else as_modality(kind)
    full = (cell for cell in rows.cells(name) if cell not in _EMPTY)
    kinds = (modality_by_ending(cell) if isinstance(cell, str) else None for cell in full)
    first = next(kinds, None)
    return first if first and all(kind == first for kind in kinds) else None


def _unread_medium(where: str, name: str, modality: Modality) -> InvalidContent:
    """Return the InvalidContent for a cell of a media column that is not read."""
    return InvalidContent(
        f"{where}: column {name} is not read; call it {modality} if each row has one path, or use"
        " the data source `rows` or `listing` for several files per row"
    )
