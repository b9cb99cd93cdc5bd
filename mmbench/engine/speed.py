"""RTFx, the speed of speech recognition: seconds of audio per second of computing.

RTFx is a column of boards. It is in a record's `throughput`, not among the scores, because scores
are reproducible bit for bit and running times are not. It covers only outputs that the run
computed, not outputs from the cache.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmbench.types import RunRecord

RTFX = "RTFx"  # in a record's `throughput`
COLUMN = "rtfx"  # on a board, and the name of the metric
NOTHING_COMPUTED = "the run computed no output; all outputs came from the cache or failed"
LEGEND = (
    f"`{COLUMN}`: seconds of audio per second of computing, over the outputs that the run computed,"
    " on its machine; n/a if no model ran or all outputs came from the cache."
)
_ERROR_RATES = frozenset(
    {"wer", "cer", "mer", "wil", "substitution_rate", "deletion_rate", "insertion_rate"}
)


def recognises(metrics: Iterable[str]) -> bool:
    """Return whether a metric is an error rate of speech recognition: `wer[basic]`, `cer[none]`."""
    return bool({name.partition("[")[0] for name in metrics} & _ERROR_RATES)


def rtfx(record: RunRecord) -> float | None:
    """Return the RTFx of a run, or None if the run computed no output."""
    return record.throughput.get(RTFX)


def has_column(records: Iterable[RunRecord]) -> bool:
    """Return whether a board needs a column `rtfx`.

    It does if a speech recogniser ran on a task that does not list the metric `rtfx`.
    """
    return any(_ran(record) for record in records if COLUMN not in record.scores)


def _ran(record: RunRecord) -> bool:
    had_requests = record.counts.get("requests", 0) > 0 or rtfx(record) is not None
    return had_requests and recognises(record.scores)
