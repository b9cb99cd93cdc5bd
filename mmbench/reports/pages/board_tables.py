"""The tables of a board for its pages: runs, their best model, and how certain that is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mmbench.comparison.standings import Standing, standings
from mmbench.reports.sections import captions, data_differences, ignores_input, label, sections
from mmbench.storage.records import StoredRun
from mmbench.text import format_sizes, listed
from mmbench.types import RunRecord, ScoreInfo


class BoardTable(NamedTuple):
    """A table of a task: comparable runs, best first, as in `sections`.

    `best` is the best model, or the best baseline if there are no models; None if no run has a
    value. `ignorant` is the best baseline that ignores the input. `to_best` compares each run with
    the best model, and `to_reference` with the run `reference`; both are by run id.
    """

    runs: list[StoredRun]
    caption: str
    best: StoredRun | None
    ignorant: RunRecord | None
    reference: StoredRun | None
    to_best: Mapping[str, Standing]
    to_reference: Mapping[str, Standing]

    @property
    def first(self) -> RunRecord:
        """Return a record of the table, for the properties that all records share."""
        return self.runs[0].record

    @property
    def without_rows(self) -> list[RunRecord]:
        """Return the models that could be compared with the best model by their intervals alone."""
        return [r for r in self.models if (one := self.to_best.get(r.run)) and one.is_without_rows]

    @property
    def models(self) -> list[RunRecord]:
        """Return the records that are not baselines."""
        return [run.record for run in self.runs if not run.record.baseline]


def board_tables(
    runs: Sequence[StoredRun], references: Sequence[StoredRun] = (), *, unreadable: list[str]
) -> dict[str, list[BoardTable]]:
    """Return the tables of each task, by the task's name.

    A table has the latest run of each model; with `references`, it has all runs. The runs of a
    table are compared with its best model, and with the first of `references` that the table has.
    For each file of rows that cannot be read, a message is appended to `unreadable`.
    """
    by_task: dict[str, list[StoredRun]] = {}
    for run in runs:
        by_task.setdefault(run.record.task.name, []).append(run)
    return {task: _task_tables(by_task[task], references, unreadable) for task in sorted(by_task)}


def _task_tables(
    runs: Sequence[StoredRun], references: Sequence[StoredRun], unreadable: list[str]
) -> list[BoardTable]:
    by_id = {run.record.run: run for run in runs}
    tables = sections([run.record for run in runs], all_runs=bool(references))
    return [
        _table([by_id[record.run] for record in records], words, references, unreadable)
        for records, words in zip(tables, captions(tables), strict=True)
    ]


def _table(
    runs: list[StoredRun], words: str, references: Sequence[StoredRun], unreadable: list[str]
) -> BoardTable:
    with_value = [run for run in runs if value_of(run.record) is not None]
    models = [run for run in with_value if not run.record.baseline]
    best = next(iter(models or with_value), None)
    ignorant = next((r.record for r in with_value if ignores_input(r.record)), None)
    to_best = standings(runs, best, unreadable=unreadable) if best else {}
    own = {run.record.run for run in with_value}
    reference = next((run for run in references if run.record.run in own), best)
    if best is None or reference is None or reference.record.run == best.record.run:
        return BoardTable(runs, words, best, ignorant, best, to_best, to_best)
    to_reference = standings(runs, reference, unreadable=unreadable)
    return BoardTable(runs, words, best, ignorant, reference, to_best, to_reference)


def headline(record: RunRecord) -> ScoreInfo | None:
    """Return the headline score of a run; None if it was not measured."""
    return record.scores.get(record.headline)


def value_of(record: RunRecord) -> float | None:
    """Return the value of the headline score; None if there is none."""
    score = headline(record)
    return score.value if score else None


class Statement(NamedTuple):
    """A statement on a page: a short text, its details, and its CSS class (good, warn, bad, …)."""

    text: str
    details: str = ""
    css: str = ""


def data_statement(record: RunRecord) -> Statement:
    """Say whether a run used the data set that the task's protocol defines."""
    sizes = format_sizes(record.task.data)
    if reasons := data_differences(record):
        text = "a part of the samples" if record.task.part else "not the official set"
        return Statement(text, reasons, "warn")
    if not record.task.protocol:
        return Statement("own data", f"{sizes}; the task defines no official set")
    return Statement("official set", sizes, "good")


def certainty(table: BoardTable) -> Statement:
    """Say how certain it is that the best model of a table is better than the other models."""
    if table.best is None:
        return Statement("no value", "no run has a value for the headline", "warn")
    others = [r for r in table.models if r.run != table.best.record.run and value_of(r) is not None]
    if not others:
        return Statement("only model", "no other model was run")
    verdicts = {record.run: table.to_best[record.run] for record in others}
    equal = [label(r) for r in others if verdicts[r.run].verdict == "no difference"]
    untested = [label(r) for r in others if verdicts[r.run].verdict == "no test"]
    parts = [f"may be as good: {listed(equal, 3)}"] if equal else []
    parts += [f"not testable without rows: {listed(untested, 3)}"] if untested else []
    if parts:
        return Statement("not certain", "; ".join(parts), "warn")
    rest = "the other model" if len(others) == 1 else f"the {len(others):,} other models"
    by_intervals = sum(one.by == "intervals" for one in verdicts.values())
    if not by_intervals:
        return Statement("significant", f"better than {rest} (paired tests)", "good")
    is_all = by_intervals == len(others)
    how = "intervals do not overlap" if is_all else f"{by_intervals:,} of them by intervals"
    text = "intervals only" if is_all else "partly tested"
    return Statement(text, f"better than {rest}; {how}, without a test")
