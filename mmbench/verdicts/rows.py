"""The stored rows of a run, read for a comparison: which samples a score is of, and their rows."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mmbench import stats, store
from mmbench.errors import DataError
from mmbench.run_lookup import Run, find_run
from mmbench.safe_parse import parse_json
from mmbench.types import RunRecord, ScoreInfo

if TYPE_CHECKING:
    import numpy as np
    import pyarrow as pa
    from numpy.typing import NDArray

    from mmbench.stats.folds import Floats
    from mmbench.stats.sums import Ints

_MACRO = re.compile(r"^(?P<name>.*)\{macro:(?P<tag>.*)\}$")

_COLUMNS = frozenset({"direction", "split", "id", "group", "value", "target", "tags"})

# (direction, split, id): which sample of the task it is.
Key = tuple[str, int, str]


class Of(NamedTuple):
    """The rows [k, c] of one score and where their samples stand in the table [k].

    `asked` are the places of all samples that the score asks about, failed ones too.
    """

    rows: Floats
    places: Ints
    asked: Ints


class RunRows:
    """The rows of one run. `keys` and `groups` are those of its samples, in the stored order."""

    def __init__(self, record: RunRecord, table: pa.Table) -> None:
        self.record, self.table = record, table
        if missing := _COLUMNS - set(table.column_names):
            raise DataError(f"run {record.run}: its rows have no column {min(missing)!r}")
        columns = (table[name].to_pylist() for name in ("direction", "split", "id"))
        self.keys: list[Key] = list(zip(*columns, strict=True))
        ids = (ident for _, _, ident in self.keys)
        stored = table["group"].to_pylist()
        self.groups = [group or ident for group, ident in zip(stored, ids, strict=True)]

    def of(self, name: str) -> Of | None:
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
        found = Of(rows[kept[there]], kept.nonzero()[0], asked.nonzero()[0])
        self._check(name, info, found)
        return found

    def cell(self, column: str, place: int) -> object:
        """What was said of a sample (`value`), its `target` or its `error`."""
        value = self.table[column][place].as_py()
        if not isinstance(value, str) or column == "error":
            return value
        try:
            return parse_json(value)
        except ValueError as error:
            raise DataError(
                f"run {self.record.run}: row {place} of {column} cannot be read: {error}"
            ) from error

    def _parts(self, name: str) -> tuple[str, str | None, str | None]:
        """The stored column of a score, its direction, and the tag that it is a mean over."""
        found = _MACRO.match(name)
        base, tag = (found["name"], found["tag"]) if found else (name, None)
        for direction in {key[0] for key in self.keys} - {""}:
            if base.endswith(f"[{direction}]"):
                return base.removesuffix(f"[{direction}]"), direction, tag
        return base, None, tag

    def _asked(self, direction: str | None) -> NDArray[np.bool_]:
        import numpy as np

        if direction is None:
            return np.ones(len(self.keys), bool)
        return np.array([key[0] == direction for key in self.keys], bool)

    def _with_split(self, fold: str, rows: Floats, there: NDArray[np.bool_]) -> Floats:
        """Rows with the number of their split, or of their direction, as the last column."""
        import numpy as np

        if fold.startswith("split-mean"):
            numbers = np.array([key[1] for key in self.keys])
        else:
            ways = list(dict.fromkeys(key[0] for key in self.keys))
            numbers = np.array([ways.index(key[0]) for key in self.keys])
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
        import numpy as np

        inner = fold.partition(":")[2]
        if inner.startswith("split-"):
            rows = self._with_split(inner, rows, there)
        tags = [msgspec.json.decode(t).get(tag, "") for t in self.table["tags"].to_pylist()]
        number = {value: at for at, value in enumerate(sorted(set(tags) - {""}))}
        numbers = np.array([number.get(value, -1) for value in tags])
        tagged = numbers >= 0
        kept = np.column_stack([rows, numbers[there]])[tagged[there]]
        return kept, there & tagged, asked & tagged

    def _lists(self, name: str) -> tuple[Floats, NDArray[np.bool_]]:
        """A column of lists as rows [k, c] of those that are there, and which are."""
        import numpy as np
        import pyarrow as pa

        whole = self.table[name].combine_chunks()
        there = whole.is_valid().to_numpy(zero_copy_only=False)
        if pa.types.is_null(whole.type) or not there.any():
            return np.empty((0, 1)), np.zeros(len(whole), bool)
        if not pa.types.is_list(whole.type):
            raise DataError(f"run {self.record.run}: column {name!r} holds no rows of a metric")
        flat = whole.flatten().to_numpy(zero_copy_only=False)
        return flat.reshape(int(there.sum()), -1), there

    def _check(self, name: str, info: ScoreInfo, found: Of) -> None:
        if info.value is None:
            return
        value = stats.fold(info.fold, found.rows)
        if not abs(value - info.value) <= 1e-9 * max(1.0, abs(info.value)):
            raise DataError(
                f"run {self.record.run}: its rows give {name} = {value:.6g}, the record"
                f" {info.value:.6g}: the rows are those of another run"
            )


def open_run(run: Run, out: str | Path = "leaderboards", task: str | None = None) -> RunRows:
    """Find a run (`find_run`) and read its rows. Raises DataError where these are not there."""
    stored = find_run(run, out, task)
    return RunRows(stored.record, store.read_rows(stored))
