"""Rescoring of stored outputs with other metrics or normalisers, without forward passes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TypeVar

import msgspec

from mmbench import metric_names
from mmbench.columns import column
from mmbench.engine import identity
from mmbench.engine.context import run_context
from mmbench.engine.execution.executor import Executor
from mmbench.engine.loading.data.breakdowns import check_breakdowns
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.data.target_metrics import with_agreement, with_metrics_of_targets
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.recording.published import with_recorded_scores
from mmbench.engine.recording.record import RunSummary, make_record, with_rtfx
from mmbench.engine.recording.rows import rows_table, stored_predictions
from mmbench.engine.run import FinishedRun
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.long_texts import mark_long_texts
from mmbench.engine.scoring.measure import measure
from mmbench.engine.scoring.reasoning import reasoning_notes
from mmbench.engine.speed import RTFX
from mmbench.errors import DataError
from mmbench.spec import is_task
from mmbench.storage import records as store
from mmbench.storage.row_columns import REQUIRED
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.types import Prediction, Predictions, Ranking, RunRecord, TaskSpec

_T = TypeVar("_T")

_NOTE = "rescored from"
# Facts about the models of the earlier scores, such as a judge, do not belong to the new scores.
_EARLIER_NOTES = (_NOTE, "judge: ")
_EARLIER_FACTS = ("judge: ", "judge computed", "judge all")


def rescore(
    run: RunReference,
    options: RunSettings | None = None,
    *,
    out: str = "leaderboards",
    task: str | None = None,
    metrics: tuple[str, ...] = (),
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> FinishedRun:
    """Rescore the stored outputs of a run with `metrics`, by default the task's current metrics.

    `run`, `out` and `task` are arguments of `run_lookup.find_run`. `options.data` adds the samples'
    inputs, for metrics that use them (CLIPScore). `executor` runs the models of metrics. Raises
    DataError if the stored rows are missing or the fingerprint of the task has changed.
    """
    with run_context(options, progress, executor) as context:
        options, costs = context.options, context.costs
        with costs.clock.stage("prepare"):
            run_files = find_run(run, out, task)
            record = run_files.record
            spec = _task_of(record, options)
            identity.refuse_changed_task(record, spec)
            for name in metrics:
                metric_names.check_metric(name, record.task.kind, spec.metric_options.get(name))
            predictions, cut_notes = mark_long_texts(
                stored_predictions(store.read_table(run_files, REQUIRED))
            )
            for split in predictions.splits():
                spec = with_metrics_of_targets(spec, column(split, "target"))
                spec = with_agreement(spec, column(split, "tags"))
            check_breakdowns(spec, [p.tags for p in predictions.each()])
            if options.data is not None:
                predictions = _with_inputs(predictions, spec, options)
        names, extractor = list(metrics or spec.metrics), FeatureExtractor(context)
        extractor.check(names, spec.metric_options)
        with costs.clock.stage("measure"):
            measured = measure(
                names,
                predictions.directions,
                breakdowns=spec.breakdowns,
                headline=spec.headline,
                signature=record.task.asked,
                feature_extractor=extractor,
                options=spec.metric_options,
                seed=record.seed,
            )
    if RTFX in record.throughput:
        measured = with_rtfx(measured, record.throughput)
    failed, failures = _failures(record, predictions)
    summary = RunSummary(
        failed=failed + len(measured.rejected),
        failures=[*failures, *measured.rejected],
        notes=_notes(record, predictions, [*cut_notes, *costs.notes]),
        seed=record.seed,
        search=record.index,
        counts=record.counts,
        throughput=_of_evaluated_model(record.throughput),  # of the run that made the outputs
        baseline=record.baseline,
        endpoint=None,
        tokens=_of_evaluated_model(record.tokens) | costs.tokens(),
        cost=record.cost,
    )
    spec = with_recorded_scores(spec, record)
    rescored = make_record(spec, record.model, record.task, measured, summary, context)
    return FinishedRun(rescored, rows_table(predictions, measured.metrics), None, {})


def _task_of(record: RunRecord, options: RunSettings) -> TaskSpec:
    """Return the current version of a run's task. Raises DataError if the task is unknown."""
    name = record.task.name
    if not is_task(name, options.tasks):
        raise DataError(
            f"run {record.run}: unknown task {name}; pass the folder that contains {name}.yaml"
            " with --tasks DIR"
        )
    changed = msgspec.structs.replace(options, max_tokens=record.task.max_tokens)
    return find_task(name, changed)[0]


def _notes(record: RunRecord, predictions: Predictions, others: list[str]) -> list[str]:
    earlier = [note for note in record.notes if not note.startswith(_EARLIER_NOTES)]
    added = [note for note in (*reasoning_notes(predictions), *others) if note not in earlier]
    return [*earlier, *added, f"{_NOTE} {record.run}"]


def _failures(record: RunRecord, predictions: Predictions) -> tuple[int, Sequence[tuple[str, str]]]:
    """Return the number of failed samples of a run and some of them, with the reasons.

    Outputs that only the earlier metrics could not score are left out. Failed documents of a
    retrieval task have no row, so that the record counts them.
    """
    if any(isinstance(p.value, Ranking) for p in predictions.each()):
        return record.counts["failed"], record.failures
    failed = predictions.failed()
    return len(failed), failed


def _of_evaluated_model(facts: Mapping[str, _T]) -> dict[str, _T]:
    return {name: one for name, one in facts.items() if not name.startswith(_EARLIER_FACTS)}


def _with_inputs(predictions: Predictions, spec: TaskSpec, options: RunSettings) -> Predictions:
    data = with_perturbation(spec, load_data(spec, options.data))
    queries = next(iter(data.by_role().values()))
    inputs = {sample.id: sample.inputs for sample in queries}

    def add_inputs(prediction: Prediction) -> Prediction:
        if prediction.id not in inputs:
            raise DataError(
                f"sample {prediction.id} of the run is not in the data; pass the data of the run"
                " with --data PATH"
            )
        return msgspec.structs.replace(prediction, inputs=inputs[prediction.id])

    return predictions.mapped(add_inputs)
