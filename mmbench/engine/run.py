"""Evaluate one model on one task: from names to a run record."""

from __future__ import annotations

from typing import NamedTuple

from mmbench.engine.context import RunContext, run_context
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.models.model_cache import ModelCache
from mmbench.engine.loading.prepare import PreparedRun, check_labels, prepare
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.recording.record import (
    hash_data,
    make_record,
    summary_of,
    task_info,
    untimed,
    with_rtfx,
)
from mmbench.engine.recording.rows import StoredRows, rows_table
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.long_texts import with_marks
from mmbench.engine.scoring.measure import Measured, measure
from mmbench.engine.scoring.remarks import reasoning_notes
from mmbench.protocols import Dataset, Reporter, Responses
from mmbench.types import GeneratedOutputs, Media, Predictions, RunRecord, TaskInfo


class FinishedRun(NamedTuple):
    """A finished run: its record, its rows by column, and by id the images or sounds it made.

    `samples` are those that it was run on; None where stored outputs were measured again.
    """

    record: RunRecord
    rows: StoredRows
    samples: Dataset | None
    made: dict[str, Media]

    def report_to(self, reporter: Reporter) -> str:
        """Hand the run to a reporter. Returns where it was written."""
        return reporter(self.record, self.rows, self.samples)


def run(
    model: str,
    task: str,
    options: RunSettings | None = None,
    progress: Progress | None = None,
    held: ModelCache | None = None,
) -> FinishedRun:
    """Run a model on a task. `held` keeps the model for the next task of the same command.

    Outputs go to the journal as they come, so that the same call after a kill computes only what
    is missing and gives the same bits. Raises UserError for what the user can mend.
    """
    with run_context(options, progress, held) as context:
        costs = context.costs
        with costs.clock.stage("prepare"):
            prepared = prepare(model, task, context)
        responses = _responses(prepared, context)
        with costs.clock.stage("hash"):
            directions = prepared.kind.directions()
            asked_of, _ = hash_data(prepared.spec, prepared.data, directions, context.keys)
        with costs.clock.stage("rank"):
            predictions = _predictions(prepared, responses, context.options)
            marked, cut = with_marks(predictions)
        asked = task_info(prepared, asked_of, context.options)
        measured = measure_task(prepared, marked, asked, context)
        measured = with_rtfx(measured, costs.throughput) if responses else measured
    notes = [
        *predictions.notes,
        *untimed(prepared, costs.throughput),
        *reasoning_notes(predictions),
        *cut,
    ]
    outcome = outcome_of(prepared, asked, marked, measured, notes, context)
    return outcome._replace(made=_made(prepared, responses))


def outcome_of(
    prepared: PreparedRun,
    asked: TaskInfo,
    predictions: Predictions,
    measured: Measured,
    notes: list[str],
    context: RunContext,
) -> FinishedRun:
    """Return the record and the rows of measured predictions."""
    failures = predictions.failures + measured.lost
    summary = summary_of(prepared, context, failures, notes, predictions.search)
    record = make_record(prepared.spec, prepared.info, asked, measured, summary, context)
    rows = rows_table(predictions.directions, measured.found)
    return FinishedRun(record, rows, prepared.data, {})


def _made(prepared: PreparedRun, responses: Responses) -> dict[str, Media]:
    samples = prepared.data.by_role()
    return {
        sample.id: value
        for name, found in responses.items()
        if isinstance(found, GeneratedOutputs) and name in samples
        for sample, value in zip(samples[name], found.values, strict=True)
        if isinstance(value, Media)
    }


def measure_task(
    prepared: PreparedRun, predictions: Predictions, asked: TaskInfo, context: RunContext
) -> Measured:
    """Return the scores of a task over its predictions."""
    spec = prepared.spec
    with context.costs.clock.stage("measure"):
        return measure(
            spec.metrics,
            predictions.directions,
            breakdowns=spec.breakdowns,
            headline=spec.headline,
            signature=asked.asked,
            feature_extractor=FeatureExtractor(context),
            options=spec.metric_options,
            seed=context.options.seed,
        )


def _responses(prepared: PreparedRun, context: RunContext) -> Responses:
    """Return the model's responses by the name of their requests; none for a baseline."""
    if prepared.model is None:
        return {}
    asked = InferenceRunner(prepared.model, context)
    for one in prepared.requests.values():
        if one.method == "classify":
            check_labels(prepared, one, asked.labels(one))
    return asked.answers(prepared.requests)


def _predictions(prepared: PreparedRun, responses: Responses, options: RunSettings) -> Predictions:
    kind, data = prepared.kind, prepared.data
    if prepared.model is None:
        return kind.baseline(prepared.info.name, data, options.seed)
    return kind.predictions(data, responses)
