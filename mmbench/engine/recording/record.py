"""The run record: model, task, scores, and costs."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import msgspec

from mmbench.engine import identity
from mmbench.engine.context import RunContext
from mmbench.engine.loading.prepare import BASELINE, PreparedRun, known_as
from mmbench.engine.options import RunSettings
from mmbench.engine.recording.published import compare_published
from mmbench.engine.scoring.measure import Measured
from mmbench.engine.speed import COLUMN, NOTHING_COMPUTED, RTFX, recognises
from mmbench.perturbations.names import as_text, parse
from mmbench.storage import records as store
from mmbench.types import REASONING_REMOVED, ModelInfo, RunRecord, TaskInfo, TaskSpec

MOST_FAILURES = 20  # the largest number of failures listed in a record


class RunSummary(NamedTuple):
    """The parts of a record other than model, task and scores.

    `failed` is the number of failed samples; `failures` lists their ids and reasons. For rescored
    outputs, `counts`, `throughput`, `tokens` and `cost` are copied from the earlier run. `search`
    has reports on searches and comparisons of indexes, `endpoint` is the host that serves the
    model.
    """

    failed: int
    failures: list[tuple[str, str]]
    notes: list[str]
    seed: int
    search: dict[str, dict[str, Any]]
    counts: dict[str, int]
    throughput: dict[str, float]
    baseline: str | None
    endpoint: str | None
    tokens: dict[str, dict[str, int]]
    cost: dict[str, Any]


def request_signature(prepared: PreparedRun, *, without_reasoning: bool) -> str:
    """Return the part of a score's signature that describes the requests.

    It contains the signature of the kind, the way in which videos are sampled, and whether
    reasoning is removed.
    """
    spec = prepared.spec
    field_names = {*spec.fields, *spec.fields.values()}
    whole = prepared.model is not None and prepared.model.whole_videos
    by = "video=url" if whole else "frames=by-index"
    frames = by if "video" in field_names and "image" not in field_names else ""
    kind_signature = prepared.kind.signature(prepared.whole or prepared.data)
    reasoning = REASONING_REMOVED if without_reasoning else ""
    return ",".join(filter(None, [kind_signature, frames, reasoning]))


def task_info(
    prepared: PreparedRun,
    data_hash: str,
    options: RunSettings,
    *,
    without_reasoning: bool,
    clean: dict[str, str],
) -> TaskInfo:
    """Return the description of the task and its data for the record.

    `clean` is the result of `clean_question`.
    """
    spec = prepared.spec
    return TaskInfo(
        name=spec.name,
        version=spec.version,
        kind=spec.kind,
        fingerprint=identity.fingerprint(spec),
        data_hash=data_hash,
        protocol=spec.protocol,
        data=prepared.data.sizes(),
        source=prepared.data.source,
        asked=request_signature(prepared, without_reasoning=without_reasoning),
        max_tokens=options.max_tokens,
        perturbation=as_text(parse(spec.perturb)) if spec.perturb else "",
        clean=clean,
        part=prepared.part,
    )


def summary_of(
    prepared: PreparedRun,
    context: RunContext,
    failures: list[tuple[str, str]],
    notes: list[str],
    search: dict[str, dict[str, Any]],
) -> RunSummary:
    """Return the summary of a run or of scored outputs."""
    info = prepared.info
    return RunSummary(
        failed=len(failures),
        failures=failures,
        notes=[*prepared.data.notes(), *prepared.notes, *notes],
        seed=context.options.seed,
        search=search,
        counts={"samples": sum(prepared.data.sizes().values())},
        throughput={},
        baseline=info.name if info.adapter == BASELINE else None,
        endpoint=prepared.model.destination if prepared.model else None,
        tokens=context.costs.tokens(),
        cost=context.costs.usage.cost(context.options.price),
    )


def make_record(
    spec: TaskSpec,
    model: ModelInfo,
    task: TaskInfo,
    measured: Measured,
    summary: RunSummary,
    context: RunContext,
) -> RunRecord:
    """Return the record of a run, of scored outputs or of rescored outputs."""
    costs, scores = context.costs, measured.scores
    published = compare_published(
        spec, known_as(model, context.options), scores, task, summary.failed
    )
    environment = identity.environment(costs.device) | context.executor.environment()
    endpoint: dict[str, object] = {"endpoint": summary.endpoint} if summary.endpoint else {}
    endpoint |= {"server": costs.server} if costs.server else {}
    return RunRecord(
        run=store.new_run_id(model.name),
        created=datetime.now(UTC).isoformat(timespec="milliseconds"),
        model=model,
        task=task,
        scores=scores,
        headline=spec.headline if spec.headline in scores else next(iter(scores)),
        published=[] if summary.baseline else published,
        counts=summary.counts | {"failed": summary.failed} | costs.counts,
        failures=summary.failures[:MOST_FAILURES],
        seconds=costs.clock.seconds,
        throughput=summary.throughput | costs.throughput,
        environment=environment | endpoint,
        seed=summary.seed,
        index=summary.search,
        notes=summary.notes,
        baseline=summary.baseline,
        breakdowns=measured.breakdowns,
        tokens=summary.tokens,
        cost=summary.cost,
    )


def with_rtfx(measured: Measured, throughput: Mapping[str, float]) -> Measured:
    """Set the score `rtfx` to the speed of the run, if the task lists this metric.

    The metric itself reads the times from tags, which only outputs of other programs have.
    """
    if COLUMN not in measured.scores:
        return measured
    value = throughput.get(RTFX)
    timed = msgspec.structs.replace(
        measured.scores[COLUMN],
        value=value,
        low=None,
        high=None,
        bounds=None,
        reason="" if value is not None else NOTHING_COMPUTED,
    )
    return measured._replace(scores=measured.scores | {COLUMN: timed})


def untimed_notes(prepared: PreparedRun, throughput: Mapping[str, float]) -> list[str]:
    """Return a note if a speech recogniser ran but its speed could not be measured.

    Otherwise return an empty list.
    """
    if prepared.model is None or not recognises(prepared.spec.metrics) or RTFX in throughput:
        return []
    return [f"{COLUMN} is n/a: {NOTHING_COMPUTED}"]
