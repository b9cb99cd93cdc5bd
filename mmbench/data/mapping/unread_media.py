"""Columns of media that a table has under names that nobody reads.

A question whose picture is in a column `image_path`, `images` or `image_2` would be asked without
it. So its medium is broken, and says how the column should be called. Scoring outputs needs no
media and goes on.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping, Sequence
from pathlib import PurePath

from mmbench.columns import column as field_of
from mmbench.columns import names_in
from mmbench.data.mapping.beside import FILMS, MEDIA, SOUNDS
from mmbench.data.readers.records import Record, cells_of, plain_name
from mmbench.data.sources.folder import EXTENSIONS
from mmbench.types import Broken, Modality

_NAMED = re.compile(r"(image|audio|video)(s|s?_?\d+)")  # images, image_1, image1
_ENDINGS: dict[Modality, tuple[str, ...]] = {"image": EXTENSIONS, "audio": SOUNDS, "video": FILMS}
# Their texts are ids, questions and answers, whatever they end in.
_TEXTS = frozenset({"id", "question_id", "question", "answer", "answers", "options", "group"})
_TEXTS |= frozenset({"text", "label", "labels", "rater", "rating", "system", "file", *MEDIA})

Unread = Mapping[str, Modality]  # column → what it holds


def modality_by_ending(path: str) -> Modality | None:
    """Return what the ending of a file's name says it is, None for no medium."""
    suffix = PurePath(path).suffix.lower()
    return next((name for name, endings in _ENDINGS.items() if suffix in endings), None)


def unread_columns(records: Sequence[Record], read: Collection[str]) -> dict[str, Modality]:
    """Return the columns of media beside the modalities that are `read`.

    They are so by their names, or, where no medium is read, as each of their cells that is not
    empty names a file with the ending of one medium.
    """
    names = names_in(field_of(records, "cells"))
    found = {name: _modality(name, cells_of(records, name), read) for name in names}
    return {name: modality for name, modality in found.items() if modality}


def unread_media(record: Record, unread: Unread) -> dict[str, Broken]:
    """Return a Broken for the media of a row that are not read, by modality."""
    return {
        modality: Broken(
            f"{record.where}: column {name} is not read: call it {modality} for a path in each row;"
            " the data source `rows` or `listing` reads several media of a row"
        )
        for name, modality in unread.items()
        if record.cells.get(name) not in (None, "", [])
    }


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
