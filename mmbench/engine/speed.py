"""RTFx of speech recognition: seconds of audio per second of computing, as a column of a board.

RTFx depends on time, so it is in a record's `throughput` and not among the scores, which are
reproducible bit for bit. It covers only what the run computed, not outputs from the cache.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmbench.types import RunRecord

RTFX = "RTFx"  # in a record's `throughput`
COLUMN = "rtfx"  # on a board, and the name of the metric
NOTHING_COMPUTED = "the run computed no answer, all came from the cache or failed"
LEGEND = (
    f"`{COLUMN}`: seconds of sound per second of computing, over what the run computed, on its own"
    " machine; n/a where no model ran or all answers came from the cache."
)
_ERROR_RATES = frozenset({"wer", "cer", "mer", "wil"})


def recognises(metrics: Iterable[str]) -> bool:
    """Return whether metrics are those of speech recognition: `wer[basic]`, `cer[none]`."""
    return bool({name.partition("[")[0] for name in metrics} & _ERROR_RATES)


def rtfx(record: RunRecord) -> float | None:
    """Return the RTFx that a run measured, None where it computed no answer."""
    return record.throughput.get(RTFX)


def has_column(records: Iterable[RunRecord]) -> bool:
    """Return whether a table has a column RTFx: speech recognisers ran, and no metric shows it."""
    return any(_ran(record) for record in records if COLUMN not in record.scores)


def _ran(record: RunRecord) -> bool:
    had_requests = record.counts.get("requests", 0) > 0 or rtfx(record) is not None
    return had_requests and recognises(record.scores)
