"""Inputs that are images, audio or video. All data sources read them by the same rule.

An input called image, audio or video (or image_1, image_2, …, or prompt_audio) is a media input,
whether its column holds paths, encoded bytes or both. An empty cell makes the sample fail, with two
exceptions: inputs that a task lists as `optional`, and inputs of a numbered family (image_1,
image_2, …) if the row has another member of the family.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any

from mmbench.columns import ABSENT, patch_rows
from mmbench.data.mapping.find_media import NOUNS, locate_media
from mmbench.data.mapping.patterns import fill_pattern, is_pattern
from mmbench.data.readers.folders import MEDIA, as_modality
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.errors import DataError, SpecError, UnknownName
from mmbench.types import InvalidContent, Modality

Columns = str | list[str]

_FIELD = re.compile(r"(?:prompt_)?(image|audio|video)(_?\d+)?")


def column_list(columns: Columns) -> list[str]:
    """Return the column names in an option that takes one name or a list of names."""
    return list(filter(None, [columns] if isinstance(columns, str) else columns))


def field_modality(name: str) -> Modality | None:
    """Return the modality that an input's name implies (image for `image_2`), None for text."""
    match = _FIELD.fullmatch(name)
    return as_modality(match[1]) if match else None


def modality_of(name: str) -> Modality:
    """Return the modality with this name: image, audio or video. Raises UnknownName."""
    modality = as_modality(name)
    if modality is None:
        raise UnknownName("medium", name, MEDIA)
    return modality


def one_medium(columns: Mapping[str, object]) -> Modality:
    """Return the only modality among the keys of the data option `columns`.

    Raises SpecError if the keys contain no modality or several.
    """
    media = [modality for modality in MEDIA if modality in columns]
    if len(media) != 1:
        raise SpecError(
            "data option columns: give one of image, audio and video, with its column or the path"
            " of its files, e.g. {audio: 'audio/{filename}'}"
        )
    return media[0]


def check_optional(optional: Iterable[str], media: Collection[str]) -> None:
    """Raise UnknownName for a name in `optional` that is not a media input."""
    for name in optional:
        if name not in media:
            raise UnknownName("media input in data option optional", name, media)


def media_inputs(
    rows: Rows, columns: Mapping[str, Columns], optional: Collection[str] = ()
) -> dict[str, Sequence[Any]]:
    """Return the media items of each row, by input name.

    `columns` maps the names of inputs to their columns; inputs that are texts are ignored. An empty
    cell becomes ABSENT if the input is `optional`, or if the row has another member of its numbered
    family; other empty cells become an InvalidContent. Raises DataError if an input's name
    contradicts the type of its column.
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
    """Return the media items of each row by input name, from cells with paths or encoded media.

    All mappings have the input names as keys: `cells` holds the cells of each input, `media` its
    modality, and `column_names` the name of its column for messages. A None cell is empty: it
    becomes ABSENT if the input may be missing in this row (because the input is `optional`, or the
    row has another member of its numbered family), and an InvalidContent otherwise. A cell that is
    ABSENT stays ABSENT.
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
    """Return the modality of an input by its column's type, or else by its name; None for text."""
    kind = rows.content_type(column) if isinstance(column, str) else ""
    by_type, by_name = as_modality(kind), field_modality(name)
    if kind == "bytes" and by_name is None:
        by_name = as_modality(name.partition("_")[0])
    if by_type and by_name and by_type != by_name:
        raise DataError(
            f"{rows.place}: column {column} has the type {by_type}, but its input is called"
            f" {name}; rename the input"
        )
    return by_type or by_name


def media_cells(rows: Rows, column: Columns, modality: Modality) -> Sequence[MediaCell]:
    """Return each row's media item, or the candidate paths of its file; None for an empty cell.

    `column` is a column of paths or encoded media, a path with columns in braces, or a list of
    columns and paths in order of preference.
    """
    if isinstance(column, str) and not is_pattern(column):
        return rows.media(column, modality)
    patterns = [one if is_pattern(one) else f"{{{one}}}" for one in column_list(column)]
    paths = zip(*(fill_pattern(pattern, rows) for pattern in patterns), strict=True)
    return [list(dict.fromkeys(filter(None, names))) or None for names in paths]


def missing_medium(where: str, column: str, modality: Modality) -> InvalidContent:
    """Return the InvalidContent for a row with an empty cell in a media column."""
    return InvalidContent(f"{where}: {column} is empty, so the {NOUNS[modality]} is missing")


def _family(name: str) -> str:
    """Return an input's name without its number; a name without a number is returned unchanged."""
    match = _FIELD.fullmatch(name)
    return f"{match[1]}_" if match and match[2] else name
