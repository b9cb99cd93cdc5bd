"""Reading of the other result: a run of mmbench, results of another harness, or plain outputs."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from msgspec.structs import asdict

from mmbench.comparison.explain.ours import known_task, placed, stored_inputs
from mmbench.comparison.explain.prompts import prompts_of
from mmbench.comparison.explain.rescoring import Measured
from mmbench.comparison.explain.results import MMBENCH, OurResult, TheirResult, TheirSample
from mmbench.engine.loading.data.outputs import read_outputs
from mmbench.engine.recording.rows import stored_predictions
from mmbench.engine.score_names import ScoreName
from mmbench.errors import DataError, UserError
from mmbench.predictions.harnesses import HarnessResults, read_harness
from mmbench.predictions.harnesses.selection import one_per_sample, selections
from mmbench.storage import records as store
from mmbench.storage.records import StoredRun
from mmbench.storage.row_columns import ANSWER, REQUIRED
from mmbench.storage.run_lookup import find_run
from mmbench.storage.sample_tables import read_sample_table
from mmbench.text import listed
from mmbench.types import OUTPUTS, InvalidContent, Outputs, RunRecord

_FILTER = "filter"


def their_result(
    text: str,
    ours: OurResult,
    *,
    out: str | Path = "leaderboards",
    task: str | None = None,
    tasks: Sequence[str] = (),
    fields: Mapping[str, str] | None = None,
) -> TheirResult:
    """Return the result that `text` names: a file or folder, or else a run of the board `out`.

    Runs of `task` are preferred, and `tasks` are folders with task files. `fields` are the keys
    and values of `--field`: columns of outputs, or the filter, repeat … of another harness. Raises
    DataError if nothing is found or it cannot be read.
    """
    path = Path(text)
    is_run = not path.exists() or (path.suffix == ".json" and path.with_suffix(".parquet").exists())
    if is_run:
        return run_result(_find(text, out, task), ours, tasks)
    harness = read_harness(path)
    if harness is not None:
        return harness_result(text, harness, fields or {})
    return outputs_result(text, read_outputs(path, fields))


def _find(text: str, out: str | Path, task: str | None) -> StoredRun:
    """Find a run of the task, or else of any task: the prompts of two tasks may be compared."""
    try:
        return find_run(text, out, task)
    except DataError as error:
        if task is not None:
            return _find(text, out, None)
        if not Path(text).suffix[1:].isalpha():
            raise
        raise DataError(f"no file or folder {text}; also, {error}") from error


def run_result(run: StoredRun, ours: OurResult, tasks: Sequence[str] = ()) -> TheirResult:
    """Return another run of mmbench, with the rows of the score that is explained."""
    record = run.record
    table = store.read_table(run, REQUIRED)
    predictions = stored_predictions(table)
    parts = ours.parts
    items = placed(predictions, parts.direction)
    if not items:
        raise DataError(f"run {record.run} has no sample in the direction {parts.direction!r}")
    rows, parsed = _columns(table, parts)
    if not _same_fold(record, ours):
        rows = [None] * len(items)
    stored = read_sample_table(run.folder, record.task.name, record.task.data_hash)
    prompts = prompts_of(record, known_task(record, tasks), stored_inputs(stored, items))
    texts = [""] * len(items) if prompts.absent else prompts.texts
    samples = [
        TheirSample(
            None,
            item.prediction.id,
            prompt=texts[at],
            raw=item.prediction.value,
            extracted=parsed[at],
            reference=item.prediction.target,
            scores=_score(ours, rows[at]),
            metric_row=None if rows[at] is None else np.asarray(rows[at], np.float64),
            error=item.prediction.error or "",
            tags=item.prediction.tags,
            key=(item.direction, item.split, item.prediction.id),
        )
        for at, item in enumerate(items)
    ]
    score = record.scores.get(ours.name)
    scores = {name: s.value for name, s in record.scores.items() if s.value is not None}
    value = score.value if score else None
    notes = [] if score else [f"run {record.run} has no score {ours.name}; it is computed here"]
    if score and score.signature != ours.record.scores[ours.name].signature:
        own = ours.record.scores[ours.name].signature
        notes.append(f"the score is measured differently: {own!r} against {score.signature!r}")
    return TheirResult(record.run, MMBENCH, samples, scores, value, notes=notes)


def _score(ours: OurResult, row: Sequence[float] | None) -> dict[str, float]:
    """Return the value of a sample under the name of the score, from its row [c]; {} if none."""
    fold = ours.record.scores[ours.name].fold.rpartition(":")[2]
    if row is None:
        return {}
    each = Measured(fold, np.array([row], np.float64)).each()
    return {} if each is None or np.isnan(each[0]) else {ours.name: float(each[0])}


def _same_fold(record: RunRecord, ours: OurResult) -> bool:
    score = record.scores.get(ours.name)
    return score is not None and score.fold == ours.record.scores[ours.name].fold


def _columns(
    table: Mapping[str, Sequence[Any]], parts: ScoreName
) -> tuple[Sequence[Any], Sequence[Any]]:
    """Return the rows of a metric and its parsed answers, for the predictions of a direction."""
    directions = table["direction"]
    splits = table["split"]
    # `stored_predictions` orders rows by direction and split.
    first = list(dict.fromkeys(directions))
    order = sorted(range(len(directions)), key=lambda at: (first.index(directions[at]), splits[at]))
    own = [at for at in order if parts.direction in ("", directions[at])]
    empty = [None] * len(directions)
    rows, answers = (table.get(name) or empty for name in (parts.metric, parts.metric + ANSWER))
    return [rows[at] for at in own], [answers[at] for at in own]


def harness_result(text: str, results: HarnessResults, fields: Mapping[str, str]) -> TheirResult:
    """Return the samples of another harness, one output for each.

    Raises DataError if there are several outputs of a sample and `fields` does not choose between
    them, and UserError for other fields.
    """
    known = selections(results)
    if other := [key for key in fields if key not in known]:
        raise UserError(
            f"{text}: --field {other[0]} is for files of outputs; for results of {results.harness}"
            f" give {listed(known)}"
        )
    chosen = one_per_sample(results, fields, text, raw=False)
    filters = {sample.tags.get(_FILTER, "") for sample in chosen.samples}
    scores = _scores_of_filter(results.scores, filters)
    samples = [TheirSample(**asdict(sample)) for sample in chosen.samples]
    return TheirResult(text, results.harness, samples, scores, notes=list(results.notes))


def _scores_of_filter(scores: Mapping[str, float], filters: Collection[str]) -> dict[str, float]:
    """Return the aggregated scores of filters, by the name of the metric without the filter."""
    parts = {name: name.partition(",") for name in scores}
    return {
        parts[name][0]: value
        for name, value in scores.items()
        if not parts[name][1] or parts[name][2] in filters
    }


def outputs_result(text: str, outputs: Outputs) -> TheirResult:
    """Return outputs without scores, as `mmbench score` reads them. Raises DataError for others."""
    if outputs.embeddings:
        raise DataError(f"{text} has embeddings; score them with mmbench score and give that run")
    samples = [
        TheirSample(
            int(ident) if outputs.positional else None,
            ident,
            raw=None if isinstance(value, InvalidContent) else value,
            error=value.reason if isinstance(value, InvalidContent) else "",
            tags=dict(outputs.tags.get(ident, {})),
        )
        for ident, value in outputs.values.items()
    ]
    notes = list(outputs.notes)
    return TheirResult(
        text,
        OUTPUTS,
        samples,
        positional=outputs.positional,
        id_column=outputs.id_column,
        notes=notes,
    )
