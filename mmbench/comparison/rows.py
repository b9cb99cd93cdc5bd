"""The stored rows of a run, read for a comparison."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from functools import cached_property
from typing import TYPE_CHECKING, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from mmbench import stats
from mmbench.columns import Texts
from mmbench.engine.score_names import is_macro, split_name, without_macro
from mmbench.errors import DataError, MissingRows
from mmbench.stats.folds import Floats
from mmbench.stats.sums import Ints
from mmbench.storage import records as store
from mmbench.storage.records import StoredRun
from mmbench.types import ScoreInfo
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa

# Columns that identify the sample of a row.
SAMPLE_COLUMNS = ("direction", "split", "id")


class ScoreRows(NamedTuple):
    """The rows [k, c] of one score, and the positions [k] of their samples in the run's table.

    `all_places` are the positions of all samples that the score covers, including failed samples.
    """

    rows: Floats
    places: Ints
    all_places: Ints

    def within(self, inside: NDArray[np.bool_]) -> ScoreRows:
        """Return the rows of the samples at the positions in the mask `inside` of the table."""
        kept, covered = inside[self.places], inside[self.all_places]
        return ScoreRows(self.rows[kept], self.places[kept], self.all_places[covered])


class KeyedRows:
    """An Arrow table whose rows are samples, identified by direction, split and id."""

    def __init__(self, table: pa.Table) -> None:
        self.table = table

    @cached_property
    def keys(self) -> Texts:
        """A string for each row that identifies its sample: direction, split and id."""
        import pyarrow as pa
        import pyarrow.compute as pc

        direction, split, ident = (self.table[name] for name in SAMPLE_COLUMNS)
        numbers = (split.cast(pa.string()), pc.utf8_length(direction).cast(pa.string()))
        return Texts(pc.binary_join_element_wise(*numbers, direction, ident, ","))


class RunRows(KeyedRows):
    """The stored rows of a run for the scores called `names`, as an Arrow table."""

    def __init__(self, run: StoredRun, names: Collection[str]) -> None:
        self.run, self.record = run, run.record
        bases = list(map(without_macro, names))
        # The last brackets may contain the direction, which is not part of the column's name.
        metrics = {*bases, *(base.rpartition("[")[0] for base in bases)}
        tags = ["tags"] if any(map(is_macro, names)) else []
        super().__init__(self._read(*SAMPLE_COLUMNS, "group", *tags, also=metrics))

    @cached_property
    def groups(self) -> Texts:
        """The group of each row; a row without a group has its id as group."""
        import pyarrow.compute as pc

        group, ident = self.table["group"], self.table["id"]
        return Texts(pc.if_else(pc.equal(group, ""), ident, group))

    def _read(self, *columns: str, also: Iterable[str] = ()) -> pa.Table:
        """Read the columns called `columns`, and those columns in `also` that exist.

        Raises DataError if one of `columns` is missing.
        """
        return store.read_rows(self.run, {*columns, *also}, columns)

    def score_rows(self, name: str) -> ScoreRows | None:
        """Return the rows of a score by its full name; None if it has no rows (fold `whole`).

        Raises DataError if the value computed from the rows differs from the value in the record.
        """
        info = self.record.scores[name]
        base, direction, tag = split_name(name, self.table["direction"].unique().to_pylist())
        if info.fold == "whole" or base not in self.table.column_names:
            return None
        rows, present = self._metric_rows(base)
        in_scope = self._in_direction(direction)
        if tag:
            rows, present, in_scope = self._rows_with_tag(info.fold, rows, present, in_scope, tag)
        elif info.fold.startswith("split-"):
            rows = self._with_split(info.fold, rows, present)
        measured = present & in_scope
        score_rows = ScoreRows(
            rows[measured[present]], measured.nonzero()[0], in_scope.nonzero()[0]
        )
        self._check(name, info, score_rows)
        return score_rows

    def tag_values(self, tag: str, places: Ints) -> list[str]:
        """Return the values of a tag of the samples at these positions; "" for no value."""
        tags, values = self._tag_values(tag)
        return [values[at] for at in tags[places].tolist()]

    def _tag_values(self, tag: str) -> tuple[Ints, list[str]]:
        """Return the number of each sample's tags, and the value of `tag` by this number."""
        column = self.table if "tags" in self.table.column_names else self._read("tags")
        tags, different = _numbered(column["tags"])
        return tags, [msgspec.json.decode(text).get(tag, "") for text in different]

    def column_values(self, column: str, places: Ints) -> list[object]:
        """Return the outputs (column `value`) or the references (`target`) at these positions."""
        values = self._read(column)[column].take(places).to_pylist()
        return [
            self._parse_value(column, *cell) for cell in zip(places.tolist(), values, strict=True)
        ]

    def _parse_value(self, column: str, place: int, value: object) -> object:
        try:
            return parse_json(value) if isinstance(value, str) else value
        except ValueError as error:
            raise DataError(
                f"run {self.record.run}: row {place} of {column} cannot be read: {error}"
            ) from error

    def _in_direction(self, direction: str) -> NDArray[np.bool_]:
        import pyarrow.compute as pc

        if not direction:
            return np.ones(len(self.table), bool)
        return np.asarray(pc.equal(self.table["direction"], direction))

    def _with_split(self, fold: str, rows: Floats, present: NDArray[np.bool_]) -> Floats:
        """Return `rows` with a last column: the number of the split, or direction, of each row.

        A fold that sums over directions (`split-sum`) gets directions. `present` marks the table
        rows that `rows` contains.
        """
        if fold.startswith("split-mean"):
            numbers = np.asarray(self.table["split"])
        else:
            numbers, _ = _numbered(self.table["direction"])
        return np.column_stack([rows, numbers[present]])

    def _rows_with_tag(
        self,
        fold: str,
        rows: Floats,
        present: NDArray[np.bool_],
        in_scope: NDArray[np.bool_],
        tag: str,
    ) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
        """Return the rows of the samples that have the tag, with an additional last column.

        The last column is the number of the sample's tag value. The other two results are the masks
        `present` (table rows with a value) and `in_scope` (table rows that the score covers),
        restricted to samples that have the tag.
        """
        inner = fold.partition(":")[2]
        if inner.startswith("split-"):
            rows = self._with_split(inner, rows, present)
        tags, values = self._tag_values(tag)
        number = {value: at for at, value in enumerate(sorted(set(values) - {""}))}
        numbers = np.array([number.get(value, -1) for value in values], np.intp)[tags]
        tagged = numbers >= 0
        tagged_rows = np.column_stack([rows, numbers[present]])[tagged[present]]
        return tagged_rows, present & tagged, in_scope & tagged

    def _metric_rows(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        """Return the lists in a column as rows [k, c], and a mask of the table rows with a list."""
        import pyarrow as pa

        lists = self.table[name].combine_chunks()
        present = lists.is_valid().to_numpy(zero_copy_only=False)
        if pa.types.is_null(lists.type) or not present.any():
            return np.empty((0, 1)), np.zeros(len(lists), bool)
        if not pa.types.is_list(lists.type):
            raise DataError(
                f"run {self.record.run}: column {name!r} does not contain lists of numbers"
            )
        flat = lists.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(int(present.sum()), -1), present

    def _check(self, name: str, info: ScoreInfo, score_rows: ScoreRows) -> None:
        if info.value is None:
            return
        value = stats.fold(info.fold, score_rows.rows)
        if not abs(value - info.value) <= 1e-9 * max(1.0, abs(info.value)):
            raise DataError(
                f"run {self.record.run}: {name} is {value:.6g} by its rows, but"
                f" {info.value:.6g} in its record; the rows belong to another run"
            )


def open_rows(
    runs: Iterable[StoredRun], names: Collection[str], unreadable: list[str]
) -> dict[str, RunRows]:
    """Return the rows of the scores called `names` by run id, for the runs that have rows.

    For each file that cannot be read, a message is appended to `unreadable`.
    """
    rows_by_run = {}
    for run in runs:
        try:
            rows_by_run[run.record.run] = RunRows(run, names)
        except MissingRows:
            continue
        except DataError as error:
            unreadable.append(str(error))
    return rows_by_run


def _numbered(column: pa.ChunkedArray) -> tuple[Ints, list[str]]:
    """Return the number of each string in a column, and the distinct strings.

    The distinct strings are numbered from 0 in order of appearance.
    """
    encoded = column.combine_chunks().dictionary_encode()
    return np.asarray(encoded.indices), encoded.dictionary.to_pylist()
