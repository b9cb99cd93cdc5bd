"""Rows of a user's own data in any layout, with flexible spelling of column names."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from copy import copy
from pathlib import PurePath
from typing import Any

from mmbench.columns import ABSENT, Absent, Repeated, are_distinct, pack, take_rows
from mmbench.data.readers.records import (
    find_name,
    has_gaps,
    parse_id,
    parse_path,
    parse_text,
    plain_name,
    refuse_duplicates,
    tag_columns,
)
from mmbench.data.readers.rows import MediaCell, Rows
from mmbench.errors import DataError
from mmbench.text import listed
from mmbench.types import Modality

NamedColumn = tuple[str, Sequence[Any]]  # the name of a column, and its cells


class OwnTable(Rows):
    """The rows of a user's table, with flexible spelling of column names.

    `columns` maps names to the columns of `rows` that are read under these names instead of their
    own; other columns with such a name, or a name in `hidden`, are not read. Rows of a JSON or
    JSONL file may lack a column.
    """

    def __init__(
        self,
        rows: Rows,
        columns: Mapping[str, str] | None = None,
        hidden: Collection[str] = (),
    ) -> None:
        super().__init__(rows.place, rows.folder, len(rows), rows.part)
        self.source, self._rows = rows.source, rows
        columns = columns or {}
        unread = {*columns, *columns.values(), *hidden}
        others = {name: name for name in rows.names() if not {name, plain_name(name)} & unread}
        self._columns = {**columns, **others}

    def names(self) -> list[str]:
        """Return the names of the columns."""
        return list(self._columns)

    def where(self, at: int) -> str:
        """Return the place of a selected row, counted from 0, for messages."""
        return self._rows.where(int(self.numbers[at]))

    def read(self, name: str) -> Sequence[Any]:
        """Return the cells of a column for all rows; ABSENT for a row that lacks the column."""
        rows, actual = self._rows, self._columns[name]
        if name not in self._read:
            cells = rows.read(actual)
            self._read[name] = cells if len(rows) == rows.total else take_rows(cells, rows.numbers)
        return self._read[name]

    def content_type(self, column: str) -> str:
        """Return image, audio, video or bytes if the column has such a type, else ""."""
        return self._rows.content_type(self._columns[column]) if column in self._columns else ""

    def classes(self, column: str) -> list[str]:
        """Return the class names of a column of labels if the data set has them, else []."""
        return self._rows.classes(self._columns[column]) if column in self._columns else []

    def templates(self) -> list[str]:
        """Return the class prompts of the data set, with `{}` for the class; [] if it has none."""
        return self._rows.templates()

    def media(self, column: str, modality: Modality) -> Sequence[MediaCell]:
        """Return the cells of a media column, for the selected rows."""
        self.refuse_unknown(column)
        cells = self._rows.media(self._columns[column], modality)
        return cells if len(self) == self.total else take_rows(cells, self.numbers)

    def take(self, places: Sequence[int]) -> OwnTable:
        """Return the table of the selected rows at the positions `places`."""
        other = copy(self)
        other.numbers = self.numbers[list(places)]
        return other

    def find(self, name: str) -> str | None:
        """Return the name of a column as spelt in the table; None if there is no such column."""
        return find_name(self.names(), name, self.place)

    def alias(self, name: str, other: str) -> None:
        """Make the column `name` available as `other` too, unless a column `other` exists."""
        actual = self.find(name)
        if actual is not None and self.find(other) is None:
            self._columns = {**self._columns, other: self._columns[actual]}

    def cells(self, name: str) -> Sequence[Any]:
        """Return the cells of a column; ABSENT for a row that lacks the column."""
        actual = self.find(name)
        cells = Repeated(ABSENT, self.total) if actual is None else self.read(actual)
        return cells if len(self) == self.total else take_rows(cells, self.numbers)

    def first(self, names: Sequence[str], what: str) -> NamedColumn:
        """Return, for each row, the cell in the first of the columns `names` that the row has.

        Also return the name, as in the file, of the first of these columns. Raises DataError for a
        row that has none of the columns; its message calls the missing cell `what`.
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
                several = "one of the columns" if len(names) > 1 else "a column"
                raise DataError(
                    f"{self.where(at)}: no {what}, only {listed(others) or 'empty columns'}; give"
                    f" {several} {', '.join(names)}"
                )
        return present[0], cells

    def only(self, names: Sequence[str], what: str) -> NamedColumn:
        """Return, for each row, the cell in the only column of `names` that has a value in the row.

        Also return the name, as in the file, of the first of these columns. Columns with equal
        values count as one column. Raises DataError for a row that has none of the columns, and for
        a row with different values in them, because it is unclear which value is right.
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
                    f"{self.where(at)}: {what} could be in {several}, which differ; rename or"
                    " remove all but one"
                )
            cells.append(row[full[0]] if full else first)
        return present[0], cells

    def id_columns(self, names: Sequence[str]) -> list[str]:
        """Return those of the columns `names` that exist and may hold ids.

        Paths of media may be ids; encoded media may not.
        """
        found = {name: self.find(name) for name in names}
        return [name for name, actual in found.items() if actual and not self.content_type(actual)]

    def ids(self, names: Sequence[str] = ("id",)) -> Sequence[str]:
        """Return the id of each row, from the first of the columns `names` that the row has.

        Columns of encoded media hold no ids. Raises DataError for an invalid id.
        """
        name, cells = self.first(self.id_columns(names) or names, "id")
        return self.as_texts(name, parse_id, cells)

    def distinct_ids(self, names: Sequence[str] = ("id",)) -> Sequence[str]:
        """Return the id of each row (`ids`). Raises DataError for duplicate ids."""
        ids = self.ids(names)
        refuse_duplicates("id", ids, self.place)
        return ids

    def default_ids(self, medium: str) -> Sequence[str]:
        """Return the id of each row: the column `id`, the name of its file, or its number.

        `medium` is the column of the files. Names without extension are ids if they are unique,
        else paths without extension; row numbers count from 0. Raises DataError for duplicate ids
        in the column `id`.
        """
        if self.find("id"):
            return self.distinct_ids()
        actual = self.find(medium)
        numbers = pack(list(map(str, self.numbers.tolist())))
        paths = [] if actual is None or self.content_type(actual) else self.paths(actual)
        if not paths or not all(isinstance(path, str) for path in paths):
            return numbers
        ids = unique_stems(paths)
        return pack(ids) if are_distinct(ids) else numbers

    def required(self, name: str, one: Callable[[Any], Any] = parse_text) -> Sequence[Any]:
        """Return the result of `one` for each cell of a column, by default the cell as a string.

        Raises DataError for a row that lacks the column, and for a cell for which `one` raises
        ValueError.
        """
        actual, cells = self.first((name,), name)
        return (self.as_texts if one is parse_text else self.convert)(actual, one, cells)

    def texts(self, name: str, none: str | Absent = "") -> Sequence[Any]:
        """Return the string of each row in a column, or `none` if the cell is empty or missing."""
        return self._each(
            name, lambda cell: none if cell is None else parse_text(cell) or none, none
        )

    def media_or_absent(self, name: str, modality: Modality) -> Sequence[Any]:
        """Return the media cell of each row in a column: None for an empty cell, ABSENT for a
        missing cell.
        """
        actual = self.find(name)
        if actual is not None and self.content_type(actual):
            return self.media(actual, modality)
        return self.paths(name)

    def paths(self, name: str) -> Sequence[Any]:
        """Return the path of each row in a column: None for an empty cell, ABSENT for a missing
        cell.
        """
        return self._each(name, parse_path, ABSENT)

    def _each(self, name: str, one: Callable[[Any], Any], none: str | Absent) -> Sequence[Any]:
        actual = self.find(name)
        if actual is None:
            return Repeated(none, len(self))
        cells = self.cells(actual)
        return self.as_texts(actual, lambda cell: none if cell is ABSENT else one(cell), cells)

    def tags(self, used: Collection[str]) -> dict[str, Sequence[Any]]:
        """Return the columns not in `used` as tags: one string, number or boolean per row."""
        names = (name for name in self.names() if not self.content_type(name))
        return tag_columns({name: self.cells(name) for name in names}, used)


def unique_stems(paths: Sequence[str]) -> list[str]:
    """Return the names of files without extension, or their paths if two names are the same."""
    stems = [PurePath(path).stem for path in paths]
    return stems if are_distinct(stems) else [str(PurePath(path).with_suffix("")) for path in paths]
