"""The media of the data source `listing`: files whose paths are made of the cells of a row."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from msgspec import Struct

from mmbench.data.beside import optional_media
from mmbench.data.jsonfile import read_file
from mmbench.data.listing_read import option_as
from mmbench.data.pattern import filled
from mmbench.data.published_rows import Paths, modality_of
from mmbench.data.records import Record, text_lines
from mmbench.types import Content


class Names(Struct, frozen=True, forbid_unknown_fields=True):
    """A file of lines NAME KEY: the column `name` of each row whose `key`, filled, is KEY."""

    file: str
    key: str


def named(records: list[Record], file: Path, given: Mapping[str, str] | None) -> list[Record]:
    """The rows with the column `name`, as the file beside `file` says; as they are without one."""
    if given is None:
        return records
    wanted = option_as(Names, given, "names")
    beside = file.parent / wanted.file
    lines = text_lines(read_file(beside), beside) if beside.is_file() else []
    known = {key: name for name, _, key in (line.partition(" ") for line in lines)}
    return [Record(r.where, {"name": known.get(filled(wanted.key, r)), **r.cells}) for r in records]


def media_beside(records: list[Record], media: Paths, file: Path) -> list[dict[str, Content]]:
    """For each row the media that it has, by modality, from paths with its cells in them.

    Nothing is read. Raises UnknownName for a medium that is none, and for a column that is not
    there.
    """
    found: list[dict[str, Content]] = [{} for _ in records]
    for name, given in media.items():
        modality = modality_of(name)
        patterns = [given] if isinstance(given, str) else given
        paths = [[p for pattern in patterns if (p := filled(pattern, r))] for r in records]
        there = [row for row, names in enumerate(paths) if names]
        wanted = [paths[row] for row in there]
        contents = optional_media(wanted, file.parent, str(file), modality)
        for row, content in zip(there, contents, strict=True):
            found[row][name] = content
    return found
