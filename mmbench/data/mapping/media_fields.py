"""Fields of media: every source reads them by one rule.

A field named image, audio or video (or image_1, image_2, …) holds a medium, however its column is
stored: as a path, as bytes, or as both. An empty cell is a failed sample. Two exceptions: the
fields that a task lists as `optional`, and those of a numbered family (image_1, image_2, …) as long
as the row has one of the family.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from pathlib import Path
from reprlib import repr

from mmbench.data.mapping.beside import KINDS, MEDIA, optional_media
from mmbench.errors import DataError, UnknownName
from mmbench.types import Broken, Content, Modality

_FIELD = re.compile(r"(image|audio|video)(_?\d+)?")


def field_modality(name: str) -> Modality | None:
    """Return the modality of a field by its name, None for a field of texts."""
    found = _FIELD.fullmatch(name)
    return next((m for m in MEDIA if found and found[1] == m), None)


def check_optional(optional: Iterable[str], fields: Iterable[str]) -> None:
    """Raise UnknownName where an optional medium is no field of media."""
    media = [name for name in fields if field_modality(name)]
    for name in optional:
        if name not in media:
            raise UnknownName("medium in data option optional", name, media)


def path_in(value: object, where: str, column: str) -> str | None:
    """Return the path in a cell, None for an empty cell.

    A mapping with a `path` and no bytes is its path. Raises DataError for anything else.
    """
    if isinstance(value, Mapping) and "path" in value and not value.get("bytes"):
        value = value["path"]
    if value is None or value == "" or value != value:
        return None
    if isinstance(value, str):
        return value
    raise DataError(f"{where}: {column} is {repr(value)}: the path of a file is needed")


def located(
    cells: Sequence[str | Content | None], beside: Path, source: str, modality: Modality
) -> list[Content | None]:
    """Return the media of a column, its paths looked for as `find_images` does.

    What is no path (a medium of bytes, a Broken, None) stays as it is.
    """
    paths = [[cell] for cell in cells if isinstance(cell, str)]
    found = iter(optional_media(paths, beside, source, modality))
    return [next(found) if isinstance(cell, str) else cell for cell in cells]


def without_empty(
    row: Mapping[str, Content | None],
    where: str,
    columns: Mapping[str, str],
    optional: Collection[str] = (),
) -> dict[str, Content]:
    """Return the media of a row by field: a Broken for an empty cell that may not be empty.

    `columns` are the names of the columns by field, for the message.
    """
    families = {_family(name) for name, content in row.items() if content is not None}
    media: dict[str, Content] = {}
    for name, content in row.items():
        if content is not None:
            media[name] = content
        elif name not in optional and _family(name) not in families:
            kind = KINDS[field_modality(name) or "image"]
            media[name] = Broken(f"{where}: {columns.get(name, name)} is empty: no {kind}")
    return media


def _family(name: str) -> str:
    """The name without its number; a field without a number is a family of its own."""
    found = _FIELD.fullmatch(name)
    return f"{found[1]}_" if found and found[2] else name
