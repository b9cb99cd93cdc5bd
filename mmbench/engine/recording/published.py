"""The comparison of a run's scores with the published scores of its task."""

from __future__ import annotations

from collections.abc import Mapping

from msgspec.structs import replace

from mmbench.text import count
from mmbench.types import (
    ModelInfo,
    Published,
    PublishedInfo,
    RunRecord,
    ScoreInfo,
    TaskInfo,
    TaskSpec,
    format_part,
)

_PREFIX = "not comparable: "
_UNMEASURED = "not comparable: not measured"


def compare_published(
    spec: TaskSpec,
    model: str,
    scores: Mapping[str, ScoreInfo],
    task: TaskInfo,
    failed: int,
) -> list[PublishedInfo]:
    """Return the published scores of a model, each with a verdict.

    A verdict is "reproduced", "not reproduced" or "not comparable", the last two with a reason. If
    the task has no published scores of this model, return the scores of the first published model
    with the verdict "not comparable: another model". `task` tells how many samples were used, why
    they may differ from the samples of the protocol (`RetrievalData.source`), and whether
    `--max-tokens` replaced the token limit of the task.
    """
    if not spec.published:
        return []
    own = [p for p in spec.published if p.model == model]
    entry = own[0] if own else spec.published[0]
    reason = (
        _not_comparable(spec, task, failed, entry.differs)
        if own
        else f"not comparable: another model ({model})"
    )
    return [_verdict(entry, metric, scores.get(metric), reason) for metric in entry.scores]


def with_recorded_scores(spec: TaskSpec, record: RunRecord) -> TaskSpec:
    """Return a task with the published scores that a record has for its model.

    Scores of a recipe are in no task. If they were not comparable, they stay so.
    """
    entries = [one for one in record.published if one.model in _names(record.model)]
    if not entries or any(one.source == entries[0].source for one in spec.published):
        return spec
    first, scores = entries[0], {one.metric: one.value for one in entries}
    reasons = {one.verdict for one in entries if one.verdict.startswith(_PREFIX)} - {_UNMEASURED}
    differs = next(iter(sorted(reasons)), "").removeprefix(_PREFIX)
    own = Published(first.model, scores, first.source, first.tolerance, differs)
    return replace(spec, published=[own, *spec.published])


def _names(model: ModelInfo) -> set[str]:
    return {name for name in (model.checkpoint, model.name) if name}


def _not_comparable(spec: TaskSpec, task: TaskInfo, failed: int, differs: str) -> str:
    if task.part:
        return f"{_PREFIX}{format_part(task.part)}"
    for role, size in sorted(task.data.items()):  # the corpus before the queries
        expected = spec.protocol.get(role, size)
        if size != expected:
            noun = f"{spec.fields.get(role, role)}s"
            return f"not comparable: {size} of {expected} {noun}"
    if spec.protocol and "doubt" in task.source:  # see RetrievalData.source
        return f"not comparable: {task.source['doubt']}"
    if differs:
        return f"{_PREFIX}{differs}"
    if task.max_tokens is not None:
        return f"not comparable: answers of at most {count(task.max_tokens, 'token')}"
    return f"not comparable: {count(failed, 'sample')} failed" if failed else ""


def _verdict(entry: Published, metric: str, score: ScoreInfo | None, reason: str) -> PublishedInfo:
    value, measured = entry.scores[metric], score.value if score else None
    if not reason and measured is None:
        reason = _UNMEASURED
    if not reason and measured is not None:
        is_close = abs(measured - value) <= entry.tolerance
        reason = "reproduced" if is_close else f"not reproduced: off by {measured - value:+.4f}"
    details = entry.tolerance, reason, entry.model, entry.source
    return PublishedInfo(metric, value, measured, *details)
