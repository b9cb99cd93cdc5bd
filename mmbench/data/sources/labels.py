"""The data source `labels`: the class or classes of each sample."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import Any, NamedTuple

from mmbench.columns import Texts, are_distinct, pack
from mmbench.data.mapping.classes import class_names, sorted_classes
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
from mmbench.data.mapping.numbered_classes import Label, NumberedClasses
from mmbench.data.mapping.own_table_media import media_by_modality, medium_paths
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import plain_name
from mmbench.datasets import Samples, sample_columns
from mmbench.errors import DataError
from mmbench.protocols import declare_source

_IDS = ("id", "file", *MEDIA)
_LABELS = ("label", "labels")
_USED = {*_IDS, *_LABELS, "group"}
_ROLES = (
    Role("label", required=True, own=_LABELS),
    Role(MEDIUM, own=(*MEDIA, "file")),
    Role("id", own=_IDS),
)


@declare_source("table", "json", "folder", own_data=True, any_layout=True)
def labels(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, str] | None = None,
    split: str | None = None,
    classes: str | list[str] | None = None,
) -> Samples:
    """Load one sample per id; the target is the index of its label in `Samples.labels`.

    `root` or `path` is the place of the data in any layout of `own_rows`, and `split` a split. The
    columns are `label` and `id`, or those that `columns` gives or `choose_columns` infers. Without
    `id`, the id is the path in the column `file`, `image`, `audio` or `video`, unchanged, or the
    row number. If an id has several rows, or a list under `labels`, the data are
    multi-label, and each target is a list of indices. `group` is a name that samples share; other
    columns are tags.

    `classes` gives the classes in order: a list of names, or a file with one name per line. By
    default they are those that the data set declares, or the labels that occur, sorted
    (`sorted_classes`). A label is the name of a class or its index (`NumberedClasses`). Raises
    UnknownName, with the line, for a label that is not a class, DataError for one that is invalid.
    """
    rows = own_table(rows_of(root, path, split, "label"), columns or {}, _ROLES)
    given = class_names(classes, rows.folder, "classes") if classes else []
    row_labels = _labels(rows, given)
    positions = row_labels.classes.class_names().find(
        row_labels.labels, lambda at: rows.where(row_labels.rows[at])
    )
    ids, targets, first_rows = _by_id(rows, row_labels, positions)
    samples = sample_columns(
        ids,
        media_by_modality(first_rows),
        targets=targets,
        groups=first_rows.texts("group"),
        tags=first_rows.tags(_USED),
    )
    return Samples(samples, row_labels.classes.names, rows.source, group_name="group")


class _Labels(NamedTuple):
    """The classes of a table, and the labels of all its rows.

    `labels` has one item per label, a class name or index, and `rows` the number of the label's
    row, from 0. `lists` is True if a row has a list of labels.
    """

    classes: NumberedClasses
    labels: Sequence[Label]
    rows: Sequence[int]
    lists: bool


def _labels(rows: OwnTable, given: Sequence[str]) -> _Labels:
    """Return the labels of all rows; the classes are `given`, or declared, or those that occur."""
    name, cells = rows.only(_LABELS, "label")
    known = NumberedClasses(given, rows.classes(name), "classes")
    lists = plain_name(name) == "labels" or any(isinstance(cell, list) for cell in cells)
    labels, numbers = _flat_labels(rows, name, cells, known, lists)
    if not known.names:
        known = NumberedClasses(sorted_classes(map(str, labels)), [], "classes")
    return _Labels(known, labels, numbers, lists)


def _flat_labels(
    rows: OwnTable, name: str, cells: Sequence[Any], known: NumberedClasses, lists: bool
) -> tuple[Sequence[Label], Sequence[int]]:
    """Return the labels of all rows, one after the other, and the row number of each."""
    are_texts = not lists and isinstance(cells, Texts) and cells.are_full()
    if are_texts and (not known.names or known.has_all(cells)):
        return cells, range(len(cells))
    each = rows.convert(name, known.labels, cells)
    numbers = [row for row, some in enumerate(each) for _ in some]
    return pack(list(chain.from_iterable(each))), numbers


def _by_id(
    rows: OwnTable, row_labels: _Labels, positions: array[int]
) -> tuple[Sequence[str], Sequence[int | list[int]], OwnTable]:
    """Return the distinct ids, the class index or indices of each id, and a table of first rows.

    The table has the first row of each id. `positions` are the class indices of the labels. Raises
    DataError if rows with the same id have different media or repeat a label.
    """
    ids = rows.ids(_IDS) if rows.id_columns(_IDS) else rows.default_ids("")
    if not row_labels.lists and are_distinct(ids):
        return ids, positions, rows
    first: dict[str, int] = {}
    paths = medium_paths(rows)
    for row, ident in enumerate(ids):
        before = first.setdefault(ident, row)
        if any(cells[row] != cells[before] for cells in paths.values()):
            where = rows.where(row)
            raise DataError(
                f"{where}: {ident!r} has a different media path than in an earlier row; give each"
                " id one path"
            )
    targets: dict[str, list[int]] = {ident: [] for ident in first}
    for row, position in zip(row_labels.rows, positions, strict=True):
        if position in targets[ids[row]]:
            raise DataError(f"{rows.where(row)}: {ids[row]!r} has the same label twice; remove one")
        targets[ids[row]].append(position)
    return list(first), list(map(sorted, targets.values())), rows.take(list(first.values()))
