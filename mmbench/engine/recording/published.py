"""The comparison of a run's scores with the published scores of its task."""

from __future__ import annotations

from collections.abc import Mapping

from mmbench.text import count
from mmbench.types import Published, PublishedInfo, ScoreInfo, TaskSpec


def compare_published(
    spec: TaskSpec,
    model: str,
    scores: Mapping[str, ScoreInfo],
    sizes: Mapping[str, int],
    failed: int,
    provenance_warning: str = "",
) -> list[PublishedInfo]:
    """Return the published scores of a model, each with a verdict.

    A verdict is "reproduced", "not reproduced" or "not comparable", the last two with a reason. If
    the task has no published scores of this model, return the scores of the first published model
    with the verdict "not comparable: another model". `sizes` are sample counts by role.
    `provenance_warning` is the reason why the samples may differ from the samples of the protocol
    (`RetrievalData.source`), or "".
    """
    if not spec.published:
        return []
    own = [p for p in spec.published if p.model == model]
    entry = own[0] if own else spec.published[0]
    reason = (
        _not_comparable(spec, sizes, failed, provenance_warning)
        if own
        else f"not comparable: another model ({model})"
    )
    return [_verdict(entry, metric, scores.get(metric), reason) for metric in entry.scores]


def _not_comparable(
    spec: TaskSpec, sizes: Mapping[str, int], failed: int, provenance_warning: str
) -> str:
    for role, size in sorted(sizes.items()):  # the corpus before the queries
        expected = spec.protocol.get(role, size)
        if size != expected:
            noun = f"{spec.fields.get(role, role)}s"
            return f"not comparable: {size} of {expected} {noun}"
    if provenance_warning and spec.protocol:
        return f"not comparable: {provenance_warning}"
    return f"not comparable: {count(failed, 'sample')} failed" if failed else ""


def _verdict(entry: Published, metric: str, score: ScoreInfo | None, reason: str) -> PublishedInfo:
    value, measured = entry.scores[metric], score.value if score else None
    if not reason and measured is None:
        reason = "not comparable: not measured"
    if not reason and measured is not None:
        is_close = abs(measured - value) <= entry.tolerance
        reason = "reproduced" if is_close else f"not reproduced: off by {measured - value:+.4f}"
    details = entry.tolerance, reason, entry.model, entry.source
    return PublishedInfo(metric, value, measured, *details)
