"""What the sources of published annotation files share: rows, and the media that they are about."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from mmbench.data.mapping.beside import MEDIA, optional_media
from mmbench.data.mapping.patterns import filled, refuse_missing
from mmbench.data.mapping.samples import chosen
from mmbench.data.readers.annotation_files import Files, Table, find_files, option_as, read_rows
from mmbench.data.readers.records import Record
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.types import Broken, Content, Modality

Paths = Mapping[str, str | list[str]]


class Rows(NamedTuple):
    """The rows of a file that a task asks for, each with its number from 0 in the column `row`."""

    file: Path
    records: list[Record]


def rows_of(
    root: Path | None,
    files: Files,
    source: str,
    *,
    entry: str = "",
    table: Mapping[str, object] | None = None,
    where: Mapping[str, object] | None = None,
    columns: Iterable[str] = (),
) -> Rows:
    """The rows of the first of `files` that is there (`find_files`), those that `where` chooses.

    `entry` is that of a JSON file that holds the rows, `table` says how a table is written;
    `columns` are the columns, or patterns, that will be read. Raises DataError where there is no
    such file or row, where several columns are missing, and for what cannot be read.
    """
    (_, file), *_ = find_files(root, files, source)
    found = read_rows(file, entry, option_as(Table, table or {}, "table"))
    numbered = [Record(r.where, {"row": row, **r.cells}) for row, r in enumerate(found)]
    if numbered:
        refuse_missing(numbered[0], [*(where or ()), *columns])
    kept = [record for record in numbered if chosen(record, where)]
    refuse_none(kept, len(found), file)
    return Rows(file, kept)


def refuse_none(kept: Sequence[object], rows: int, file: Path) -> None:
    """Raise DataError for a file without rows, or without one that the task asks for."""
    if not rows:
        raise DataError(f"{file}: has no row")
    if not kept:
        raise DataError(f"{file}: none of its {rows} rows is one that the task asks for")


def one_medium(media: Paths) -> tuple[Modality, list[str]]:
    """The one medium that rows are about, and the patterns of its paths. Raises SpecError."""
    if len(media) != 1:
        raise SpecError(
            "data option media: one of image, audio, video is needed with its path, e.g."
            " {audio: 'audio/{filename}'}"
        )
    (name, given), *_ = media.items()
    return modality_of(name), [given] if isinstance(given, str) else list(given)


def modality_of(name: str) -> Modality:
    """The modality of this name. Raises UnknownName."""
    for modality in MEDIA:
        if modality == name:
            return modality
    raise UnknownName("medium", name, MEDIA)


def media_beside(
    records: Iterable[Record], patterns: Sequence[str], modality: Modality, file: Path
) -> list[Content]:
    """Return the medium of each row: see `media_of_groups`."""
    return media_of_groups([[record] for record in records], patterns, modality, file)


def media_of_groups(
    groups: Iterable[Sequence[Record]], patterns: Sequence[str], modality: Modality, file: Path
) -> list[Content]:
    """Return the medium that each group of rows is about, at the first path where there is a file.

    The paths are those of the first row, then those of the others. They are looked for as
    `find_images` does it, from the folder of `file` and the one above. A medium that is not there
    fails when it is read, a group without a path is a Broken.
    """
    rows = list(groups)
    paths = [_paths(group, patterns) for group in rows]
    wanted = [names for names in paths if names]
    found = iter(optional_media(wanted, file.parent, str(file), modality))
    empty = f"no path: a cell of {patterns[0]} is empty"
    return [
        next(found) if names else Broken(f"{group[0].where}: {empty}")
        for group, names in zip(rows, paths, strict=True)
    ]


def _paths(group: Sequence[Record], patterns: Sequence[str]) -> list[str]:
    paths = (filled(pattern, row) for row in group for pattern in patterns)
    return list(dict.fromkeys(filter(None, paths)))
