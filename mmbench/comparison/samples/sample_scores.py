"""The value of each score for each sample of a run."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, cast

import numpy as np
from numpy.typing import NDArray

from mmbench.engine.score_names import is_macro, score_info, split_name
from mmbench.errors import DataError, UnknownName
from mmbench.stats import sample_values
from mmbench.storage.row_columns import SCORE
from mmbench.types import RunRecord

if TYPE_CHECKING:
    import pyarrow as pa

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


class SampleScores:
    """The values of the scores of a run, read from the Arrow table of its rows."""

    def __init__(self, record: RunRecord, rows: pa.Table) -> None:
        self._record, self._rows = record, rows
        self._known: dict[str, Floats | None] = {}

    @cached_property
    def names(self) -> list[str]:
        """The names of the scores that have a value for each sample, the headline first."""
        scores = self._record.scores
        names = [name for name in scores if self._values(name) is not None]
        return sorted(names, key=lambda name: name != self._record.headline)

    def values(self, name: str) -> Floats:
        """Return the values of a score [n] float64, NaN for a row that was not measured.

        Raises UnknownName for a score without values for samples.
        """
        values = self._values(name) if name in self._record.scores else None
        if values is None:
            raise UnknownName("metric", name, self.names)
        return values

    def wrong(self, name: str) -> Flags:
        """Return whether each row has a value that is short of the best possible value [n].

        No row is wrong if the best value of the metric is unknown.
        """
        values, best = self.values(name), _best(name)
        if best is None:
            return np.zeros(len(values), np.bool_)
        return np.asarray(~np.isnan(values) & (values != best))

    def is_graded(self, name: str) -> bool:
        """Return whether samples have more than two different values, as those of BLEU or WER.

        A sample short of the best value of such a score is not perfect, rather than wrong.
        """
        values = self.values(name)
        return bool(np.unique(values[~np.isnan(values)]).size > 2)

    def worst_first(self, name: str) -> NDArray[np.intp]:
        """Return the numbers of the measured rows, the worst first.

        Rows with equal values are ordered by the other scores of the run, then as they are stored.
        """
        names = [name, *(other for other in self.names if other != name)]
        order = np.lexsort([self._badness(one) for one in reversed(names)])
        return order[~np.isnan(self.values(name)[order])]

    def _badness(self, name: str) -> Floats:
        """Return numbers [n] that are lowest for the worst values."""
        values = self.values(name)
        return values if self._record.scores[name].better == "higher" else -values

    @cached_property
    def _directions(self) -> list[str]:
        return cast("list[str]", self._rows["direction"].unique().to_pylist())

    def _values(self, metric: str) -> Floats | None:
        if metric not in self._known:
            self._known[metric] = self._read_values(metric)
        return self._known[metric]

    def _numbers(self, name: str) -> Floats:
        """Return a column of numbers. Raises DataError for values of another type."""
        try:
            return np.array(self._rows[name].to_numpy(), np.float64)
        except (TypeError, ValueError) as error:
            raise DataError(
                f"run {self._record.run}: column {name!r} does not contain numbers;"
                " run the model again"
            ) from error

    def _read_values(self, metric: str) -> Floats | None:
        if is_macro(metric):
            return None
        base, direction, _ = split_name(metric, self._directions)
        if base + SCORE in self._rows.column_names:
            values = self._numbers(base + SCORE)
        else:
            values_of_lists = self._from_lists(base, self._record.scores[metric].fold)
            if values_of_lists is None:
                return None
            values = values_of_lists
        if direction:
            directions = np.asarray(self._rows["direction"].to_pylist(), object)
            values[directions != direction] = np.nan
        return values

    def _from_lists(self, base: str, fold: str) -> Floats | None:
        """Return the values of the samples from the lists of a metric, for rows of older runs."""
        import pyarrow as pa

        if base not in self._rows.column_names or fold == "whole":
            return None
        lists = self._rows[base].combine_chunks()
        present = np.asarray(lists.is_valid())
        values = np.full(len(lists), np.nan)
        if pa.types.is_null(lists.type) or not present.any():
            return values
        rows = np.asarray(lists.flatten()).reshape(int(present.sum()), -1)
        own = sample_values(fold.rpartition(":")[2], rows)
        if own is None:
            return None
        values[present] = own
        return values


def _best(metric: str) -> float | None:
    """Return the best possible value of a metric by the name of its score; None if unknown."""
    info = score_info(metric)
    return info.best if info else None
