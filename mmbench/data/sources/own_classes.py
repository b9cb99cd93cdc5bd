"""The data source `own-classes`: media files and their classes, in any layout, for zero-shot."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from mmbench.data.mapping.classes import class_names, occurring_classes, read_labels
from mmbench.data.mapping.column_roles import MEDIUM, Role, own_table
from mmbench.data.mapping.media_columns import Columns
from mmbench.data.mapping.numbered_classes import NumberedClasses
from mmbench.data.mapping.samples import ColumnMapping, sample_table
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.own_data import rows_of, rows_of_split
from mmbench.data.readers.own_tables import OwnTable
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.protocols import declare_source
from mmbench.text import listed
from mmbench.types import Modality

_ROLES = (Role(MEDIUM, required=True), Role("label", required=True), Role("id"))
# Prompts for data that bring none: that of CLIP (Radford et al. 2021) for images, and that of
# LAION-CLAP's ESC-50 evaluation for audio, as in tasks/esc50-zeroshot.yaml.
TEMPLATES: dict[Modality, str] = {
    "image": "a photo of a {}.",
    "audio": "This is a sound of {}.",
    "video": "a video of {}.",
}


@declare_source("table", "json", "folder", any_layout=True)
def own_classes(
    root: DataPlace | None,
    *,
    path: str = "",
    columns: dict[str, Columns] | None = None,
    split: str | None = None,
    labels: str | list[str] | None = None,
) -> Samples:
    """Load one sample per row; the target is the index of its label in `Samples.labels`.

    `root` or `path` is the place of the data in any layout of `own_rows`, and `split` a split, also
    of a table with a column `split` (`rows_of_split`). `columns` gives the column of each role:
    image, audio or video; label; optionally id. Other roles have the column that `choose_columns`
    infers; the provenance says which. In a folder of media files, the label of a file is its
    subfolder. A label is the name of a class or its index (`NumberedClasses`). A cell with a list
    has several labels.

    `labels` gives the classes in order: a list of names, or a file with one name per line. By
    default they are those that the data set declares, or the labels that occur, sorted
    (`sorted_classes`). An id defaults to the name of the file without extension, or to the number
    of the row. The templates are those that the data set brings, or else those of `TEMPLATES`.

    Raises DataError for data that cannot be read, for duplicate ids and for labels that are only
    numbers, ColumnsNeeded if a column is not known, UnknownName for a label that is not a class.
    """
    own = rows_of_split(rows_of(root, path, split, "label"), split)
    rows = own_table(own, columns or {}, _ROLES)
    rows.refuse_no_rows()
    modality = next(medium for medium in MEDIA if medium in rows.names())
    given = class_names(labels, rows.folder) if labels else []
    known = NumberedClasses(given, rows.classes("label"), "labels")
    if known.names:
        cells = rows.convert(
            "label",
            lambda cell: known.labels(cell) if isinstance(cell, list) else known.label(cell),
        )
    else:
        known, cells = _occurring(rows)
    targets = known.class_names().targets(rows, cells)
    shape = ColumnMapping(columns={modality: modality}, tags=_tags(rows, modality))
    samples = sample_table(rows, shape, targets).with_columns(id=rows.default_ids(modality))
    templates = rows.templates() or [TEMPLATES[modality]]
    return Samples(samples, known.names, rows.source, templates)


def _occurring(rows: OwnTable) -> tuple[NumberedClasses, Sequence[Any]]:
    """Return the classes that occur in the rows, and the label or labels of each row."""
    cells = read_labels(rows, "label", "", "")
    classes = occurring_classes(cells)
    if all(name.isdecimal() for name in classes):
        raise DataError(
            f"{rows.place}: the classes are numbers ({listed(classes)}), which name nothing; add"
            ' --labels "NAME,NAME,…", or --labels FILE with one name per line'
        )
    return NumberedClasses(classes, [], "labels"), cells


def _tags(rows: OwnTable, modality: Modality) -> dict[str, str]:
    """Return the columns that become tags: those without a role that hold no media."""
    names = (name for name in rows.names() if name not in (modality, "label", "id"))
    return {name: name for name in names if not rows.content_type(name)}
