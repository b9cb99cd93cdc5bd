"""The steps of `run --budget` before and after the forward passes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from msgspec.structs import replace

from mmbench.comparison.whole_set.baseline import check_baseline
from mmbench.comparison.whole_set.estimates import estimates
from mmbench.comparison.whole_set.strata import Strata, find_strata
from mmbench.engine.loading.prepare import PreparedRun
from mmbench.engine.run import FinishedRun
from mmbench.storage.records import StoredRun, arrow_rows, stored_run
from mmbench.storage.run_lookup import RunReference, find_run


class WholeSetEstimator:
    """Estimates the scores of all samples from a run on a part of them.

    `baseline` is a run on all samples in the board `out`, `strata` are names of tags. `check` is
    called before the forward passes, `add_to` after them; both do nothing for a run on all samples.
    """

    def __init__(
        self,
        baseline: RunReference | None = None,
        out: str | Path = "leaderboards",
        strata: Sequence[str] = (),
    ) -> None:
        self._reference, self._out, self._names = baseline, out, strata
        self._baseline: StoredRun | None = None
        self._strata: Strata | None = None

    def check(self, prepared: PreparedRun) -> None:
        """Find the baseline and the strata.

        Raises UserError if the baseline is not comparable with the prepared run, or for a tag that
        the samples do not have.
        """
        if prepared.part is None:
            return
        if self._names:
            self._strata = find_strata(self._names, prepared)
        if self._reference is not None:
            self._baseline = find_run(self._reference, self._out, prepared.spec.name)
            check_baseline(self._baseline, prepared)

    def add_to(self, finished: FinishedRun) -> FinishedRun:
        """Return the run with the estimates in its record."""
        record = finished.record
        if record.task.part is None:
            return finished
        run = stored_run(record, ".", rows=arrow_rows(finished.rows))
        found = estimates(run, self._baseline, self._strata)
        return finished._replace(record=replace(record, estimates=found))
