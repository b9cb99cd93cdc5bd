"""Stored outputs measured again: other metrics or normalisers, and no forward of the model."""

from __future__ import annotations

import msgspec

from mmbench import registry, store
from mmbench.contents import ContentKeys, cache_folder
from mmbench.engine import identity
from mmbench.engine.asked import Costs
from mmbench.engine.breakdowns import check_breakdowns
from mmbench.engine.datasets import load_data
from mmbench.engine.features import Featurer
from mmbench.engine.long_texts import with_marks
from mmbench.engine.measure import Directions, measure
from mmbench.engine.prepare import Options, find_task
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.published import verdicts
from mmbench.engine.record import now
from mmbench.engine.remarks import reasoning_notes
from mmbench.engine.rows import predictions, rows_table
from mmbench.engine.run import Outcome
from mmbench.engine.timing import with_rtfx
from mmbench.errors import DataError
from mmbench.run_lookup import Run, find_run
from mmbench.spec import task_files
from mmbench.speed import RTFX
from mmbench.types import Prediction, RunRecord, TaskSpec

_NOTE = "rescored from"


def rescore(
    run: Run,
    options: Options | None = None,
    *,
    out: str = "leaderboards",
    task: str | None = None,
    metrics: tuple[str, ...] = (),
    progress: Progress | None = None,
) -> Outcome:
    """Measure the stored outputs of a run: with `metrics`, or those of the task as it is now.

    `run`, `out` and `task` are those of `run_lookup.find_run`.
    `options.data` gives the samples' inputs back to metrics that look at them (CLIPScore). Raises
    DataError where the rows are not there, or the task asks another question now.
    """
    options, costs = options or Options(), Costs()
    with costs.clock.stage("prepare"):
        stored = find_run(run, out, task)
        record = stored.record
        spec = _task_of(record, options)
        _refuse_other_question(record, spec)
        names = list(metrics or spec.metrics)
        for name in names:
            registry.check_metric(name, record.task.kind, spec.metric_options.get(name))
        directions, cut = with_marks(predictions(store.read_table(stored)))
        tags = [p.tags for splits in directions.values() for s in splits for p in s]
        check_breakdowns(spec, tags)
        if options.data is not None:
            directions = _with_inputs(directions, spec, options)
    with ContentKeys(cache_folder()) as keys, costs.clock.stage("measure"):
        measured = measure(
            names,
            directions,
            breakdowns=spec.breakdowns,
            headline=spec.headline,
            signature=record.task.asked,
            featurer=Featurer(options, keys, progress or Silent(), costs),
            options=spec.metric_options,
            seed=record.seed,
        )
    if RTFX in record.throughput:
        measured = with_rtfx(measured, record.throughput)
    sizes, failed = record.task.data, record.counts["failed"] + len(measured.lost)
    known_as = options.published_as or record.model.checkpoint or record.model.name
    doubt = record.task.source.get("doubt", "")
    again = msgspec.structs.replace(
        record,
        run=store.new_run_id(record.model.name),
        created=now(),
        scores=measured.scores,
        breakdowns=measured.breakdowns,
        headline=spec.headline if spec.headline in measured.scores else next(iter(measured.scores)),
        published=[]
        if record.baseline
        else verdicts(spec, known_as, measured.scores, sizes, failed, doubt),
        counts=record.counts | costs.counts | {"failed": failed},
        failures=[*record.failures, *measured.lost][:20],
        seconds=costs.clock.seconds,
        throughput=record.throughput | costs.throughput,  # of the outputs that are stored
        environment=identity.environment(costs.device),
        notes=_notes(record, directions, cut),
    )
    return Outcome(again, rows_table(directions, measured.found), {})


def _task_of(record: RunRecord, options: Options) -> TaskSpec:
    """Return the task of a run as it is now. Raises DataError where its file is not found."""
    name = record.task.name
    if name not in task_files(options.tasks):
        raise DataError(
            f"run {record.run}: its task {name} is not among the tasks: give the folder that holds"
            f" {name}.yaml with --tasks DIR"
        )
    return find_task(name, options)[0]


def _notes(record: RunRecord, directions: Directions, cut: list[str]) -> list[str]:
    kept = [note for note in record.notes if not note.startswith(_NOTE)]
    found = [note for note in (*reasoning_notes(directions), *cut) if note not in kept]
    return [*kept, *found, f"{_NOTE} {record.run}"]


def _refuse_other_question(record: RunRecord, spec: TaskSpec) -> None:
    if identity.fingerprint(spec) != record.task.fingerprint:
        raise DataError(
            f"run {record.run}: task {spec.name} asks another question now (version, fields,"
            " prompt or protocol differ): run the model again"
        )


def _with_inputs(directions: Directions, spec: TaskSpec, options: Options) -> Directions:
    data = load_data(spec, options.data)
    inputs = {s.id: s.inputs for s in getattr(data, "samples", None) or data.queries}
    return {
        way: [[_given(p, inputs) for p in split] for split in splits]
        for way, splits in directions.items()
    }


def _given(prediction: Prediction, inputs: dict[str, dict[str, object]]) -> Prediction:
    if prediction.id not in inputs:
        raise DataError(f"sample {prediction.id} of the run is not in the data given")
    return msgspec.structs.replace(prediction, inputs=inputs[prediction.id])
