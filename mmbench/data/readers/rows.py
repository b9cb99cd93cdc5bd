"""The rows of one file or data set, read column by column."""

from __future__ import annotations

from array import array
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.columns import ABSENT, Mappings, Repeated, Texts, concatenate, pack, take_rows
from mmbench.columns import column as field_of
from mmbench.data.readers.records import Record, format_cell, has_gaps, parse_path
from mmbench.errors import DataError, UnknownName
from mmbench.types import InvalidContent, Media, Modality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

_BLOCK = 1 << 13  # cells converted at a time

# A cell of a media column: the path of a file, candidate paths, an encoded file, a cell that
# cannot be used, or None for an empty cell.
MediaCell = str | list[str] | Media | InvalidContent | None


class Rows:
    """The selected rows of a file or of a data set; a column is read when it is first used.

    `place` is the name of the file or data set in messages, `folder` the base of relative paths,
    `part` the name of the file if a source reads several. `numbers` [n] int64 are the numbers, from
    0, of the selected rows; `total` is the number of all rows. `source` is the provenance of the
    data.
    """

    def __init__(self, place: str, folder: Path, n: int, part: str = "") -> None:
        import numpy as np

        self.place, self.folder, self.part = place, folder, part
        self.numbers: NDArray[np.int64] = np.arange(n)
        self.total = n
        self.source: dict[str, str] = {}
        self._read: dict[str, Sequence[Any]] = {}

    def __len__(self) -> int:
        return len(self.numbers)

    def as_column(self) -> array[int]:
        """Return the numbers of the selected rows, from 0, as a column."""
        return array("q", self.numbers.tobytes())

    def names(self) -> list[str]:
        """Return the names of the columns."""
        raise NotImplementedError

    def where(self, at: int) -> str:
        """Return the place of a selected row, counted from 0, for messages."""
        return f"{self.place} row {self.numbers[at]}"

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of an existing column for all rows, including those not selected."""
        raise NotImplementedError

    def content_type(self, _column: str) -> str:
        """Return image, audio, video or bytes if the column has such a type, else ""."""
        return ""

    def classes(self, _column: str) -> list[str]:
        """Return the class names of a column of labels if the data set has them, else []."""
        return []

    def templates(self) -> list[str]:
        """Return the class prompts of the data set, with `{}` for the class; [] if it has none."""
        return []

    def advice(self, _role: str) -> str:
        """Return how to add data for a role without a column; "" if a column can be named."""
        return ""

    def media_ids(self) -> str:
        """Return the column of ids of media if each row has its own media item, else ""."""
        return ""

    def has(self, name: str) -> bool:
        """Return whether `name` can be read: a column has this name, or its part before the first
        dot.
        """
        return not {name, name.partition(".")[0]}.isdisjoint((*self.names(), *self._read))

    def refuse_unknown(self, name: str, printed: str = "") -> None:
        """Raise UnknownName if there is no such column; the message shows `printed` if given."""
        if name not in self.names():
            raise UnknownName(f"column of {self.place}", printed or name, self.names())

    def column(self, name: str) -> Sequence[Any]:
        """Return the cells of a column, for the selected rows.

        The name `types.semantic` means the value of the key `semantic` in each cell of the column
        `types`, which holds mappings or lists of mappings. Raises UnknownName for a column that
        does not exist, DataError for a row that lacks the column.
        """
        head, *keys = [name] if name in (*self.names(), *self._read) else name.split(".")
        cells = self._selected(head, name)
        if has_gaps(cells):
            at = next(at for at, cell in enumerate(cells) if cell is ABSENT)
            raise DataError(f"{self.where(at)}: no {head!r}; write null for a missing value")
        return [self._inside(c, keys, name, at) for at, c in enumerate(cells)] if keys else cells

    def sparse_column(self, name: str) -> Sequence[Any]:
        """Return the cells of a column, None for a row that lacks it.

        Raises UnknownName if no row has it.
        """
        cells = self._selected(name, name)
        return [None if cell is ABSENT else cell for cell in cells] if has_gaps(cells) else cells

    def _selected(self, head: str, name: str) -> Sequence[Any]:
        """Return the cells of the column `head`, for the selected rows; messages show `name`."""
        if head not in self._read:
            self.refuse_unknown(head, name)
            self._read[head] = self.read(head)
        cells = self._read[head]
        return cells if len(self) == self.total else take_rows(cells, self.numbers)

    def _inside(self, value: Any, keys: list[str], name: str, at: int) -> Any:
        for key in keys:
            inside = value if isinstance(value, list) else [value]
            values = [one[key] for one in inside if isinstance(one, dict) and key in one]
            if len(values) < len(inside):
                raise UnknownName(f"column ({self.where(at)})", name, self.names())
            value = values if isinstance(value, list) else values[0]
        return value

    def as_texts(self, name: str, one: Callable[[Any], Any], cells: Any = None) -> Sequence[Any]:
        """Return the result of `convert` for a function that returns non-empty strings unchanged.

        The function is `one`. It is not called for a column that holds only non-empty strings,
        which is returned unchanged.
        """
        cells = self.column(name) if cells is None else cells
        full = isinstance(cells, Texts) and cells.are_full()
        return cells if full else self.convert(name, one, cells)

    def convert(self, name: str, one: Callable[[Any], Any], cells: Any = None) -> Sequence[Any]:
        """Return the results of the function `one` for the cells of a column, or for `cells`.

        Raises DataError, with the place of the cell, if the function raises ValueError; the message
        of the ValueError says which values are valid.
        """
        cells = self.column(name) if cells is None else cells
        blocks: list[Sequence[Any]] = []
        block: list[Any] = []
        for at, cell in enumerate(cells):
            try:
                block.append(one(cell))
            except ValueError as error:
                what = f"{self.where(at)}: {name} is {format_cell(cell)}"
                raise DataError(f"{what}; {error}") from error
            if len(block) == _BLOCK:
                blocks.append(pack(block))
                block = []
        return concatenate([*blocks, pack(block)]) if blocks else pack(block)

    def media(self, column: str, _modality: Modality) -> Sequence[MediaCell]:
        """Return the cells of a media column. Raises DataError for a cell that is not a path."""
        return self.as_texts(column, parse_path)

    def select(self, where: Mapping[str, object] | None, last: int | None = None) -> None:
        """Select the rows with the given column values.

        `where` is {column: value or list of accepted values}; values are compared as strings. If
        `last` is given, only the last `last` of these rows are selected.
        """
        import numpy as np

        for name, value in (where or {}).items():
            accepted = set(map(str, value if isinstance(value, list) else [value]))
            matching = (str(cell) in accepted for cell in self.column(name))
            self.numbers = self.numbers[np.fromiter(matching, bool, len(self))]
        self.numbers = self.numbers[-last:] if last else self.numbers

    def refuse_no_rows(self) -> None:
        """Raise DataError if no row is selected."""
        if not self.total:
            raise DataError(f"{self.place}: no rows")
        if not len(self):
            raise DataError(
                f"{self.place}: the task's `where` selects none of its {self.total} rows"
            )


class FileRows(Rows):
    """The rows of a table file.

    Two columns are added: `row` with the row numbers, and `part` with the name of the file if
    several files are read.
    """

    def __init__(self, file: Path, records: Sequence[Record], part: str = "") -> None:
        super().__init__(str(file), file.parent, len(records), part)
        self._places = field_of(records, "where")
        cells = field_of(records, "cells")
        self._cells = cells if isinstance(cells, Mappings) else Mappings.from_rows(cells)
        self.add("row", range(len(records)))
        if part:
            self.add("part", Repeated(part, len(records)))

    def add(self, name: str, cells: Sequence[Any]) -> None:
        """Add a column with one cell for each row of the file, unless the file has the column."""
        if name not in self._cells.columns:
            self._read[name] = cells

    def append(self, name: str, cells: Sequence[Any]) -> None:
        """Add a column with one cell for each row of the file, or replace the column."""
        self._cells = Mappings({**self._cells.columns, name: cells}, self.total)

    def names(self) -> list[str]:
        """Return the names of the columns in the file."""
        return list(self._cells.columns)

    def where(self, at: int) -> str:
        """Return the place of a selected row, counted from 0, for messages."""
        return str(self._places[int(self.numbers[at])])

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows of the file."""
        return self._cells.columns[name]
