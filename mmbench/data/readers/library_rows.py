"""Data sets of the datasets library with their images, sounds and videos left encoded."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from mmbench.columns import ABSENT, Mapped, Mappings, patched
from mmbench.data.mapping.beside import MEDIA
from mmbench.data.mapping.media_fields import field_modality, located, without_empty
from mmbench.data.mapping.samples import Shape, cell, chosen
from mmbench.data.readers.arrow_columns import media_cells
from mmbench.data.readers.arrow_files import parts_of
from mmbench.data.readers.records import Record
from mmbench.errors import DataError, UnknownName
from mmbench.media.inside import MediaInFile
from mmbench.types import Content, Media, Modality

if TYPE_CHECKING:
    import pyarrow as pa
    from datasets import Dataset

_BATCH = 1000  # rows looked at together

Numbered = tuple[int, Record]


class _Stored:
    """Stands in a cell for the bytes of a medium, which are left where they are."""

    def __repr__(self) -> str:
        return "bytes"


STORED = _Stored()


class Encoded(NamedTuple):
    """A data set with its media left encoded, and which inputs are media."""

    dataset: Dataset
    media: dict[str, tuple[str, Modality]]  # input → column, modality
    label: str
    beside: Path  # where paths that are not absolute begin

    def records(self, columns: list[str]) -> Iterator[Numbered]:
        """Yield number and row; the cell of a medium is its path, or `STORED` for its bytes."""
        names = list(dict.fromkeys(_column(self.dataset, c, self.label) for c in columns))
        table = self.dataset.select_columns(names).with_format("arrow")
        heavy = {column for column, _ in self.media.values()}
        for start in range(0, len(table), _BATCH):
            part = table[start : start + _BATCH]
            cells = {n: self._cells(part[n], n, heavy) for n in names}
            for row in range(part.num_rows):
                number = start + row
                yield number, Record(self.where(number), {name: cells[name][row] for name in names})

    def _cells(self, column: pa.ChunkedArray, name: str, heavy: Collection[str]) -> list[object]:
        if name not in heavy:
            return list(column.to_pylist())
        paths, stored = media_cells(column, f"{self.label}: column {name}")
        return [STORED if has else path for path, has in zip(paths, stored, strict=True)]

    def contents(self, rows: Rows, optional: Collection[str] = ()) -> Mappings:
        """Return the media of each row, by input: paths are looked for as `find_images` does."""
        columns = {name: column for name, (column, _) in self.media.items()}
        media = {name: self._located(name, rows) for name in self.media}
        gaps: dict[str, dict[int, Any]] = {name: {} for name in media}
        empty = {at for c in columns.values() for at, one in enumerate(rows.cells[c]) if not one}
        for at in sorted(empty):
            row = {n: media[n][at] if rows.cells[c][at] else None for n, c in columns.items()}
            found = without_empty(row, rows.where(at), columns, optional)
            for name in media:
                gaps[name][at] = found.get(name, ABSENT)
        return Mappings({n: patched(media[n], gaps[n]) for n in media}, len(rows.numbers))

    def _located(self, name: str, rows: Rows) -> Sequence[Content | None]:
        """Return the media of one input: of bytes where there are any, else at their paths."""
        column, modality = self.media[name]
        cells = rows.cells[column]
        stored = [cell is STORED for cell in cells]
        if any(stored):
            part = parts_of(self.dataset, column)
            media = Mapped(partial(self._medium, part, modality, column), rows.numbers)
            if not any(isinstance(cell, str) for cell in cells):
                return media
            cells = [media[at] if has else cells[at] for at, has in enumerate(stored)]
        return located([cell or None for cell in cells], self.beside, self.label, modality)

    def _medium(
        self, part: Callable[[int], MediaInFile], modality: Modality, column: str, number: int
    ) -> Media:
        return Media(modality, f"{column} of {self.where(number)}", part(number))

    def where(self, number: int) -> str:
        """Return what errors call a row."""
        return f"{self.label} row {number}"


class Rows:
    """Rows that a task asks for: the number of each, and by column the cells of its media.

    `columns` are others of which the cells are wanted.
    """

    def __init__(self, held: Encoded, columns: Sequence[str] = ()) -> None:
        self._held = held
        self.numbers = array("q")
        media = [column for column, _ in held.media.values()]
        self.cells: dict[str, list[Any]] = {name: [] for name in (*media, *columns)}

    def where(self, at: int) -> str:
        """Return what errors call the row in this place."""
        return self._held.where(self.numbers[at])

    def add(self, number: int, record: Record) -> None:
        """Add a row of `Encoded.records`."""
        self.numbers.append(number)
        for column, cells in self.cells.items():
            cells.append(cell(record, column))

    def chosen(
        self, records: Iterable[Numbered], where: Mapping[str, object] | None
    ) -> Iterator[Numbered]:
        """Add the rows in which columns have the values of `where`, and yield them."""
        for number, record in records:
            if chosen(record, where):
                self.add(number, record)
                yield number, record


def encoded(dataset: Dataset, shape: Shape, label: str, beside: Path) -> Encoded:
    """Return a data set whose inputs are left encoded where they are media.

    Errors call it `label`. Raises DataError for an input that its column cannot be.
    """
    media: dict[str, tuple[str, Modality]] = {}
    for name, column in shape.fields.items():
        modality = _modality(dataset.features.get(column), name, f"{label}: column {column}")
        if modality:
            media[name] = (column, modality)
            dataset = _undecoded(dataset, column)
    return Encoded(dataset, media, label, beside)


def _modality(feature: object, name: str, what: str) -> Modality | None:
    """Return the modality of an input by its name or, where that says nothing, by its column."""
    kind = type(feature).__name__.lower()
    by_type = next((modality for modality in MEDIA if modality == kind), None)
    by_name = field_modality(name)
    if by_type is None and by_name is None and _has_bytes(feature):
        by_name = next((m for m in MEDIA if m == name.partition("_")[0]), None)
    if by_type and by_name and by_type != by_name:
        raise DataError(f"{what} holds {by_type}s, and its input is called {name}: rename it")
    return by_type or by_name


def _has_bytes(feature: object) -> bool:
    if isinstance(feature, dict):
        return "bytes" in feature
    return "binary" in getattr(feature, "dtype", "")


def _undecoded(dataset: Dataset, column: str) -> Dataset:
    """The data set without decoding: a sound would be decoded by a library of its own."""
    feature = dataset.features.get(column)
    if getattr(feature, "decode", False):
        return dataset.cast_column(column, type(feature)(decode=False))
    return dataset


def _column(dataset: Dataset, column: str, label: str) -> str:
    names = dataset.column_names
    for name in (column, column.partition(".")[0]):
        if name in names:
            return str(name)
    raise UnknownName(f"column of {label}", column, names)


def beside(source: dict[str, str]) -> Path:
    """Where the paths of a data set on disk begin; those of the hub are its cache's own."""
    place = Path(source["path"])
    return place.parent if place.is_file() else place
