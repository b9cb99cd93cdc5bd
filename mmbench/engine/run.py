"""Evaluate one model on one task: from names to a run record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine.asked import Asked, Clock
from mmbench.engine.measure import Directions, measure, rows_table
from mmbench.engine.prepare import Options, Prepared, prepare
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.record import hash_data, make_record
from mmbench.types import Answers, RunRecord


class Outcome(NamedTuple):
    """A finished run: its record, and its rows by column."""

    record: RunRecord
    rows: dict[str, Sequence[Any]]


def run(
    model: str, task: str, options: Options | None = None, progress: Progress | None = None
) -> Outcome:
    """Run a model on a task.

    Outputs go to the journal as they come, so that the same call after a kill computes only what
    is missing and gives the same bits. Raises UserError for what the user can mend.
    """
    options, clock = options or Options(), Clock()
    with ContentKeys(cache_folder()) as keys:
        with clock.stage("prepare"):
            prepared = prepare(model, task, options, keys)
        asked = Asked(prepared, options, keys, progress or Silent(), clock)
        answers = asked.answers()
        with clock.stage("hash"):
            asked_of = hash_data(prepared, keys)
    with clock.stage("rank"):
        directions, report = _predict(prepared, answers, options)
    with clock.stage("measure"):
        measured = measure(prepared.spec, directions, prepared.kind.signature(options.index))
    record = make_record(prepared, options, measured, answers, asked, asked_of, report)
    return Outcome(record, rows_table(directions, measured))


def _predict(
    prepared: Prepared, answers: dict[str, Answers], options: Options
) -> tuple[Directions, dict[str, Any]]:
    spec, kind, data = prepared.spec, prepared.kind, prepared.data
    if prepared.model is None:
        found, report = kind.baseline(prepared.info.name, spec, data, options.seed)
    else:
        found, report = kind.predict(spec, data, answers, options.index)
    return found, report
