"""Results for the `model-index` of a model card, the YAML front matter of its README.md.

The fields are those of huggingface/hub-docs, modelcard.md, and are made by huggingface_hub. The
format has no field for intervals and notes: they are arguments of the metric.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import UserError
from mmbench.reports.exports.caveats import caveats
from mmbench.reports.exports.facts import refuse_several_models, scale_of, version_of
from mmbench.reports.exports.front_matter import merged
from mmbench.reports.exports.hub_tasks import hub_task
from mmbench.reports.exports.options import ExportOptions, data_set_of, model_id_of
from mmbench.reports.exports.result import Exported, write_export
from mmbench.reports.exports.scores import interval_of, missing_note, score_metric, with_values
from mmbench.reports.sections import label
from mmbench.storage.own_files import read_existing, write_file
from mmbench.storage.records import StoredRun
from mmbench.text import plain
from mmbench.types import RunRecord, ScoreInfo

if TYPE_CHECKING:
    from huggingface_hub import EvalResult

DEFAULT = "model-card.md"
_START = b"---\n"
_MARKED = _START + b"# Exported by mmbench.\n"


def export_card(runs: Sequence[StoredRun], file: Path | None, options: ExportOptions) -> Exported:
    """Write the scores of runs of one model into the front matter of a model card.

    An existing card `file` keeps its text, its other front matter and the results of other
    programs; earlier results of mmbench for the same task and score are replaced. Without `file`,
    a new card is written. Raises UserError for runs of several models, and for a card whose front
    matter is not valid.
    """
    records = [run.record for run in runs]
    refuse_several_models(records, "a model card")
    name = model_id_of(records[0].model, options) or label(records[0])
    results, notes = [], []
    for record in records:
        scores, missing = with_values(record, options.metrics)
        results += [_result(record, one, score, options) for one, score in scores.items()]
        notes += missing_note(record, missing)
    if file is None:
        card = _MARKED + merged(b"", plain(name), results, DEFAULT).removeprefix(_START)
        return Exported([write_export(Path(DEFAULT), card, _MARKED)], notes)
    if file.suffix.lower() not in (".md", ".markdown"):
        raise UserError(f"--file {plain(str(file))}: a model card ends in .md; give such a file")
    card = merged(read_existing(file, "--file"), plain(name), results, str(file))
    return Exported([write_file(file, card, "--file", new_folder=True)], notes)


def _result(record: RunRecord, name: str, score: ScoreInfo, options: ExportOptions) -> EvalResult:
    from huggingface_hub import EvalResult

    task, parts = record.task, score_metric(name)
    scale = scale_of(options.percent, name, is_rate=parts.is_rate)
    data_set = data_set_of(record, options)
    assert score.value is not None  # see with_values
    return EvalResult(
        task_type=plain(hub_task(record)),
        task_name=plain(task.name),
        dataset_type=data_set.id if data_set else plain(task.name),
        dataset_name=f"{plain(task.name)} (mmbench task, version {task.version})",
        dataset_revision=(data_set.revision or None) if data_set else None,
        metric_type=plain(parts.family),
        metric_name=plain(name),
        metric_value=score.value * scale,
        metric_args=_arguments(record, score, parts.parameters(), scale),
        source_url=options.source,
        source_name=f"mmbench run {plain(record.run)}" if options.source else None,
    )


def _arguments(
    record: RunRecord, score: ScoreInfo, parameters: Mapping[str, int | str], scale: int
) -> dict[str, Any]:
    """Return the arguments of a metric, and what else is known about the score."""
    ends, warnings = interval_of(score), caveats(record)
    return {
        **{key: plain(one) if isinstance(one, str) else one for key, one in parameters.items()},
        **({"unit": "percent"} if scale == 100 else {}),
        **({"confidence_interval_95": [end * scale for end in ends]} if ends else {}),
        "n": score.n,
        "better": score.better,
        "signature": plain(score.signature, 400),
        "data_hash": plain(record.task.data_hash),
        "mmbench": plain(version_of(record)),
        "model": plain(label(record)),
        "run": plain(record.run),
        **({"caveats": warnings} if warnings else {}),
    }
