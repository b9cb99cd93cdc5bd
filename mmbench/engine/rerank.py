"""Reranking of a finished retrieval run: a second model orders its first documents again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import chain
from typing import NamedTuple

import msgspec

from mmbench.columns import column
from mmbench.datasets import RetrievalData
from mmbench.engine import identity
from mmbench.engine.context import RunContext, run_context
from mmbench.engine.execution.executor import Executor
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.abilities import check_ability
from mmbench.engine.loading.models.model_ref import model_argument
from mmbench.engine.loading.models.resolver import Model
from mmbench.engine.loading.prepare import PreparedRun, prepare, resolve_model, sent_away
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.engine.recording.record import MOST_FAILURES
from mmbench.engine.recording.rows import stored_predictions
from mmbench.engine.run import FinishedRun, measure_task, outcome_of
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.errors import DataError, UserError
from mmbench.kinds.responses import first_failure, spans
from mmbench.kinds.retrieval.reranking import (
    Pair,
    Scoring,
    first_documents,
    pair_requests,
    pair_scores,
    ranking_of,
    reranked,
)
from mmbench.protocols import Needs, Rates, Reranks
from mmbench.storage import records as store
from mmbench.storage.content_keys import digest
from mmbench.storage.row_columns import REQUIRED
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.text import count
from mmbench.types import (
    RERANKED,
    Content,
    GeneratedOutputs,
    ModelInfo,
    Prediction,
    Predictions,
    Requests,
    RunRecord,
    VectorOutputs,
    format_part,
)


class RerankSettings(NamedTuple):
    """How a run is reranked.

    `top` is the number of documents that are ordered again, None for all that the run stored. `by`
    is the score of a pair, None for that of the model's ability; `question` replaces the question
    of `answer`.
    """

    top: int | None = None
    by: Scoring | None = None
    question: str = ""


def rerank(
    model: str,
    run: RunReference,
    options: RunSettings | None = None,
    settings: RerankSettings | None = None,
    *,
    out: str = "leaderboards",
    task: str | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> FinishedRun:
    """Order the first documents of each query of a retrieval run again, by a second model.

    `model` is the argument of `-m`; `run`, `out` and `task` are arguments of `run_lookup.find_run`.
    The scores have the signatures of the first run, so that both can be compared. The outputs of
    the model are in the journal, as those of a run. Raises UserError; DataError if the data are not
    those of the run, or if it stored fewer than `top` documents per query.
    """
    settings = settings or RerankSettings()
    with run_context(options, progress, executor) as context:
        with context.costs.clock.stage("prepare"):
            first = find_run(run, out, task)
            prepared = _prepared(first.record, context)
            stored = stored_predictions(store.read_table(first, REQUIRED))
            depth = _depth(first.record, stored, settings.top)
            resolved = resolve_model(model, context)
            by = settings.by or _scoring_of(resolved)
            pairs = _pairs(prepared, stored, depth, context.options.seed)
            requests = pair_requests([*chain.from_iterable(pairs)], by, settings.question)
            _check_model(resolved, prepared, requests, by, context)
        extractor = FeatureExtractor(context)
        extractor.check(prepared.spec.metrics, prepared.spec.metric_options)
        runner = InferenceRunner(resolved, context, price=context.options.price)
        outputs = runner.answers(requests)
        context.costs.usage = runner.usage
        predictions = _reranked(stored, [*map(len, pairs)], outputs, by)
        info = _model_info(first.record, resolved.info, depth, by, settings.question)
        prepared = prepared._replace(model=resolved, info=info)
        measured = measure_task(prepared, predictions, first.record.task, extractor, context)
    notes = [
        *(note for note in first.record.notes if note not in prepared.data.notes()),
        f"reranked the first {count(depth, 'document')} of {first.record.run} by {by}",
        *context.costs.notes,
    ]
    outcome = outcome_of(prepared, first.record.task, predictions, measured, notes, context)
    return _with_earlier_failures(outcome, first.record)


def _prepared(record: RunRecord, context: RunContext) -> PreparedRun:
    """Return the task and the data of a run, without a model.

    Raises DataError if they are not those of the run.
    """
    if record.task.kind != "retrieval":
        raise UserError(f"run {record.run}: tasks of kind {record.task.kind} have no documents")
    if record.task.part is not None:
        raise UserError(
            f"run {record.run} is on {format_part(record.task.part)}; choose a run on all samples"
        )
    found = prepare("oracle", record.task.name, context)
    if "query_text" in found.spec.fields:  # a pair has one content of the query
        raise UserError(
            f"run {record.run}: the queries of {record.task.name} are images with texts, which"
            " rerank does not read; choose a run with queries of one content"
        )
    identity.refuse_changed_task(record, found.spec)
    if found.data.sizes() != record.task.data:
        limit = max(1, record.task.data.get("corpus", 0))
        found = found._replace(data=found.data.limit(limit))
    data_hash, _ = identity.hash_data(found.spec, found.data, found.kind.directions(), context.keys)
    if data_hash != record.task.data_hash:
        raise DataError(
            f"run {record.run} has other data than those found; pass the data of the run with"
            " --data PATH"
        )
    return found


def _depth(record: RunRecord, stored: Predictions, top: int | None) -> int:
    """Return the number of documents that are ordered again.

    Raises DataError if the run stored fewer than `top` documents of a query, except for a smaller
    corpus.
    """
    rankings = [ranking_of(prediction) for prediction in stored.each() if not prediction.error]
    known = max((len(ranking.top) for ranking in rankings), default=0)
    wanted = min(top or known, max((ranking.size or 0 for ranking in rankings), default=0) or known)
    if not known or wanted > known:
        raise DataError(
            f"run {record.run} stored {count(known, 'document')} per query; run its model again"
            f" with --top {top or 100}, which takes its outputs from the cache"
        )
    return wanted


def _scoring_of(model: Model) -> Scoring:
    return "relevance" if hasattr(model.cls, "relevance") else "answer"


def _check_model(
    model: Model,
    prepared: PreparedRun,
    requests: dict[str, Requests],
    by: Scoring,
    context: RunContext,
) -> None:
    """Raise UserError if the model cannot score the pairs, or would send files elsewhere."""
    ability = Reranks if by == "relevance" else Rates
    check_ability(model, Needs(ability), prepared.spec, requests)
    context.costs.notes += sent_away(model, prepared.spec, requests, context.options)


def _pairs(prepared: PreparedRun, stored: Predictions, depth: int, seed: int) -> list[list[Pair]]:
    """Return the pairs of each prediction in order; [] for a failed query."""
    data = prepared.data
    assert isinstance(data, RetrievalData)
    contents = {role: batch.contents for role, batch in prepared.kind.requests(data, seed).items()}
    rows = {
        role: {ident: row for row, ident in enumerate(column(samples, "id"))}
        for role, samples in data.by_role().items()
    }

    def content(role: str, ident: str) -> Content:
        found = contents[role][rows[role][ident]]
        assert isinstance(found, Content)
        return found

    roles = (("query", "corpus"), ("corpus", "query"))
    return [
        [Pair(content(asking, one.id), content(asked, other)) for other in documents]
        for (asking, asked), splits in zip(roles, stored.directions.values(), strict=False)
        for one in chain.from_iterable(splits)
        for documents in [first_documents(one, depth)]
    ]


def _reranked(
    stored: Predictions,
    sizes: Sequence[int],
    outputs: Mapping[str, VectorOutputs | GeneratedOutputs],
    by: Scoring,
) -> Predictions:
    """Return the predictions with new rankings; `sizes` are the numbers of pairs of each query.

    A query of which a pair has no score fails.
    """
    vectors = {name: one for name, one in outputs.items() if isinstance(one, VectorOutputs)}
    scores, reasons = pair_scores(vectors, by)
    pairs = iter(spans(sizes))

    def changed(prediction: Prediction) -> Prediction:
        start, end = next(pairs)
        return reranked(prediction, scores[start:end], first_failure(reasons, start, end))

    predictions = stored.mapped(changed)
    already = dict(stored.failed())
    new = [(ident, why) for ident, why in predictions.failed() if ident not in already]
    return msgspec.structs.replace(predictions, failures=new)


def _model_info(
    record: RunRecord, model: ModelInfo, depth: int, by: Scoring, question: str
) -> ModelInfo:
    """Return the identity of a first model with a reranker; its name has the names of both."""
    how = msgspec.json.encode([depth, by, question])
    options = {"run": record.run, "reranker": model_argument(model), "top": depth, "by": by}
    return ModelInfo(
        name=f"{record.model.name}+{model.name}",
        checkpoint=None,
        revision=None,
        hash=digest(record.model.hash, model.hash, how).hex(),
        adapter=RERANKED,
        options=options | ({"question": question} if question else {}),
        dtype=model.dtype,
    )


def _with_earlier_failures(outcome: FinishedRun, first: RunRecord) -> FinishedRun:
    """Return the outcome with the failures of the first run, of which the record lists some."""
    record, earlier = outcome.record, first.counts["failed"]
    counts = record.counts | {"failed": record.counts["failed"] + earlier}
    failures = [*first.failures, *record.failures][: max(len(first.failures), MOST_FAILURES)]
    changed = msgspec.structs.replace(record, counts=counts, failures=failures, index=first.index)
    return outcome._replace(record=changed)
