"""The media of the data source `listing`: files whose paths are made of the cells of a row."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path

from msgspec import Struct

from mmbench.data.mapping.beside import optional_media
from mmbench.data.mapping.media_fields import check_optional, field_modality, path_in, without_empty
from mmbench.data.mapping.patterns import filled
from mmbench.data.mapping.published_rows import Paths, modality_of
from mmbench.data.mapping.samples import cell
from mmbench.data.readers.annotation_files import option_as
from mmbench.data.readers.json_files import read_file
from mmbench.data.readers.records import Record
from mmbench.data.readers.table_files import text_lines
from mmbench.types import Content, Modality


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


def media_beside(
    records: list[Record],
    media: Paths,
    file: Path,
    *,
    columns: Mapping[str, str],
    optional: Collection[str] = (),
) -> list[dict[str, Content]]:
    """Return the media of each row by input, from paths with its cells in them or from `columns`.

    Nothing is read. An empty path is a Broken, unless its input is `optional`. Raises UnknownName
    for a medium that is none, and for a column that is not there.
    """
    patterns = {name: [given] if isinstance(given, str) else given for name, given in media.items()}
    wanted = {name: [_paths(row, given) for row in records] for name, given in patterns.items()}
    wanted |= {name: [_path(row, column) for row in records] for name, column in columns.items()}
    check_optional(optional, wanted)
    found = {name: _found(paths, file, _modality(name)) for name, paths in wanted.items()}
    shown = {name: given[0] for name, given in patterns.items()} | dict(columns)
    return [
        without_empty({n: found[n][at] for n in found}, record.where, shown, optional)
        for at, record in enumerate(records)
    ]


def _paths(record: Record, patterns: Sequence[str]) -> list[str]:
    return [path for pattern in patterns if (path := filled(pattern, record))]


def _path(record: Record, column: str) -> list[str]:
    path = path_in(cell(record, column), record.where, column)
    return [path] if path else []


def _modality(name: str) -> Modality:
    return field_modality(name) or modality_of(name)


def _found(wanted: list[list[str]], file: Path, modality: Modality) -> list[Content | None]:
    """Return the medium of each row, None for a row without a path."""
    paths = [names for names in wanted if names]
    found = iter(optional_media(paths, file.parent, str(file), modality))
    return [next(found) if names else None for names in wanted]
