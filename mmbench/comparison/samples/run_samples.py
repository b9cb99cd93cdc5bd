"""The samples of a run: inputs, references, outputs and scores, one sample at a time.

The rows of the run are joined with the sample table of its data set.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import cached_property
from math import isnan
from typing import TYPE_CHECKING, Any, cast, overload

import numpy as np
from numpy.typing import NDArray

from mmbench.comparison.samples.inputs import Documents, StoredInputs
from mmbench.comparison.samples.output_text import (
    generated_place,
    output_text,
    pair_names,
    place_text,
    reference_texts,
)
from mmbench.comparison.samples.run_sample import RunSample
from mmbench.comparison.samples.sample_scores import Flags, Floats, SampleScores
from mmbench.engine.recording.rows import stored_ranking
from mmbench.errors import DataError
from mmbench.protocols import Rows, StoredSamples
from mmbench.storage.records import StoredRun, arrow_rows, read_rows
from mmbench.storage.row_columns import OUTPUT_DATA, REQUIRED, SCORE, UNSCORED
from mmbench.storage.sample_tables import read_sample_table
from mmbench.types import MediaPlace, Modality, RunRecord
from mmbench.validation.safe_parse import parse_json

if TYPE_CHECKING:
    import pyarrow as pa

_BLOCK = 1024  # rows converted to Python objects at a time
_NONE = Documents([], [])


class RunSamples(Sequence[RunSample]):
    """The samples of a run, in the order of its rows.

    `rows` is the Arrow table of the rows (`mmbench.storage.records.read_rows`), `table` the sample
    table, None if the samples are not stored.
    """

    def __init__(self, record: RunRecord, rows: pa.Table, table: StoredSamples | None) -> None:
        self.record, self.rows, self.table = record, rows, table
        self._values = SampleScores(record, rows)
        self._inputs = StoredInputs(table, rows["direction"].unique().to_pylist())
        self._block: tuple[int, list[dict[str, Any]]] = (-1, [])

    @overload
    def __getitem__(self, at: int) -> RunSample: ...
    @overload
    def __getitem__(self, at: slice) -> list[RunSample]: ...
    def __getitem__(self, at: int | slice) -> RunSample | list[RunSample]:
        if isinstance(at, slice):
            return [self[row] for row in range(*at.indices(len(self)))]
        if not -len(self) <= at < len(self):
            raise IndexError(f"row {at} is out of range: the run has {len(self)} rows")
        row = at % len(self)
        return self._sample(row, self._cells(row))

    def __len__(self) -> int:
        return len(self.rows)

    def __iter__(self) -> Iterator[RunSample]:
        return self.at(range(len(self)))

    def at(self, rows: Sequence[int]) -> Iterator[RunSample]:
        """Yield the samples with these row numbers in this order, which may be any."""
        for start in range(0, len(rows), _BLOCK):
            part = list(rows[start : start + _BLOCK])
            for row, cells in zip(part, self.rows.take(part).to_pylist(), strict=True):
                yield self._sample(row, cells)

    def ids(self) -> list[str]:
        """Return the id of each row."""
        return cast("list[str]", self.rows["id"].to_pylist())

    def directions(self) -> list[str]:
        """Return the direction of each row; "" in a task with a single direction."""
        return cast("list[str]", self.rows["direction"].to_pylist())

    @property
    def metrics(self) -> list[str]:
        """The names of the scores that have a value for each sample, the headline first."""
        return self._values.names

    def scores(self, metric: str) -> Floats:
        """Return the value of a score for each row [n] float64, NaN where it was not measured.

        Raises UnknownName for a score without values for samples.
        """
        return self._values.values(metric)

    def failed(self) -> Flags:
        """Return whether each row is a failed sample [n].

        It has no output, or an output that a metric could not score.
        """
        columns = ["error", *self._unscored_columns]
        flags = [np.asarray(self.rows[name].is_valid()) for name in columns]
        return np.asarray(np.any(flags, axis=0))

    def wrong(self, metric: str | None = None) -> Flags:
        """Return whether each row was measured and its value is short of the best possible value.

        The default metric is the first of `metrics`. No row is wrong if the best value is unknown.
        """
        name = metric or next(iter(self.metrics), "")
        return self._values.wrong(name) if name else np.zeros(len(self), np.bool_)

    def is_graded(self, metric: str | None = None) -> bool:
        """Return whether a score has more than two different values: no sample is plainly wrong.

        The default metric is the first of `metrics`.
        """
        name = metric or next(iter(self.metrics), "")
        return bool(name) and self._values.is_graded(name)

    def worst_first(self, metric: str | None = None) -> NDArray[np.intp]:
        """Return the numbers of the measured rows, those with the worst values first.

        Rows with equal values are ordered by the other scores of the run, then as they are stored.
        The default metric is the first of `metrics`.
        """
        name = metric or next(iter(self.metrics), "")
        return self._values.worst_first(name) if name else np.empty(0, np.intp)

    def tagged(self, tag: str, value: str) -> Flags:
        """Return whether each row has a tag with this value [n]."""
        encoded = self.rows["tags"].combine_chunks().dictionary_encode()
        texts = encoded.dictionary.to_pylist()
        has = np.array([parse_json(text, dict[str, str]).get(tag) == value for text in texts], bool)
        return has[np.asarray(encoded.indices)] if len(texts) else np.zeros(len(self), np.bool_)

    def tag_values(self) -> dict[str, list[str]]:
        """Return the values of each tag, sorted."""
        values: dict[str, set[str]] = {}
        for text in self.rows["tags"].unique().to_pylist():
            for tag, value in parse_json(text, dict[str, str]).items():
                values.setdefault(tag, set()).add(value)
        return {tag: sorted(own) for tag, own in values.items()}

    def _cells(self, row: int) -> dict[str, Any]:
        start = row - row % _BLOCK
        if self._block[0] != start:
            self._block = start, self.rows.slice(start, _BLOCK).to_pylist()
        return self._block[1][row - start]

    def _sample(self, row: int, cells: Mapping[str, Any]) -> RunSample:
        direction, ident = cells["direction"], cells["id"]
        stored = self._inputs.sample(direction, ident)
        try:
            target = parse_cell(cells["target"])
            output = parse_cell(cells["value"])
            ranking = stored_ranking(output)
            tags = parse_json(cells["tags"], dict[str, str])
        except ValueError as error:
            raise DataError(f"run {self.record.run}: row {row} cannot be read: {error}") from error
        generated = self._generated(output, cells)
        documents = _NONE
        if ranking:
            documents = self._inputs.documents(direction, ident, stored, ranking)
        return RunSample(
            row=row,
            id=ident,
            direction=direction,
            split=cells["split"],
            group=cells["group"],
            tags=tags,
            error=cells["error"],
            rejected=self._rejected(cells),
            texts=stored.texts if stored else {},
            media=stored.media if stored else {},
            references=reference_texts(target, self.labels),
            target=target,
            output=output,
            answer_text=place_text(generated) if generated else self._text(output, target),
            generated=generated,
            reasoning=cells.get("reasoning"),
            tokens=cells.get("tokens"),
            scores=self._scores(row),
            details=self._details(cells),
            rank=ranking.ranks[0] if ranking and ranking.ranks else None,
            hits=documents.hits,
            relevant=documents.relevant,
        )

    def _text(self, output: object, target: object) -> str:
        return output_text(output, pair_names(target) or self.labels)

    def _generated(self, output: object, cells: Mapping[str, Any]) -> MediaPlace | None:
        modality: Modality = "audio" if self.record.task.kind == "speaking" else "image"
        return generated_place(output, modality, cells.get(OUTPUT_DATA))

    @cached_property
    def labels(self) -> list[str]:
        """The class names; [] if the data have none, or if they are not stored."""
        return self.table.labels if self.table is not None else []

    def _scores(self, row: int) -> dict[str, float]:
        values = ((name, float(self.scores(name)[row])) for name in self.metrics)
        return {name: value for name, value in values if not isnan(value)}

    def _rejected(self, cells: Mapping[str, Any]) -> str | None:
        reasons = dict.fromkeys(cells[name] for name in self._unscored_columns if cells[name])
        return "; ".join(reasons) or None

    @cached_property
    def _unscored_columns(self) -> list[str]:
        return [name for name in self.rows.column_names if name.endswith(f":{UNSCORED}")]

    def _details(self, cells: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
        details: dict[str, dict[str, Any]] = {}
        for name, metric, what in self._detail_columns:
            if cells[name] is not None:
                details.setdefault(metric, {})[what] = cells[name]
        return details

    @cached_property
    def _detail_columns(self) -> list[tuple[str, str, str]]:
        """The name of each column of details, its metric, and what it holds."""
        others = (SCORE, f":{UNSCORED}")
        names = [n for n in self.rows.column_names if ":" in n and not n.endswith(others)]
        parts = [(name, *name.rpartition(":")[::2]) for name in names]
        return [part for part in parts if part[1] in self.rows.column_names]


def run_samples(run: StoredRun) -> RunSamples:
    """Return the samples of a stored run. Raises DataError if its rows cannot be read."""
    record = run.record
    table = read_sample_table(run.folder, record.task.name, record.task.data_hash)
    return RunSamples(record, read_rows(run, required=REQUIRED), table)


def finished_samples(record: RunRecord, rows: Rows, samples: StoredSamples | None) -> RunSamples:
    """Return the samples of a run that has just finished, as a reporter gets them."""
    return RunSamples(record, arrow_rows(rows), samples)


def parse_cell(cell: object) -> Any:
    """Return the value of a cell of `value` or `target`: JSON, or the class scores themselves."""
    return parse_json(cell) if isinstance(cell, str) else cell
