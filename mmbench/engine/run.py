"""The evaluation of one model on one task, which results in a run record."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from mmbench.engine.context import RunContext, run_context
from mmbench.engine.execution.executor import Executor
from mmbench.engine.identity import hash_data
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.clean_question import clean_question
from mmbench.engine.loading.models.live import LiveModel
from mmbench.engine.loading.outside import local_folders
from mmbench.engine.loading.parts import with_budget
from mmbench.engine.loading.prepare import PreparedRun, check_labels, prepare
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.recording.record import (
    make_record,
    summary_of,
    task_info,
    untimed_notes,
    with_rtfx,
)
from mmbench.engine.recording.rows import StoredRows, rows_table
from mmbench.engine.recording.samples import sample_table
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.index_comparison import compare_indexes
from mmbench.engine.scoring.long_texts import mark_long_texts
from mmbench.engine.scoring.measure import Measured, measure
from mmbench.engine.scoring.reasoning import reasoning_notes, separate_reasoning
from mmbench.protocols import DescribesServer, Reporter, Responses
from mmbench.storage.data_folders import remember_data_folders
from mmbench.storage.sample_tables import SampleTable
from mmbench.types import GeneratedOutputs, Media, Predictions, RunRecord, TaskInfo


class FinishedRun(NamedTuple):
    """A finished run: its record, its stored rows by column, and generated images or audio by id.

    `samples` is the sample table of the data, or None if stored outputs were rescored.
    """

    record: RunRecord
    rows: StoredRows
    samples: SampleTable | None
    generated_media: dict[str, Media]

    def report_to(self, reporter: Reporter) -> str:
        """Pass the run to a reporter, and return the location that the reporter wrote to."""
        return reporter(self.record, self.rows, self.samples)


def run(
    model: str | LiveModel,
    task: str,
    options: RunSettings | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
    check: Callable[[PreparedRun], None] | None = None,
) -> FinishedRun:
    """Run a model on a task; `executor` keeps the model loaded for further tasks.

    `model` is the argument of `-m`, or an object. `check` is called before the forward passes.
    Outputs are written to the journal as they
    arrive. If the run is killed, the same call computes only the missing outputs, with the same
    bits. Raises UserError for errors that the user can fix.
    """
    with run_context(options, progress, executor) as context:
        with context.costs.clock.stage("prepare"):
            prepared = with_budget(prepare(model, task, context), context)
            if check is not None:
                check(prepared)
        return run_prepared(prepared, context)


def run_prepared(prepared: PreparedRun, context: RunContext) -> FinishedRun:
    """Run a prepared model on a task, or on the part of its data that `with_part` has selected."""
    costs, extractor = context.costs, FeatureExtractor(context)
    extractor.check(prepared.spec.metrics, prepared.spec.metric_options)
    responses = _responses(prepared, context)
    with costs.clock.stage("hash"):
        directions = prepared.kind.directions()
        data_hash, _ = hash_data(prepared.spec, prepared.data, directions, context.keys)
        part = prepared.data if prepared.part else None
        clean = clean_question(prepared.spec, prepared.clean_data, directions, context, part)
    with costs.clock.stage("rank"):
        separated = separate_reasoning(prepared.data, responses, prepared.kind.no_answer)
        predictions = separated.add_to(_predictions(prepared, separated.responses, context.options))
        marked, cut_notes = mark_long_texts(predictions)
    reasons = prepared.model is not None and prepared.model.reasons
    task_entry = task_info(
        prepared,
        data_hash,
        context.options,
        without_reasoning=reasons or bool(separated.reasoning),
        clean=clean,
    )
    measured = measure_task(prepared, marked, task_entry, extractor, context)
    measured = with_rtfx(measured, costs.throughput) if responses else measured
    notes = [
        *predictions.notes,
        *untimed_notes(prepared, costs.throughput),
        *reasoning_notes(predictions),
        *cut_notes,
        *context.costs.notes,
        *context.costs.usage.notes(context.options.price),
    ]
    outcome = outcome_of(prepared, task_entry, marked, measured, notes, context)
    return outcome._replace(generated_media=_generated_media(prepared, responses))


def outcome_of(
    prepared: PreparedRun,
    task_entry: TaskInfo,
    predictions: Predictions,
    measured: Measured,
    notes: list[str],
    context: RunContext,
) -> FinishedRun:
    """Return the record and the stored rows of predictions that have been scored."""
    failures = predictions.failures + measured.rejected
    search = predictions.search | compare_indexes(prepared.spec, predictions, measured)
    summary = summary_of(prepared, context, failures, notes, search)
    record = make_record(prepared.spec, prepared.info, task_entry, measured, summary, context)
    rows = rows_table(predictions, measured.metrics)
    remember_data_folders(local_folders(prepared.spec, context.options.data))
    return FinishedRun(record, rows, sample_table(prepared.data), {})


def _generated_media(prepared: PreparedRun, responses: Responses) -> dict[str, Media]:
    samples = prepared.data.by_role()
    return {
        sample.id: value
        for name, outputs in responses.items()
        if isinstance(outputs, GeneratedOutputs) and name in samples
        for sample, value in zip(samples[name], outputs.values, strict=True)
        if isinstance(value, Media)
    }


def measure_task(
    prepared: PreparedRun,
    predictions: Predictions,
    task_entry: TaskInfo,
    extractor: FeatureExtractor,
    context: RunContext,
) -> Measured:
    """Score the predictions of a task with its metrics; `extractor` runs the models of metrics."""
    spec = prepared.spec
    with context.costs.clock.stage("measure"):
        return measure(
            spec.metrics,
            predictions.directions,
            breakdowns=spec.breakdowns,
            headline=spec.headline,
            signature=task_entry.asked,
            feature_extractor=extractor,
            options=spec.metric_options,
            seed=context.options.seed,
        )


def _responses(prepared: PreparedRun, context: RunContext) -> Responses:
    """Return the model's outputs by request name; return {} for a baseline."""
    if prepared.model is None:
        return {}
    runner = InferenceRunner(prepared.model, context, price=context.options.price)
    for batch in prepared.requests.values():
        if batch.method == "classify":
            check_labels(prepared, batch, runner.labels(batch))
    outputs = runner.answers(prepared.requests)
    costs = context.costs
    costs.usage = runner.usage
    loaded = runner.loaded()
    if isinstance(loaded, DescribesServer):
        costs.server = loaded.server()
        costs.notes += loaded.server_notes()
    return outputs


def _predictions(prepared: PreparedRun, responses: Responses, options: RunSettings) -> Predictions:
    kind, data = prepared.kind, prepared.data
    if prepared.model is None:
        return kind.baseline(prepared.info.name, data, options.seed)
    return kind.predictions(data, responses)
