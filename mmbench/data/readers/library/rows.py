"""Rows of data sets of the datasets library; images, audio and videos stay encoded."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.columns import Mapped, patch_rows
from mmbench.data.readers.arrow_columns import (
    as_values,
    first_of_lists,
    media_by_row,
    media_columns,
)
from mmbench.data.readers.folders import MEDIA
from mmbench.data.readers.library.hub import open_dataset
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.types import InvalidContent, Media, Modality

if TYPE_CHECKING:
    from datasets import Dataset

_BATCH = 1000  # rows of media examined at a time


def library_rows(
    root: Path | None,
    path: str,
    name: str | None,
    split: str | None,
    revision: str | None,
    where: Mapping[str, object] | None = None,
) -> LibraryRows:
    """Return the rows of a split of the data set at `root`, else at `path` on disk or on the hub.

    `name` is the configuration; `split` may be None (`chosen_split`). `where` selects rows by
    column values (`Rows.select`). Raises DataError and UnknownName (see `open_dataset`).
    """
    dataset, source = open_dataset(root, path, name, split, revision)
    part = ", ".join(filter(None, [name, split]))
    place = f"{source['path']} ({part})" if part else source["path"]
    rows = LibraryRows(dataset, place, source)
    rows.select(where)
    return rows


class LibraryRows(Rows):
    """The rows of a `datasets.Dataset`; media from the hub are read from the library's cache."""

    def __init__(self, dataset: Dataset, place: str, source: dict[str, str]) -> None:
        folder = Path(source["path"])
        super().__init__(place, folder.parent if folder.is_file() else folder, len(dataset))
        self._dataset, self.source = dataset, source

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._dataset.column_names)

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows of the data set."""
        table = self._dataset.select_columns([name]).with_format("arrow")[:]
        return as_values(table[name], f"{self.place}: column {name}")

    def content_type(self, column: str) -> str:
        """Return image, audio, video or bytes if the column has such a type, else ""."""
        feature = self._dataset.features.get(column)
        kind = type(feature).__name__.lower()
        if kind in MEDIA:
            return kind
        inside = feature if isinstance(feature, dict) else getattr(feature, "dtype", "")
        return "bytes" if "bytes" in inside or "binary" in inside else ""

    def classes(self, column: str) -> list[str]:
        """Return the class names of a column of labels or of lists of labels; [] if it has none."""
        feature = self._dataset.features.get(column)
        names = getattr(getattr(feature, "feature", feature), "names", None)
        return list(names) if names else []

    def media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the cells of a media column; no bytes are read or decoded.

        A cell of a column of lists is its only item; the sample fails if there are several.
        """
        import pyarrow.compute as pc

        self.refuse_unknown(column)
        if self._holds_lists(column):
            return self._only_items(column, modality)
        dataset = self._dataset
        table = dataset.select_columns([column]).with_format("arrow")
        without: dict[int, str | None] = {}
        for start in range(0, len(table), _BATCH):
            column_batch = table[start : start + _BATCH][column]
            paths, stored = media_columns(column_batch, f"{self.place}: column {column}")
            lacking = pc.invert(pc.is_valid(stored)).to_numpy().nonzero()[0].tolist()
            path_cells = paths.take(lacking).to_pylist() if lacking else []
            without |= {
                start + at: path or None for at, path in zip(lacking, path_cells, strict=True)
            }
        if len(without) == len(table):
            return [without[number] for number in self.numbers.tolist()]
        medium = partial(self._medium, media_by_row(dataset, column), modality, column)
        here = {at: without[n] for at, n in enumerate(self.numbers.tolist()) if n in without}
        return patch_rows(Mapped(medium, self.as_column()), here)

    def _holds_lists(self, column: str) -> bool:
        """Return whether a column has lists of images, audio or videos."""
        item = getattr(self._dataset.features[column], "feature", None)
        return isinstance(item, dict) or type(item).__name__.lower() in MEDIA

    def _only_items(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the only item of each list of encoded media; None for an empty list."""
        import pyarrow.compute as pc

        lists = self._dataset.select_columns([column]).with_format("arrow")
        sizes: list[int | None] = []
        for start in range(0, len(lists), _BATCH):
            sizes += pc.list_value_length(lists[start : start + _BATCH][column]).to_pylist()
        part = first_of_lists(self._dataset, column)
        return [
            self._medium(part, modality, column, number)
            if (size := sizes[number]) == 1
            else InvalidContent(f"{self.where(at)}: {column} has {size} items, not one")
            if size
            else None
            for at, number in enumerate(self.numbers.tolist())
        ]

    def _medium(self, part: Any, modality: Modality, column: str, number: int) -> Media:
        return Media(modality, f"{column} of {self.place} row {number}", part(number))
