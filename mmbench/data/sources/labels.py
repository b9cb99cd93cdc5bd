"""The data source `labels`: the class or classes of each sample."""

from __future__ import annotations

from array import array
from collections.abc import Sequence
from itertools import chain
from typing import NamedTuple

from mmbench.columns import Texts, are_distinct
from mmbench.data.mapping.classes import ClassNames, class_names, sorted_classes
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
from mmbench.data.mapping.own_table_media import media_by_modality, medium_paths
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import parse_text, plain_name
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
    default they are the labels that occur, sorted (`sorted_classes`). Raises DataError, with the
    line, for a label that is not a class.
    """
    rows = own_table(rows_of(root, path, split, "label"), columns or {}, _ROLES)
    row_labels = _labels(rows)
    known = (
        class_names(classes, rows.folder, "classes")
        if classes
        else rows.classes("label") or sorted_classes(set(row_labels.names))
    )
    positions = ClassNames(known, "classes").find(
        row_labels.names, lambda at: rows.where(row_labels.rows[at])
    )
    ids, targets, first_rows = _by_id(rows, row_labels, positions)
    samples = sample_columns(
        ids,
        media_by_modality(first_rows),
        targets=targets,
        groups=first_rows.texts("group"),
        tags=first_rows.tags(_USED),
    )
    return Samples(samples, known, rows.source, group_name="group")


class _Labels(NamedTuple):
    """The labels of all rows of a table.

    `names` has one item per label, and `rows` the number of the label's row, from 0. `lists` is
    True if a row has a list of labels.
    """

    names: Sequence[str]
    rows: Sequence[int]
    lists: bool


def _labels(rows: OwnTable) -> _Labels:
    name, cells = rows.only(_LABELS, "label")
    if classes := rows.classes(name):  # labels are numbers of classes
        cells = rows.convert(name, lambda cell: _class_of(cell, classes), cells)
    lists = plain_name(name) == "labels" or any(isinstance(cell, list) for cell in cells)
    if not lists and isinstance(cells, Texts) and cells.are_full():
        return _Labels(cells, range(len(cells)), lists)
    name_lists = rows.convert(name, _names, cells)
    each = [row for row, names in enumerate(name_lists) for _ in names]
    return _Labels(list(chain.from_iterable(name_lists)), each, lists)


def _class_of(cell: object, classes: Sequence[str]) -> object:
    """Return the name of a class by its number, or of several. Raises ValueError."""
    if isinstance(cell, list):
        return [_class_of(one, classes) for one in cell]
    if not isinstance(cell, int):
        return cell
    if not 0 <= cell < len(classes):
        raise ValueError(f"the data set has the classes 0 to {len(classes) - 1}")
    return classes[cell]


def _names(cell: object) -> list[str]:
    """Return the labels in a cell, a string or a list of strings. Raises ValueError."""
    names = list(map(parse_text, cell if isinstance(cell, list) else [cell]))
    if "" in names:
        raise ValueError("give the class name")
    return names


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
