"""Scoring of outputs that another program has written to a file, without running a model."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import msgspec

from mmbench.columns import column, places
from mmbench.engine.context import run_context
from mmbench.engine.execution.executor import Executor
from mmbench.engine.identity import hash_data
from mmbench.engine.loading.clean_question import clean_question
from mmbench.engine.loading.data.breakdowns import with_breakdown_tags
from mmbench.engine.loading.data.data_flags import adapt_to_data
from mmbench.engine.loading.data.datasets import load_data
from mmbench.engine.loading.data.examples import with_example_data
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.loading.data.perturbed import with_perturbation
from mmbench.engine.loading.data.target_metrics import with_agreement
from mmbench.engine.loading.prepare import PreparedRun, find_task, refuse_label
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.recording.record import task_info
from mmbench.engine.run import FinishedRun, measure_task, outcome_of
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.long_texts import mark_long_texts
from mmbench.engine.scoring.reasoning import reasoning_notes, without_reasoning
from mmbench.engine.scoring.remarks import reference_notes
from mmbench.errors import UserError
from mmbench.predictions.ids import with_ids_of_data
from mmbench.protocols import Dataset
from mmbench.storage.content_keys import digest
from mmbench.storage.data_folders import remember_data_folders
from mmbench.text import count
from mmbench.types import OUTPUTS, PARTIAL, ModelInfo, Outputs

_NOUNS = {"corpus": "document"}  # what messages call the samples of a role


def score(
    task: str,
    predictions: str | Path | Outputs,
    options: RunSettings | None = None,
    *,
    name: str | None = None,
    partial: bool = False,
    fields: Mapping[str, str] | None = None,
    fold_ids: bool = False,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> FinishedRun:
    """Score outputs on a task. `name` is the model's name on the board (default: the file's name).

    `fields` maps `prediction` and `id` to columns of the file. Raises DataError, with a list of
    ids, if a sample has no output or an output belongs to no sample. With `partial`, samples
    without an output are left out, and a note gives their number. With `fold_ids`, ids match
    regardless of case. `executor` runs models of metrics, and searches of embeddings.
    """
    with run_context(options, progress, executor) as context:
        options, clock = context.options, context.costs.clock
        with clock.stage("prepare"):
            spec, kind = find_task(task, options)
            refuse_label(task, options)
            outputs = _outputs(predictions, fields)
            loaded = with_example_data(spec, load_data(spec, options.data), options.data)
            spec, kind = adapt_to_data(spec, kind, loaded)
            all_clean, data_notes = with_breakdown_tags(spec, loaded, outputs.tags.values())
            all_data = with_perturbation(spec, all_clean)
            where = _place(predictions)
            outputs = with_ids_of_data(outputs, _ids(all_data), where, fold=fold_ids)
            data, outputs = all_data.match(outputs, partial=partial)
            clean, _ = all_clean.match(outputs, partial=partial) if spec.perturb else (data, None)
            reasoning: dict[str, str] = {}
            if options.strip_reasoning:
                outputs, reasoning = without_reasoning(outputs, kind.no_answer)
            accepted = msgspec.structs.replace(kind.accept(data, outputs), reasoning=reasoning)
            for split in accepted.splits():  # outputs may have labels, too
                spec = with_agreement(spec, column(split, "tags"))
            marked, cut_notes = mark_long_texts(accepted)
        info = _model(name or _stem(predictions), outputs)
        prepared = PreparedRun(spec, kind, data, clean, None, info, {}, tuple(data_notes))
        with clock.stage("hash"):
            data_hash, unreadable = hash_data(spec, data, kind.directions(), context.keys)
            clean_task = clean_question(spec, clean, kind.directions(), context)
        task_entry = task_info(
            prepared,
            data_hash,
            options,
            without_reasoning=options.strip_reasoning,
            clean=clean_task,
        )
        extractor = FeatureExtractor(context)
        extractor.check(spec.metrics, spec.metric_options)
        measured = measure_task(prepared, marked, task_entry, extractor, context)
    notes = [
        *("scored from outputs", *outputs.notes, *_partial(all_data, data)),
        *(*accepted.notes, *_missing_media_note(unreadable)),
        *(*reference_notes(accepted), *reasoning_notes(accepted), *cut_notes),
        *context.costs.notes,
    ]
    return outcome_of(prepared, task_entry, marked, measured, notes, context)


def _outputs(predictions: str | Path | Outputs, fields: Mapping[str, str] | None) -> Outputs:
    if not isinstance(predictions, Outputs):
        place = Path(predictions)
        outputs = read_outputs(place, fields)
        if place.is_dir():  # generated images or audio, whose files are named in the rows
            remember_data_folders([place])
        return outputs
    if fields:
        raise UserError("--field selects columns of a file; leave it out for outputs in memory")
    return predictions


def _place(predictions: str | Path | Outputs) -> str:
    return "outputs" if isinstance(predictions, Outputs) else str(predictions)


def _ids(data: Dataset) -> dict[str, Sequence[str]]:
    """Return the ids of the data, by role."""
    return {role: column(samples, "id") for role, samples in data.by_role().items()}


def _stem(predictions: str | Path | Outputs) -> str:
    return "outputs" if isinstance(predictions, Outputs) else Path(predictions).stem


def _model(name: str, outputs: Outputs) -> ModelInfo:
    return ModelInfo(name, None, None, digest(name, outputs.digest).hex(), OUTPUTS, {}, "none")


def _missing_media_note(n: int) -> list[str]:
    """Return a note on n samples with missing media, which the data hash does not cover."""
    note = (
        f"the media of {count(n, 'sample')} are missing and not covered by the data hash; these"
        " scores are listed in another table than scores of runs"
    )
    return [note] if n else []


def _partial(all_data: Dataset, used: Dataset) -> list[str]:
    """Return notes that count the samples without an output, which --partial leaves out."""
    notes = []
    used_ids = _ids(used)
    for role, ids in _ids(all_data).items():
        n = int((places(ids, used_ids[role]) < 0).sum())
        left_out = count(n, _NOUNS.get(role, role))
        notes += [f"{PARTIAL}{left_out} without an output"] if n else []
    return notes
