"""Rows of data in memory, which a program passes instead of the path of a file."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, TypeGuard

from mmbench.columns import ABSENT, pack
from mmbench.data.readers.library.rows import LibraryRows
from mmbench.data.readers.memory.columns import CellColumn, Items, frame_columns, item_columns
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.errors import DataError
from mmbench.media.inside import MediaInFile
from mmbench.types import Media, Modality

_ACCEPTED = (
    "a path, a list of dicts, a pandas data frame, a Dataset of the datasets library, or a"
    " map-style data set of torch"
)


# The place of data: a file or a folder, or rows in memory.
DataPlace = Path | Rows


class MemoryRows(Rows):
    """Rows with columns in memory; relative paths are relative to the working folder.

    `classes` are the class names of labels that are integers.
    """

    def __init__(
        self, columns: Mapping[str, CellColumn], n: int, place: str, classes: Sequence[str] = ()
    ) -> None:
        super().__init__(place, Path(), n)
        self._columns, self._classes = dict(columns), list(classes)

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._columns)

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column; ABSENT for a row without the column."""
        return pack(list(self._columns[name].cells))

    def content_type(self, column: str) -> str:
        """Return image, audio or bytes if the column holds media items, else ""."""
        found = self._columns.get(column)
        return found.kind if found else ""

    def classes(self, column: str) -> list[str]:
        """Return the class names of the column `label`; [] if they are not known."""
        return self._classes if column == "label" else []

    def media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the cells of a media column: media items, paths, or None for an empty cell."""
        self.refuse_unknown(column)
        if not self.content_type(column):
            return super().media(column, modality)
        cells = self._columns[column].cells
        return [self._medium(cells[row], column, row, modality) for row in self.numbers.tolist()]

    def _medium(self, cell: Any, column: str, row: int, modality: Modality) -> MediaCell:
        if isinstance(cell, MediaInFile):
            return Media(modality, f"{column} of {self.place} row {row}", cell)
        if cell is None or cell is ABSENT or cell == "":
            return None
        if isinstance(cell, str | Media):
            return cell
        raise DataError(
            f"{self.place} row {row}: {column} is a {type(cell).__name__}, while other rows have"
            f" {modality} items; give media or paths in all rows"
        )


def memory_rows(data: object) -> Rows:
    """Return data in memory as rows.

    `data` is a pandas data frame, a list of dicts, a `datasets.Dataset`, or a map-style
    `torch.utils.data.Dataset` with items that are dicts or tuples. Cells are texts, numbers, lists,
    paths, bytes of files, PIL images, arrays (`mmbench.data.readers.memory.media.encoded`) and
    sounds as (samples, rate). Raises DataError for other data.
    """
    if _is_of(data, "datasets"):
        return _library_rows(data)
    if _is_of(data, "pandas") and hasattr(data, "columns"):
        frame: Any = data
        rows = MemoryRows(frame_columns(frame), len(frame), "the data frame")
    elif isinstance(data, Sequence) and not isinstance(data, str | bytes):
        rows = MemoryRows(item_columns(data, "the list"), len(data), "the list")
    elif isinstance(data, Mapping) or not _has_items(data):
        raise DataError(f"the data are a {type(data).__name__}; give {_ACCEPTED}{_hint(data)}")
    else:
        rows = _item_rows(data)
    rows.refuse_no_rows()
    return rows


def _hint(data: object) -> str:
    """Return the expression that makes accepted data of data of another kind; "" if unknown."""
    if isinstance(data, Mapping):
        return ": pandas.DataFrame(data) has the columns of a dict"
    if hasattr(data, "dataset"):  # a DataLoader of torch
        return ": loader.dataset has the items of a loader"
    return ": list(data) has the items of an iterable" if isinstance(data, Iterable) else ""


def _has_items(data: object) -> TypeGuard[Items]:
    return hasattr(data, "__getitem__") and hasattr(data, "__len__")


def _is_of(data: object, library: str) -> bool:
    """Return whether a class of data comes from a library, which is then imported already."""
    modules = {cls.__module__.partition(".")[0] for cls in type(data).__mro__}
    return library in modules and library in sys.modules


def _item_rows(data: Items) -> MemoryRows:
    """Return the rows of a map-style data set; its attribute `classes` has names of labels."""
    place = f"the {type(data).__name__}"
    classes = getattr(data, "classes", ())
    names = list(map(str, classes)) if isinstance(classes, list | tuple) else []
    return MemoryRows(item_columns(data, place), len(data), place, names)


def _library_rows(data: Any) -> LibraryRows:
    """Return the rows of a data set of the datasets library.

    Raises DataError for several splits and for a stream.
    """
    import datasets

    if isinstance(data, dict):  # DatasetDict
        splits = ", ".join(map(str, data))
        raise DataError(f"the data set has splits ({splits}); give one of them, as data[SPLIT]")
    if not isinstance(data, datasets.Dataset):
        raise DataError(
            f"the data are a {type(data).__name__}, whose items have no numbers; load the data set"
            " without streaming"
        )
    rows = LibraryRows(data, "the data set", {"path": ""})
    rows.source = {}
    rows.refuse_no_rows()
    return rows
