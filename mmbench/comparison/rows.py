"""The stored rows of a run, read for a comparison: which samples a score is of, and their rows."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench import stats
from mmbench.columns import Texts
from mmbench.errors import DataError
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints
from mmbench.storage import records as store
from mmbench.storage.records import StoredRun
from mmbench.types import ScoreInfo
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa

_MACRO = re.compile(r"^(?P<name>.*)\{macro:(?P<tag>.*)\}$")

NAMED = ("direction", "split", "id")  # columns that say which sample of the task a row is of


class ScoreRows(NamedTuple):
    """The rows [k, c] of one score and where their samples stand in the table [k].

    `asked` are the places of all samples that the score asks about, failed ones too.
    """

    rows: Floats
    places: Ints
    asked: Ints


class RunRows:
    """The rows of one run, of the scores with these names, as an Arrow table."""

    def __init__(self, run: StoredRun, names: Collection[str]) -> None:
        self.run, self.record = run, run.record
        bases = [_MACRO.sub(r"\g<name>", name) for name in names]
        # What stands in the last brackets may be the direction: no part of the column's name.
        metrics = {*bases, *(base.rpartition("[")[0] for base in bases)}
        tags = ["tags"] if any(map(_MACRO.match, names)) else []
        self.table = self._read(*NAMED, "group", *tags, also=metrics)

    @cached_property
    def keys(self) -> Texts:
        """The direction, split and id of each row as one text, in which no two can be mistaken."""
        import pyarrow as pa
        import pyarrow.compute as pc

        way, split, ident = (self.table[name] for name in NAMED)
        numbers = (split.cast(pa.string()), pc.utf8_length(way).cast(pa.string()))
        return Texts(pc.binary_join_element_wise(*numbers, way, ident, ","))

    @cached_property
    def groups(self) -> Texts:
        """The group of each row; its id where it has none."""
        import pyarrow.compute as pc

        group, ident = self.table["group"], self.table["id"]
        return Texts(pc.if_else(pc.equal(group, ""), ident, group))

    def _read(self, *columns: str, also: Iterable[str] = ()) -> pa.Table:
        """Read columns, and those of `also` that are there. Raises DataError."""
        table = store.read_rows(self.run, {*columns, *also})
        if missing := set(columns) - set(table.column_names):
            raise DataError(f"run {self.record.run}: its rows have no column {min(missing)!r}")
        return table

    def of(self, name: str) -> ScoreRows | None:
        """The rows behind a score, by its full name; None for one that has none (`whole`).

        Raises DataError where the rows do not give the value that the record tells.
        """
        info = self.record.scores[name]
        base, direction, tag = self._parts(name)
        if info.fold == "whole" or base not in self.table.column_names:
            return None
        rows, there = self._lists(base)
        asked = self._asked(direction)
        if tag is not None:
            rows, there, asked = self._tagged(info.fold, rows, there, asked, tag)
        elif info.fold.startswith("split-"):
            rows = self._with_split(info.fold, rows, there)
        kept = there & asked
        found = ScoreRows(rows[kept[there]], kept.nonzero()[0], asked.nonzero()[0])
        self._check(name, info, found)
        return found

    def cells(self, column: str, places: Ints) -> list[object]:
        """What was said of samples (`value`), or their `target`."""
        found = self._read(column)[column].take(places).to_pylist()
        return [self._cell(column, *cell) for cell in zip(places.tolist(), found, strict=True)]

    def _cell(self, column: str, place: int, value: object) -> object:
        try:
            return parse_json(value) if isinstance(value, str) else value
        except ValueError as error:
            raise DataError(
                f"run {self.record.run}: row {place} of {column} cannot be read: {error}"
            ) from error

    def _parts(self, name: str) -> tuple[str, str | None, str | None]:
        """The stored column of a score, its direction, and the tag that it is a mean over."""
        found = _MACRO.match(name)
        base, tag = (found["name"], found["tag"]) if found else (name, None)
        for direction in self.table["direction"].unique().to_pylist():
            if direction and base.endswith(f"[{direction}]"):
                return base.removesuffix(f"[{direction}]"), direction, tag
        return base, None, tag

    def _asked(self, direction: str | None) -> NDArray[np.bool_]:
        import pyarrow.compute as pc

        if direction is None:
            return np.ones(len(self.table), bool)
        return np.asarray(pc.equal(self.table["direction"], direction))

    def _with_split(self, fold: str, rows: Floats, there: NDArray[np.bool_]) -> Floats:
        """Rows with the number of their split, or of their direction, as the last column."""
        if fold.startswith("split-mean"):
            numbers = np.asarray(self.table["split"])
        else:
            numbers, _ = _numbered(self.table["direction"])
        return np.column_stack([rows, numbers[there]])

    def _tagged(
        self,
        fold: str,
        rows: Floats,
        there: NDArray[np.bool_],
        asked: NDArray[np.bool_],
        tag: str,
    ) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        """Rows of the samples that have the tag, with the number of its value as last column."""
        inner = fold.partition(":")[2]
        if inner.startswith("split-"):
            rows = self._with_split(inner, rows, there)
        tags, different = _numbered(self.table["tags"])
        values = [msgspec.json.decode(text).get(tag, "") for text in different]
        number = {value: at for at, value in enumerate(sorted(set(values) - {""}))}
        numbers = np.array([number.get(value, -1) for value in values], np.intp)[tags]
        tagged = numbers >= 0
        kept = np.column_stack([rows, numbers[there]])[tagged[there]]
        return kept, there & tagged, asked & tagged

    def _lists(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        """A column of lists as rows [k, c] of those that are there, and which are."""
        import pyarrow as pa

        whole = self.table[name].combine_chunks()
        there = whole.is_valid().to_numpy(zero_copy_only=False)
        if pa.types.is_null(whole.type) or not there.any():
            return np.empty((0, 1)), np.zeros(len(whole), bool)
        if not pa.types.is_list(whole.type):
            raise DataError(f"run {self.record.run}: column {name!r} holds no rows of a metric")
        flat = whole.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(int(there.sum()), -1), there

    def _check(self, name: str, info: ScoreInfo, found: ScoreRows) -> None:
        if info.value is None:
            return
        value = stats.fold(info.fold, found.rows)
        if not abs(value - info.value) <= 1e-9 * max(1.0, abs(info.value)):
            raise DataError(
                f"run {self.record.run}: its rows give {name} = {value:.6g}, the record"
                f" {info.value:.6g}: the rows are those of another run"
            )


def _numbered(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """The number of each text of a column, and the different texts, in their order in it."""
    found = column.combine_chunks().dictionary_encode()
    return np.asarray(found.indices), found.dictionary.to_pylist()
