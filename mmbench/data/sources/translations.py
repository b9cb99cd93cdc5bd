"""The data source `translations`: recordings or texts with their reference translations."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mmbench.columns import ABSENT
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
from mmbench.data.mapping.own_table_media import media_by_modality
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_text
from mmbench.data.sources.speech.layouts import plain_lines
from mmbench.datasets import Samples, sample_columns
from mmbench.protocols import declare_source

_REFERENCES = ("reference", "references", "translation", "translations", "target")
_TEXTS = ("text", "source", "src", "sentence", "transcript", "transcription")
_USED = {"id", "group", "file", *MEDIA}

_ROLES = (
    Role("reference", required=True, own=_REFERENCES),
    Role("text", own=_TEXTS),
    Role(MEDIUM, own=(*MEDIA, "file")),
    Role("id", own=("id",)),
    Role("group", own=("group",)),
)


@declare_source("table", "json", "text", "folder", own_data=True, any_layout=True)
def translations(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, str] | None = None,
    split: str | None = None,
) -> Samples:
    """Load one sample per recording or text; the target is its translation, or a list of several.

    `root` or `path` is the place of the data in any layout of `own_rows`, and `split` a split. A
    .txt has one reference per line, to score outputs in the same order. `columns` gives the columns
    that have other names; further ones are inferred (`choose_columns`).

    Columns: `id`, by default the name of the file or the row number; `reference` (or `references`,
    `translation`, `translations`, `target`), which is a string, a list of strings, or several
    columns of this name in a CSV; `text` (or `source`, `src`, `sentence`, `transcript`,
    `transcription`), the text in the source language; `audio`, `video`, `image` and `file`, which
    are encoded files or paths relative to the table; `group`, a name that rows share (a talk). All
    other columns are tags.

    Without media, the text in the source language is the input `text`. With media, it is the input
    `transcript`, which the task `translations` does not show to the model. Raises DataError, with
    the line, for a row without a reference, and for duplicate ids.
    """
    if isinstance(root, Path) and root.suffix.lower() == ".txt" and root.is_file():
        return Samples(plain_lines(root))
    rows = own_table(rows_of(root, path, split, "reference", "a .txt file"), columns or {}, _ROLES)
    name, cells = rows.only(_REFERENCES, "reference")
    media = media_by_modality(rows)
    text = next((column for column in _TEXTS if rows.find(column)), "text")
    ids = rows.distinct_ids(("id",)) if rows.find("id") else rows.default_ids(_medium(rows))
    samples = sample_columns(
        ids,
        {**media, "transcript" if media else "text": rows.texts(text, ABSENT)},
        targets=rows.as_texts(name, _parse_references, cells),
        groups=rows.texts("group"),
        tags=rows.tags({*_USED, name, text}),
    )
    return Samples(samples, source=rows.source, group_name="group")


def _medium(rows: OwnTable) -> str:
    """Return the column of media files whose names are ids; "audio" if there is none."""
    return next((name for name in (*MEDIA, "file") if rows.find(name)), "audio")


def _parse_references(cell: object) -> str | list[str]:
    """Return the references in a cell, a string or a list of strings. Raises ValueError."""
    parts: Sequence[Any] = cell if isinstance(cell, list) else [cell]
    references = [text for text in map(parse_text, parts) if text]
    if not references:
        raise ValueError("give a reference translation")
    return references[0] if len(references) == 1 else references
