"""Data sets of the datasets library with their images, sounds and videos left encoded."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from mmbench.data.arrow import cell_bytes
from mmbench.data.beside import MEDIA
from mmbench.data.cells import Shape
from mmbench.data.records import Record
from mmbench.errors import UnknownName
from mmbench.types import Content, Media, Modality

_BATCH = 1000  # rows looked at together


class Encoded(NamedTuple):
    """A data set with its media left encoded, and of which modality the inputs of these are."""

    dataset: Any
    media: dict[str, tuple[str, Modality]]  # input → column, modality
    label: str
    beside: Path  # where paths that are not absolute begin

    def records(self, columns: list[str]) -> Iterator[tuple[int, Record]]:
        """Number and row, a medium of which is its path and whether it has bytes."""
        names = list(dict.fromkeys(_column(self.dataset, c, self.label) for c in columns))
        table = self.dataset.select_columns(names).with_format("arrow")
        heavy = {column for column, _ in self.media.values()}
        for start in range(0, len(table), _BATCH):
            part = table[start : start + _BATCH]
            cells = {n: _places(part[n]) if n in heavy else part[n].to_pylist() for n in names}
            for row in range(part.num_rows):
                number = start + row
                where = f"{self.label} row {number}"
                yield number, Record(where, {name: cells[name][row] for name in names})

    def contents(self, record: Record, number: int) -> dict[str, Content]:
        """The media of a row."""
        found: dict[str, Content] = {}
        for name, (column, modality) in self.media.items():
            place, stored = record.cells[column]
            if stored:
                read = _reader(self.dataset, column, number)
                found[name] = Media(modality, f"{column} of {record.where}", read)
            elif place:
                found[name] = Media(modality, str(self.beside / place))
        return found


def encoded(dataset: Any, shape: Shape, label: str, beside: Path) -> Encoded:
    """A data set whose inputs are left encoded where they are media; errors call it `label`."""
    media: dict[str, tuple[str, Modality]] = {}
    for name, column in shape.fields.items():
        modality = _modality(dataset.features.get(column), name)
        if modality:
            media[name] = (column, modality)
            dataset = _undecoded(dataset, column)
    return Encoded(dataset, media, label, beside)


def _modality(feature: Any, name: str) -> Modality | None:
    """Of which modality a column is: by its type, else by the name of the input if it has bytes."""
    kind = type(feature).__name__
    struct = isinstance(feature, dict) and "bytes" in feature
    if not struct and kind not in ("Image", "Audio", "Video"):
        struct = getattr(feature, "dtype", "") in ("binary", "large_binary")
        kind = "" if not struct else kind
    named = name.partition("_")[0] if struct else kind.lower()
    return next((modality for modality in MEDIA if modality == named), None)


def _undecoded(dataset: Any, column: str) -> Any:
    """The data set without decoding: a sound would be decoded by a library of its own."""
    feature = dataset.features[column]
    if getattr(feature, "decode", False):
        return dataset.cast_column(column, type(feature)(decode=False))
    return dataset


def _column(dataset: Any, column: str, label: str) -> str:
    names = dataset.column_names
    for name in (column, column.partition(".")[0]):
        if name in names:
            return str(name)
    raise UnknownName(f"column of {label}", column, names)


def _places(column: Any) -> list[tuple[str | None, bool]]:
    """For each row the path, if it has one, and whether it has bytes. None are copied."""
    import pyarrow as pa
    import pyarrow.compute as pc

    if not pa.types.is_struct(column.type):
        return [(None, stored) for stored in pc.is_valid(column).to_pylist()]
    stored = pc.is_valid(pc.struct_field(column, "bytes")).to_pylist()
    if column.type.get_field_index("path") < 0:
        return [(None, there) for there in stored]
    paths = pc.struct_field(column, "path").to_pylist()
    return list(zip(paths, stored, strict=True))


def _reader(dataset: Any, column: str, number: int) -> Callable[[], bytes]:
    return partial(_read, dataset, column, number)


def _read(dataset: Any, column: str, number: int) -> bytes:
    return cell_bytes(dataset.select_columns([column])[number][column])
