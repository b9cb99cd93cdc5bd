"""The data source `labels`: which class, or which classes, each sample belongs to."""

from __future__ import annotations

from pathlib import Path
from typing import NamedTuple

from mmbench.data.beside import MEDIA
from mmbench.data.classes import in_order
from mmbench.data.jsonfile import read_file
from mmbench.data.pairs import refuse_duplicates
from mmbench.data.record_files import find_file, read_records, text_lines
from mmbench.data.records import Record, only_of, optional, tags_of, text_id, text_of
from mmbench.data.table_media import columns_of_media, media_of
from mmbench.datasets import Samples
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import declare_source
from mmbench.types import Content, Sample

_IDS = ("id", "file", *MEDIA)
_LABELS = ("label", "labels")
_USED = {*_IDS, *_LABELS, "group"}


@declare_source(own_data=True)
def labels(root: Path | None, *, classes: str | list[str] | None = None) -> Samples:
    """A sample for each id, the position of its label in `Samples.labels` as target.

    `root` is a CSV, TSV, JSONL or JSON file, or a folder that holds a single one, with `id` (else
    the path in `file`, `image`, `audio` or `video`, as it is written) and `label`. Several rows of
    one id, or a list under `labels`, make the data multi-label: each target is then a list of
    positions. `group` is what samples share; other columns are tags.

    `classes` gives the order of the classes: names, or a file with one a line; else they are those
    that occur, sorted (`in_order`). Raises DataError, with the line, for a label that is none of
    them.
    """
    path = find_file(root, "labels")
    records = read_records(path, "label")
    named = [_named(record) for record in records]
    order = _classes(classes, path) or in_order(name for names in named for name in names)
    rows = _Rows(records, _positions(records, named, order))
    same = rows.by_id()
    several = len(same) < len(records) or any(_is_list(record) for record in records)
    media = media_of([records[of[0]] for of in same.values()], path.parent, str(path))
    samples = [
        rows.sample(ident, of, inputs, several=several)
        for (ident, of), inputs in zip(same.items(), media, strict=True)
    ]
    return Samples(samples, order, group_name="group")


class _Rows(NamedTuple):
    """Rows and, for each, the positions of its labels."""

    records: list[Record]
    positions: list[list[int]]

    def by_id(self) -> dict[str, list[int]]:
        """The numbers of the rows of each id."""
        rows: dict[str, list[int]] = {}
        for row, record in enumerate(self.records):
            rows.setdefault(text_id(record, _IDS), []).append(row)
        return rows

    def sample(
        self, ident: str, rows: list[int], media: dict[str, Content], *, several: bool
    ) -> Sample:
        """The sample that these rows are of. Raises DataError where they contradict each other."""
        first = self.records[rows[0]]
        target = [position for row in rows for position in self.positions[row]]
        for row in rows[1:]:
            if columns_of_media(self.records[row]) != columns_of_media(first):
                where = self.records[row].where
                raise DataError(f"{where}: {ident!r} has another medium than in a row before")
        if len(set(target)) < len(target):
            raise DataError(f"{self.records[rows[-1]].where}: {ident!r} has a label twice")
        return Sample(
            ident,
            media,
            sorted(target) if several else target[0],
            group=optional(first, "group"),
            tags=tags_of(first, _USED),
        )


def _positions(records: list[Record], named: list[list[str]], order: list[str]) -> list[list[int]]:
    place = {name: position for position, name in enumerate(order)}
    for record, names in zip(records, named, strict=True):
        for name in names:
            if name not in place:
                hint = "see data option `classes`"
                raise UnknownName(f"label ({record.where})", name, order, hint)
    return [[place[name] for name in names] for names in named]


def _is_list(record: Record) -> bool:
    name = only_of(record, _LABELS, "label")
    return name == "labels" or isinstance(record.cells[name], list)


def _named(record: Record) -> list[str]:
    """The labels of a row."""
    name = only_of(record, _LABELS, "label")
    given = record.cells[name]
    texts = given if isinstance(given, list) else [given]
    found = [text_of(Record(record.where, {name: text}), name) for text in texts]
    if "" in found:
        raise DataError(f"{record.where}: {name} is empty: the name of a class is needed")
    return found


def _classes(given: str | list[str] | None, path: Path) -> list[str]:
    """The classes in the order wanted; none where none is."""
    if not given:
        return []
    source = path.parent / given if isinstance(given, str) else path
    names = text_lines(read_file(source), source) if isinstance(given, str) else given
    names = [str(name) for name in names]
    refuse_duplicates("class", names, str(source))
    return names
