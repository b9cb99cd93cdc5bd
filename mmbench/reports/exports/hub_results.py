"""Results for the `.eval_results` folder of a model on the Hugging Face Hub.

The file is a YAML list with one entry, and one value, per benchmark and task id
(https://huggingface.co/docs/hub/eval-results; huggingface/hub-docs, eval_results.yaml). The data
set has to be registered as a benchmark, and its eval.yaml defines the task ids. mmbench knows
neither, so the user gives both. Values are fractions: the specification shows both 0.412 and 20.90,
and each benchmark decides (`--percent`).
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import UserError
from mmbench.reports.exports.facts import describe, refuse_several_models, scale_of
from mmbench.reports.exports.options import ExportOptions, HubDataSet, data_set_of
from mmbench.reports.exports.result import Exported, write_export
from mmbench.reports.exports.scores import refuse_missing, score_metric, selected
from mmbench.storage.records import StoredRun
from mmbench.text import listed, plain, repeated
from mmbench.types import RunRecord

if TYPE_CHECKING:
    from huggingface_hub import EvalResultEntry

_MARKER = "# Exported by mmbench.\n"


def export_hub(runs: Sequence[StoredRun], file: Path | None, options: ExportOptions) -> Exported:
    """Write one file with an entry for the headline of each run, or for the score of `--metric`.

    Raises UserError if the id of a benchmark or of its task is unknown, if two entries have the
    same id, and if the runs are of several models.
    """
    records = [run.record for run in runs]
    refuse_several_models(records, "a file of .eval_results")
    entries = [_entry(record, options) for record in records]
    if twice := repeated(f"{entry.dataset_id}:{entry.task_id}" for entry in entries):
        raise UserError(
            f"--dataset: several runs give a value for {listed(twice)}; export one of them, or give"
            " each task its own with --dataset TASK=OWNER/NAME:TASK_ID"
        )
    tasks = {record.task.name for record in records}
    path = file or Path(".eval_results") / f"{tasks.pop() if len(tasks) == 1 else 'mmbench'}.yaml"
    return Exported([write_export(path, _yaml(entries), _MARKER.encode())])


def _entry(record: RunRecord, options: ExportOptions) -> EvalResultEntry:
    from huggingface_hub import EvalResultEntry

    data_set = _benchmark(record, options)
    name = _single_score(record, options.metrics)
    score = record.scores[name]
    if score.value is None:
        refuse_missing(record, name)
    scale = scale_of(options.percent, name, is_rate=score_metric(name).is_rate)
    return EvalResultEntry(
        dataset_id=data_set.id,
        task_id=data_set.task_id,
        value=score.value * scale if score.value is not None else None,
        dataset_revision=data_set.revision or None,
        date=plain(record.created),
        source_url=options.source,
        source_name=f"mmbench run {plain(record.run)}" if options.source else None,
        notes=describe(record, name, score, scale),
    )


def _benchmark(record: RunRecord, options: ExportOptions) -> HubDataSet:
    """Return the benchmark of a run. Raises UserError if it, or its task id, is unknown."""
    data_set = data_set_of(record, options)
    if data_set is not None and data_set.task_id:
        return data_set
    known = data_set.id if data_set else "OWNER/NAME"
    raise UserError(
        f"run {plain(record.run)}: the hub needs the benchmark of {plain(record.task.name)} and its"
        f" task id; type --dataset {known}:TASK_ID, with an id of the eval.yaml of the data set"
    )


def _single_score(record: RunRecord, requested: Sequence[str]) -> str:
    """Return the name of the score to export. Raises UserError for several."""
    if (exact := [*requested, record.headline][0]) in record.scores and len(requested) < 2:
        return exact
    names = list(selected(record, requested or [record.headline]))
    if len(names) > 1:
        raise UserError(
            f"run {plain(record.run)}: an entry of .eval_results has one value, and --metric stands"
            f" for {listed(names)}; give one of them"
        )
    return names[0]


def _yaml(entries: Sequence[EvalResultEntry]) -> bytes:
    import yaml
    from huggingface_hub import eval_result_entries_to_yaml

    values = eval_result_entries_to_yaml(list(entries))
    text = yaml.safe_dump(values, sort_keys=False, allow_unicode=True, width=100)
    return f"{_MARKER}{text}".encode()
