"""Facts about a run that several formats state in words."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import UserError
from mmbench.reports.exports.caveats import caveats
from mmbench.reports.sections import label, mmbench_version
from mmbench.text import plain
from mmbench.text.number_format import format_interval
from mmbench.types import RunRecord, ScoreInfo


def version_of(record: RunRecord) -> str:
    """Return the version of mmbench that made a record; "unknown" if the record lacks it."""
    return mmbench_version(record) or "unknown"


def describe(record: RunRecord, name: str, score: ScoreInfo, scale: int = 1) -> str:
    """Return how a score was measured, as text for the notes field of a format.

    The text has the version of mmbench, the task, the interval, n, the signature, the data hash,
    the run, and the caveats. `scale` is 100 if the score is written in percent.
    """
    task = record.task
    low, high = score.low, score.high
    ends = (low * scale, high * scale) if low is not None and high is not None else (None, None)
    parts = [
        f"mmbench {plain(version_of(record))}",
        f"task {plain(task.name)} version {task.version}",
        f"{plain(name)}{' in percent' if scale == 100 else ''}",
        f"95 % interval {format_interval(*ends)}",
        f"n = {score.n:,}",
        f"{plain(score.signature, 400)}",
        f"data hash {plain(task.data_hash)}",
        f"run {plain(record.run)}",
        *[f"caveat: {caveat}" for caveat in caveats(record)],
    ]
    return "; ".join(part for part in parts if part)


def refuse_several_models(records: Sequence[RunRecord], what: str) -> None:
    """Raise UserError if the runs are of several models; `what` belongs to one model."""
    labels = list(dict.fromkeys(label(record) for record in records))
    if len(labels) > 1:
        raise UserError(
            f"{what} belongs to one model, and these runs are of {len(labels)}"
            f" ({', '.join(map(plain, labels[:4]))}{' …' if len(labels) > 4 else ''}); export the"
            " runs of each model with a --file of their own"
        )


def scale_of(percent: bool, name: str, *, is_rate: bool) -> int:
    """Return 100 if a score is written in percent, else 1.

    Raises UserError if the score is not a rate.
    """
    if percent and not is_rate:
        raise UserError(
            f"--percent: {plain(name)} is not a rate; leave --percent out, or choose other scores"
            " with --metric"
        )
    return 100 if percent else 1
