"""The runs of a leaderboard's table compared with one of them, the reference, by one score.

If both runs have rows, the difference is tested sample by sample. Otherwise intervals that do not
overlap show a difference, and intervals that overlap show nothing.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

from msgspec import Struct

from mmbench.comparison.compare import (
    ALPHA,
    ScoreComparison,
    Verdict,
    compare_rows,
    direction,
)
from mmbench.comparison.intervals import direction_by_intervals
from mmbench.comparison.rows import RunRows, open_rows
from mmbench.errors import DataError
from mmbench.stats.corrections import holm
from mmbench.storage.records import StoredRun
from mmbench.types import RunRecord

_OVERLAP = "rows are missing, and the intervals overlap"


class Standing(Struct, frozen=True):
    """A run compared with the reference: the difference from the reference, and the verdict.

    `low` and `high` are the 95 % interval of the difference, and `p_holm` is the p-value, corrected
    over the table; all three exist only if rows were compared (`by` is `rows`). `reason` says why
    there is no verdict.
    """

    run: str
    verdict: Verdict | Literal["reference"]
    by: Literal["", "rows", "intervals"] = ""
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_holm: float | None = None
    reason: str = ""

    @property
    def is_without_rows(self) -> bool:
        """Return whether only intervals were compared, because rows of a run are missing."""
        return self.by == "intervals" or self.reason == _OVERLAP


def standings(
    runs: Sequence[StoredRun],
    reference: StoredRun,
    *,
    alpha: float = ALPHA,
    seed: int = 0,
    unreadable: list[str],
) -> dict[str, Standing]:
    """Compare the headline of each run with the headline of `reference`; return them by run id.

    The runs must be comparable with the reference, as in a table of a leaderboard. P-values are
    corrected over all runs. For each file of rows that cannot be read, a message is appended to
    `unreadable`.
    """
    name = reference.record.headline
    others = [run for run in runs if run.record.run != reference.record.run]
    others = [run for run in others if _has_value(run.record, name)]
    rows = open_rows([reference, *others], [name], unreadable) if others else {}
    scores = [
        _compare(rows, reference, run, alpha, seed, len(others), unreadable) for run in others
    ]
    p_values = holm([score.p_value if score else None for score in scores])
    by_run = {reference.record.run: Standing(reference.record.run, "reference")}
    for run, score, p_holm in zip(others, scores, p_values, strict=True):
        by_run[run.record.run] = (
            _by_rows(run.record, score, p_holm, alpha)
            if score is not None and score.p_value is not None
            else _by_intervals(run.record, reference.record)
        )
    names = [run.record.run for run in runs]
    return {run: by_run.get(run) or Standing(run, "no test", reason="no value") for run in names}


def _has_value(record: RunRecord, name: str) -> bool:
    return name in record.scores and record.scores[name].value is not None


def _compare(
    rows: Mapping[str, RunRows],
    reference: StoredRun,
    run: StoredRun,
    alpha: float,
    seed: int,
    tests: int,
    unreadable: list[str],
) -> ScoreComparison | None:
    """Return the comparison of two runs by their rows; None if the rows of one are missing."""
    a, b = rows.get(reference.record.run), rows.get(run.record.run)
    if a is None or b is None:
        return None
    try:
        return compare_rows(a, b, [reference.record.headline], alpha, seed, tests).scores[0]
    except DataError as error:
        unreadable.append(str(error))
        return None


def _by_rows(record: RunRecord, score: ScoreComparison, p_holm: float, alpha: float) -> Standing:
    change = direction(score.difference or 0.0, score.better) if p_holm <= alpha else ""
    verdict: Verdict = change or "no difference"
    return Standing(record.run, verdict, "rows", score.difference, score.low, score.high, p_holm)


def _by_intervals(record: RunRecord, reference: RunRecord) -> Standing:
    first, second = reference.scores[reference.headline], record.scores[reference.headline]
    change = direction_by_intervals(first, second, first.better)
    difference = (second.value or 0.0) - (first.value or 0.0)
    if change:
        return Standing(record.run, change, "intervals", difference)
    reason = "no interval" if change is None else _OVERLAP
    return Standing(record.run, "no test", "", difference, reason=reason)
