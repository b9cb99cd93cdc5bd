"""Reading of a run for an explanation."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.comparison.explain.prompts import prompts_of
from mmbench.comparison.explain.rescoring import Placed, score_name
from mmbench.comparison.explain.results import KnownTask, OurResult
from mmbench.engine.loading.prepare import find_task
from mmbench.engine.options import RunSettings
from mmbench.engine.recording.rows import stored_predictions
from mmbench.errors import DataError
from mmbench.spec import is_task
from mmbench.storage import records as store
from mmbench.storage.records import StoredRun
from mmbench.storage.row_columns import REQUIRED
from mmbench.storage.sample_tables import SampleTable, read_sample_table
from mmbench.text import plain
from mmbench.types import (
    REASONING_REMOVED,
    Content,
    Media,
    Prediction,
    Predictions,
    Ranking,
    RunRecord,
    Sample,
)


def our_result(run: StoredRun, metric: str | None = None, tasks: Sequence[str] = ()) -> OurResult:
    """Return the predictions of a run that the score `metric` covers (default: the headline).

    `tasks` are folders with task files. Raises DataError if the rows of the run are missing, and
    UserError for an unknown score.
    """
    record = run.record
    predictions = stored_predictions(store.read_table(run, REQUIRED))
    name = metric or record.headline
    parts = score_name(name, record, list(predictions.directions))
    items = placed(predictions, parts.direction)
    odd = [one for one in predictions.directions if bool(one) != bool(parts.direction)]
    if odd:
        raise DataError(
            f"run {record.run}: {name} does not fit the direction {plain(odd[0])!r} in its rows"
        )
    if not items:
        raise DataError(f"run {record.run}: its rows have no sample for {name}")
    task = known_task(record, tasks)
    table = read_sample_table(run.folder, record.task.name, record.task.data_hash)
    samples = stored_inputs(table, items)
    signature = record.scores[name].signature
    return OurResult(
        record,
        name,
        parts,
        dict(task.spec.metric_options.get(parts.metric, {})) if task else {},
        items,
        samples,
        prompts_of(record, task, samples),
        bool(predictions.reasoning) or REASONING_REMOVED in signature.split(","),
        _relevant(table, items),
        table.labels if table else [],
    )


def placed(predictions: Predictions, direction: str) -> list[Placed]:
    """Return the predictions of a direction, or of all directions if `direction` is ""."""
    return [
        Placed(own, number, prediction)
        for own, splits in predictions.directions.items()
        for number, split in enumerate(splits)
        for prediction in split
        if direction in ("", own)
    ]


def stored_inputs(table: SampleTable | None, items: Sequence[Placed]) -> list[Sample]:
    """Return the inputs and references of predictions; a sample that is not stored has no inputs.

    Media are represented by their names.
    """
    return [_inputs(table, item.prediction) for item in items]


def _inputs(table: SampleTable | None, prediction: Prediction) -> Sample:
    roles = ("sample", "query") if table else ()
    candidates = (table.get(role, prediction.id) for role in roles if table)
    stored = next(filter(None, candidates), None)
    if stored is None:
        return Sample(prediction.id, {}, prediction.target, tags=prediction.tags)
    media = {name: Media(place.modality, place.name) for name, place in stored.media.items()}
    inputs: dict[str, Content] = {**media, **stored.texts}
    return Sample(prediction.id, inputs, prediction.target, tags=prediction.tags)


def known_task(record: RunRecord, tasks: Sequence[str]) -> KnownTask | None:
    """Return the current definition of a run's task, or None if no folder of tasks has it."""
    if not is_task(record.task.name, tasks):
        return None
    settings = RunSettings(tasks=tuple(tasks), max_tokens=record.task.max_tokens)
    return KnownTask(*find_task(record.task.name, settings))


def _relevant(table: SampleTable | None, items: Sequence[Placed]) -> dict[str, dict[str, float]]:
    """Return the grades of the relevant documents of each query in retrieval.

    If documents search for queries, the grades of the relevant queries of each document.
    """
    if table is None or not any(isinstance(item.prediction.value, Ranking) for item in items):
        return {}
    queries = [table.get("query", ident) for ident in table.ids("query")]
    by_query = {query.id: query.relevant or {} for query in queries if query}
    by_document: dict[str, dict[str, float]] = {}
    for ident, documents in by_query.items():
        for document, grade in documents.items():
            by_document.setdefault(document, {})[ident] = grade
    backwards = not {item.prediction.id for item in items} <= by_query.keys()
    return by_document if backwards else by_query
