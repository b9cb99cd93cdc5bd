"""RTFx of a run: in the place of the metric of that name, or a note that there is none."""

from __future__ import annotations

from collections.abc import Mapping

import msgspec

from mmbench.engine.loading.prepare import Prepared
from mmbench.engine.scoring.measure import Measured
from mmbench.engine.speed import COLUMN, NOTHING_COMPUTED, RTFX, recognises


def with_rtfx(measured: Measured, throughput: Mapping[str, float]) -> Measured:
    """Put what a run took in the place of the score `rtfx`, where the task lists that metric.

    The metric itself reads the times of outputs from their tags, which answers of a run lack.
    """
    if COLUMN not in measured.scores:
        return measured
    value = throughput.get(RTFX)
    taken = msgspec.structs.replace(
        measured.scores[COLUMN],
        value=value,
        low=None,
        high=None,
        bounds=None,
        reason="" if value is not None else NOTHING_COMPUTED,
    )
    return measured._replace(scores=measured.scores | {COLUMN: taken})


def untimed(prepared: Prepared, throughput: Mapping[str, float]) -> list[str]:
    """A note where a recogniser of speech ran and its speed could not be measured."""
    if prepared.model is None or not recognises(prepared.spec.metrics) or RTFX in throughput:
        return []
    return [f"{COLUMN} is n/a: {NOTHING_COMPUTED}"]
