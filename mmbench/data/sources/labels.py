"""The data source `labels`: which class, or which classes, each sample belongs to."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from pathlib import Path
from typing import NamedTuple

from mmbench.columns import are_distinct, places
from mmbench.data.mapping.classes import class_names, in_order
from mmbench.data.mapping.table_media import columns_of_media, media_of
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.records import (
    Record,
    columns_of,
    full_texts,
    only_of,
    optional_texts,
    plain_name,
    tags,
    text_ids,
    text_of,
)
from mmbench.data.readers.table_files import find_file, read_records
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError, UnknownName
from mmbench.protocols import declare_source

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
    given = _labels(records)
    known = class_names(classes, path, "classes") if classes else in_order(set(given.names))
    rows = _rows(records, text_ids(records, _IDS), given, _positions(records, given, known))
    samples = sample_columns(
        rows.ids,
        media_of(rows.records, path.parent, str(path)).columns,
        targets=rows.targets,
        groups=optional_texts(rows.records, "group"),
        tags=tags(rows.records, _USED).columns,
    )
    return Samples(samples, known, group_name="group")


class _Labels(NamedTuple):
    """The labels of all rows, and for each the number of its row; `lists`: a row has a list."""

    names: Sequence[str]
    rows: Sequence[int]
    lists: bool


def _labels(records: Sequence[Record]) -> _Labels:
    columns = [name for name in columns_of(records) if plain_name(name) in _LABELS]
    single = full_texts(records, columns) if columns in (["label"], ["Label"]) else None
    if single is not None:
        return _Labels(single, range(len(single)), lists=False)
    named = [_named(record) for record in records]
    rows = [row for row, names in enumerate(named) for _ in names]
    return _Labels(list(chain.from_iterable(named)), rows, any(map(_is_list, records)))


def _positions(records: Sequence[Record], given: _Labels, known: list[str]) -> array[int]:
    """Return the position of each label among the classes. Raises UnknownName."""
    found = places(given.names, known)
    strange = (found < 0).nonzero()[0]
    if len(strange):
        record, name = records[given.rows[strange[0]]], given.names[strange[0]]
        hint = "see data option `classes`"
        raise UnknownName(f"label ({record.where})", name, known, hint)
    return array("q", found.tobytes())


class _Rows(NamedTuple):
    """The first row of each id, and the position of its label, or the list of several."""

    ids: Sequence[str]
    records: Sequence[Record]
    targets: Sequence[int | list[int]]


def _rows(
    records: Sequence[Record], ids: Sequence[str], given: _Labels, positions: array[int]
) -> _Rows:
    """Bring the rows of one id together. Raises DataError where they contradict each other."""
    if not given.lists and are_distinct(ids):
        return _Rows(ids, records, positions)
    first: dict[str, int] = {}
    targets: dict[str, list[int]] = {}
    for row, ident in enumerate(ids):
        before = first.setdefault(ident, row)
        if before != row and columns_of_media(records[row]) != columns_of_media(records[before]):
            where = records[row].where
            raise DataError(f"{where}: {ident!r} has another medium than in a row before")
        targets.setdefault(ident, [])
    for row, position in zip(given.rows, positions, strict=True):
        if position in targets[ids[row]]:
            raise DataError(f"{records[row].where}: {ids[row]!r} has a label twice")
        targets[ids[row]].append(position)
    firsts = [records[row] for row in first.values()]
    return _Rows(list(first), firsts, list(map(sorted, targets.values())))


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
