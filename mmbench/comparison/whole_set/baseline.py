"""The baseline of an estimate: a run on all samples, with rows."""

from __future__ import annotations

from mmbench.comparison.rows import RunRows
from mmbench.engine.identity import fingerprint
from mmbench.engine.loading.prepare import PreparedRun
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.types import RunRecord


def check_baseline(run: StoredRun, prepared: PreparedRun) -> None:
    """Check that a run can be the baseline of a prepared run on a part of the samples.

    Raises UserError for a run on another part, on other data or of another task, and MissingRows
    for a run without rows.
    """
    record = run.record
    fault = _fault(record, prepared)
    if fault:
        raise UserError(
            f"--baseline {record.run}: {fault}; give a run of task {prepared.spec.name} on all"
            " samples of the same data, or leave --baseline out"
        )
    RunRows(run, [record.headline])


def _fault(record: RunRecord, prepared: PreparedRun) -> str:
    assert prepared.part is not None
    if record.task.part is not None:
        return "the run is itself on a part of the samples"
    if record.task.fingerprint != fingerprint(prepared.spec):
        return "the run has another task, or another version of it"
    if record.task.data_hash != prepared.part.data_hash:
        return "the run has other data"
    return ""
