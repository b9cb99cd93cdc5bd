"""Inputs that are media: every source reads them by one rule.

An input named image, audio or video (or image_1, image_2, …) is a medium, however its column is
stored: as a path, as bytes, or as both. An empty cell is a failed sample. Two exceptions: the
inputs that a task lists as `optional`, and those of a numbered family (image_1, image_2, …) as long
as the row has one of the family.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mmbench.columns import ABSENT, patch_rows
from mmbench.data.mapping.media_files import NOUNS, locate_media
from mmbench.data.mapping.patterns import fill_pattern, is_pattern
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.rows import Rows
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.types import InvalidContent, Media, Modality

Columns = str | list[str]

_FIELD = re.compile(r"(image|audio|video)(_?\d+)?")


def column_list(columns: Columns) -> list[str]:
    """Return the names in an option of one column or several."""
    return list(filter(None, [columns] if isinstance(columns, str) else columns))


def field_modality(name: str) -> Modality | None:
    """Return the modality of an input by its name, None for an input of texts."""
    match = _FIELD.fullmatch(name)
    return next((m for m in MEDIA if match and match[1] == m), None)


def modality_of(name: str) -> Modality:
    """The modality of this name. Raises UnknownName."""
    for modality in MEDIA:
        if modality == name:
            return modality
    raise UnknownName("medium", name, MEDIA)


def one_medium(columns: Mapping[str, object]) -> Modality:
    """Return the one medium among the keys of the option `columns`. Raises SpecError."""
    media = [modality for modality in MEDIA if modality in columns]
    if len(media) != 1:
        raise SpecError(
            "data option columns: one of image, audio, video is needed with its column or the path"
            " of its files, e.g. {audio: 'audio/{filename}'}"
        )
    return media[0]


def check_optional(optional: Iterable[str], media: Collection[str]) -> None:
    """Raise UnknownName where an optional medium is no input of media."""
    for name in optional:
        if name not in media:
            raise UnknownName("medium in data option optional", name, media)


def media_inputs(
    rows: Rows, columns: Mapping[str, Columns], optional: Collection[str] = ()
) -> dict[str, Sequence[Any]]:
    """Return the inputs that are media, ABSENT where a row may lack one and does.

    Raises DataError for an input that its column cannot be.
    """
    modalities = {name: _modality(rows, name, column) for name, column in columns.items()}
    media = {name: kind for name, kind in modalities.items() if kind}
    check_optional(optional, media)
    cells = {name: media_cells(rows, columns[name], kind) for name, kind in media.items()}
    column_names = {name: column_list(columns[name])[0] for name in media}
    return located_media(rows, cells, media, column_names, optional)


def located_media(
    rows: Rows,
    cells: Mapping[str, Sequence[Any]],
    media: Mapping[str, Modality],
    column_names: Mapping[str, str],
    optional: Collection[str] = (),
) -> dict[str, Sequence[Any]]:
    """Return the media of each row by input, for cells that say where they may be.

    `media` are their modalities, `column_names` the names of their columns for messages. None in a
    cell, which is empty, becomes an InvalidContent, or ABSENT where it may be empty; ABSENT stays.
    """
    located: dict[str, Sequence[Any]] = {
        name: locate_media(cells[name], rows.folder, rows.place, kind)
        for name, kind in media.items()
    }
    gaps: dict[str, dict[int, Any]] = {name: {} for name in media}
    for at in sorted({at for c in located.values() for at, one in enumerate(c) if one is None}):
        present = {name for name in media if located[name][at] not in (None, ABSENT)}
        families = set(map(_family, present))
        for name, kind in media.items():
            if located[name][at] is None:
                may_lack = name in optional or _family(name) in families
                empty = missing_medium(rows.where(at), column_names.get(name, name), kind)
                gaps[name][at] = ABSENT if may_lack else empty
    return {name: patch_rows(located[name], gaps[name]) for name in media}


def _modality(rows: Rows, name: str, column: Columns) -> Modality | None:
    """Return the modality of an input by its name or, where that says nothing, by its column."""
    kind = rows.content_type(column) if isinstance(column, str) else ""
    by_type = next((modality for modality in MEDIA if modality == kind), None)
    by_name = field_modality(name)
    if kind == "bytes" and by_name is None:
        by_name = next((m for m in MEDIA if m == name.partition("_")[0]), None)
    if by_type and by_name and by_type != by_name:
        raise DataError(
            f"{rows.place}: column {column} holds {by_type}s, and its input is called {name}:"
            " rename it"
        )
    return by_type or by_name


def media_cells(
    rows: Rows, column: Columns, modality: Modality
) -> Sequence[str | list[str] | Media | None]:
    """Return where the medium of each row may be, or the medium itself; None where there is none.

    `column` is the column of a path or of encoded media, or a path with columns in braces, or a
    list of both, best first.
    """
    if isinstance(column, str) and not is_pattern(column):
        return rows.media(column, modality)
    patterns = [one if is_pattern(one) else f"{{{one}}}" for one in column_list(column)]
    paths = zip(*(fill_pattern(pattern, rows) for pattern in patterns), strict=True)
    return [list(dict.fromkeys(filter(None, names))) or None for names in paths]


def missing_medium(where: str, column: str, modality: Modality) -> InvalidContent:
    """Return what stands for the medium of a row whose cell is empty."""
    return InvalidContent(f"{where}: {column} is empty: no {NOUNS[modality]}")


def _family(name: str) -> str:
    """The name without its number; an input without a number is a family of its own."""
    match = _FIELD.fullmatch(name)
    return f"{match[1]}_" if match and match[2] else name
