"""Tables of one's own: CSV, TSV, JSONL and JSON, whose columns go by several names in any case."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from copy import copy
from typing import Any

from mmbench.columns import ABSENT, Absent, Mappings, Repeated, take_rows
from mmbench.data.readers.records import (
    find_name,
    has_gaps,
    parse_id,
    parse_path,
    parse_text,
    refuse_duplicates,
    tag_columns,
)
from mmbench.data.readers.rows import FileRows
from mmbench.errors import DataError
from mmbench.text import listed

NamedColumn = tuple[str, Sequence[Any]]  # the name of a column, and its cells


class OwnTable(FileRows):
    """A table of one's own: the rows of a file, of which one may lack a column of others."""

    def take(self, places: Sequence[int]) -> OwnTable:
        """Return some of the rows, in their order."""
        other = copy(self)
        other.numbers = self.numbers[list(places)]
        return other

    def find(self, name: str) -> str | None:
        """Return the name of a column, whatever its case; None if there is none."""
        return find_name(self.names(), name, self.place)

    def alias(self, name: str, other: str) -> None:
        """Let a column be found under another name as well, if there is none of that name."""
        actual = self.find(name)
        if actual is not None and self.find(other) is None:
            columns = {**self._cells.columns, other: self._cells.columns[actual]}
            self._cells = Mappings(columns, self.total)

    def cells(self, name: str) -> Sequence[Any]:
        """Return the cells of a column, ABSENT where a row does not have it."""
        actual = self.find(name)
        cells = Repeated(ABSENT, self.total) if actual is None else self.read(actual)
        return cells if len(self) == self.total else take_rows(cells, self.numbers)

    def first(self, names: Sequence[str], what: str) -> NamedColumn:
        """Return the cells of the first of these columns that each row has.

        Raises DataError for a row that has none.
        """
        present = [name for name in map(self.find, names) if name]
        columns = list(map(self.cells, present))
        if columns and not has_gaps(columns[0]):
            return present[0], columns[0]
        rows = zip(*columns, strict=True) if columns else [()] * len(self)
        cells = [next((c for c in row if c is not ABSENT), ABSENT) for row in rows]
        for at, cell in enumerate(cells):
            if cell is ABSENT:
                others = [name for name in self.names() if self.cells(name)[at] is not ABSENT]
                several = "one of " if len(names) > 1 else ""
                raise DataError(
                    f"{self.where(at)}: has no {what}: {several}{', '.join(names)} is needed beside"
                    f" {listed(others) or 'nothing'}"
                )
        return present[0], cells

    def only(self, names: Sequence[str], what: str) -> NamedColumn:
        """Return the cells of the one of these columns that each row has.

        Columns with one value count as one. Raises DataError for a row that has none, and for
        several that hold different values: which of them is meant is not guessed.
        """
        present = [name for name in map(self.find, names) if name]
        if len(present) < 2:
            return self.first(names, what)
        cells = []
        columns = list(map(self.cells, present))
        for at, (row, first) in enumerate(
            zip(zip(*columns, strict=True), self.first(names, what)[1], strict=True)
        ):
            full = [place for place, c in enumerate(row) if c not in (None, "", [], ABSENT)]
            if any(row[place] != row[full[0]] for place in full[1:]):
                several = listed(present[place] for place in full)
                raise DataError(
                    f"{self.where(at)}: {what} could be in {several}, which differ: rename or"
                    " remove all but one"
                )
            cells.append(row[full[0]] if full else first)
        return present[0], cells

    def ids(self, names: Sequence[str] = ("id",)) -> Sequence[str]:
        """Return the id of each row. Raises DataError for one that is none."""
        name, cells = self.first(names, "id")
        return self.as_texts(name, parse_id, cells)

    def distinct_ids(self, names: Sequence[str] = ("id",)) -> Sequence[str]:
        """Return the id of each row. Raises DataError for ids that stand twice."""
        ids = self.ids(names)
        refuse_duplicates("id", ids, self.place)
        return ids

    def required(self, name: str, one: Callable[[Any], Any] = parse_text) -> Sequence[Any]:
        """Return the text of each row in a column, or what a function makes of each cell."""
        actual, cells = self.first((name,), name)
        return (self.as_texts if one is parse_text else self.convert)(actual, one, cells)

    def texts(self, name: str, none: str | Absent = "") -> Sequence[Any]:
        """Return the text of each row in a column, `none` where it is empty or not there."""
        return self._each(
            name, lambda cell: none if cell is None else parse_text(cell) or none, none
        )

    def paths(self, name: str) -> Sequence[Any]:
        """Return the path of each row in a column: None where it is empty, ABSENT without one."""
        return self._each(name, parse_path, ABSENT)

    def _each(self, name: str, one: Callable[[Any], Any], none: str | Absent) -> Sequence[Any]:
        actual = self.find(name)
        if actual is None:
            return Repeated(none, len(self))
        cells = self.cells(actual)
        return self.as_texts(actual, lambda cell: none if cell is ABSENT else one(cell), cells)

    def tags(self, used: Collection[str]) -> dict[str, Sequence[Any]]:
        """Return the columns that are not `used`, of one text, number, true or false in a row."""
        return tag_columns({name: self.cells(name) for name in self.names()}, used)
