"""Evaluate one model on one task: from names to a run record."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine.asked import Asked, Costs
from mmbench.engine.features import Featurer
from mmbench.engine.held import Held
from mmbench.engine.long_texts import with_marks
from mmbench.engine.measure import Directions, Measured, measure
from mmbench.engine.prepare import Options, Prepared, check_labels, prepare
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.record import Told, hash_data, make_record, way_of_asking
from mmbench.engine.remarks import reasoning_notes
from mmbench.engine.rows import rows_table
from mmbench.engine.timing import untimed, with_rtfx
from mmbench.kinds.per_sample import failed_predictions
from mmbench.types import Answers, Media, RunRecord, Said


class Outcome(NamedTuple):
    """A finished run: its record, its rows by column, and by id the images or sounds it made."""

    record: RunRecord
    rows: dict[str, Sequence[Any]]
    made: dict[str, Media]


def run(
    model: str,
    task: str,
    options: Options | None = None,
    progress: Progress | None = None,
    held: Held | None = None,
) -> Outcome:
    """Run a model on a task. `held` keeps the model for the next task of the same command.

    Outputs go to the journal as they come, so that the same call after a kill computes only what
    is missing and gives the same bits. Raises UserError for what the user can mend.
    """
    options, costs = options or Options(), Costs()
    progress, held = progress or Silent(), held or Held()
    with ContentKeys(cache_folder()) as keys:
        with costs.clock.stage("prepare"):
            prepared = prepare(model, task, options, keys)
        answers = _answers(prepared, options, keys, progress, costs, held)
        with costs.clock.stage("hash"):
            asked_of, _ = hash_data(prepared.spec, prepared.kind, prepared.data, keys)
        with costs.clock.stage("rank"):
            directions, index = _predict(prepared, answers, options)
            directions, cut = with_marks(directions)
        featurer = Featurer(options, keys, progress, costs, held)
        with costs.clock.stage("measure"):
            measured = measure_task(prepared, directions, options, featurer)
            measured = with_rtfx(measured, costs.throughput) if answers else measured
    failures = (
        prepared.kind.failures(prepared.data, answers)
        if answers
        else failed_predictions(directions)
    )
    notes = [
        *prepared.kind.told(answers, prepared.data),
        *untimed(prepared, costs.throughput),
        *reasoning_notes(directions),
        *cut,
    ]
    told = Told(failures + measured.lost, costs, index, notes)
    record = make_record(prepared, options, measured, asked_of, told)
    return Outcome(record, rows_table(directions, measured.found), _made(prepared, answers))


def _made(prepared: Prepared, answers: dict[str, Answers | Said]) -> dict[str, Media]:
    samples = prepared.kind.samples(prepared.data)
    return {
        sample.id: value
        for name, found in answers.items()
        if isinstance(found, Said)
        for sample, value in zip(samples[name], found.values, strict=True)
        if isinstance(value, Media)
    }


def measure_task(
    prepared: Prepared, directions: Directions, options: Options, featurer: Featurer
) -> Measured:
    """The metrics of a task over its predictions."""
    return measure(
        prepared.spec.metrics,
        directions,
        breakdowns=prepared.spec.breakdowns,
        headline=prepared.spec.headline,
        signature=way_of_asking(prepared, options),
        featurer=featurer,
        options=prepared.spec.metric_options,
        seed=options.seed,
    )


def _answers(
    prepared: Prepared,
    options: Options,
    keys: ContentKeys,
    progress: Progress,
    costs: Costs,
    held: Held,
) -> dict[str, Answers | Said]:
    """The model's answers by the name of their requests; none for a baseline."""
    if prepared.model is None:
        return {}
    requests = prepared.kind.requests(prepared.spec, prepared.data, options.seed)
    asked = Asked(prepared.model, options, keys, progress, costs, held)
    for one in requests.values():
        if one.method == "classify":
            check_labels(prepared, asked.labels(one))
    return asked.answers(requests)


def _predict(
    prepared: Prepared, answers: dict[str, Answers | Said], options: Options
) -> tuple[Directions, dict[str, Any]]:
    spec, kind, data = prepared.spec, prepared.kind, prepared.data
    if prepared.model is None:
        found, report = kind.baseline(prepared.info.name, spec, data, options.seed)
    else:
        found, report = kind.predict(spec, data, answers, options.index)
    return found, report
