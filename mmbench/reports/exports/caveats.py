"""Caveats of runs: reasons why a reader of an exported score must not take it at face value."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.errors import DataError
from mmbench.reports.cells import bounds
from mmbench.text import count, plain, sample_noun
from mmbench.types import LIMITED, PARTIAL, RunRecord, format_part, protocol_differences

_MOST_REASONS = 3  # failed samples that a caveat names


def caveats(record: RunRecord) -> list[str]:
    """Return the caveats of a run as phrases; a run without caveats needs no --anyway.

    Caveats are a baseline in place of a model, failed samples, data that differ in size from those
    of the task's protocol (`--limit`, `--budget`), samples that were left out, and data whose
    origin is uncertain.
    """
    baseline = [f"the baseline {plain(record.baseline)}, not a model"] if record.baseline else []
    doubt = record.task.source.get("doubt")
    return [
        *baseline,
        *_failures(record),
        *_sizes(record),
        *(plain(note) for note in record.notes if note.startswith((PARTIAL, LIMITED))),
        *([f"uncertain data: {plain(doubt, 400)}"] if doubt else []),
    ]


def _failures(record: RunRecord) -> list[str]:
    """Return a phrase with the number of failed samples, and the first of them with reasons."""
    failed, total = record.counts["failed"], record.counts["samples"]
    if not failed:
        return []
    reasons = [f"{plain(name, 80)}: {plain(why, 120)}" for name, why in record.failures]
    first = "; ".join(reasons[:_MOST_REASONS])
    more = f"; and {failed - _MOST_REASONS:,} more" if failed > _MOST_REASONS and reasons else ""
    without = f"; without failures {plain(bounds(record))}" if bounds(record) else ""
    listed = f" ({first}{more})" if first else ""
    return [f"{failed:,} of {count(total, 'sample')} failed{listed}{without}"]


def _sizes(record: RunRecord) -> list[str]:
    if record.task.part:
        return [format_part(record.task.part)]
    return [
        f"{used:,} of {count(expected, sample_noun(plain(role)))} of the protocol"
        f" ({100 * used / max(expected, 1):.3g} %)"
        for role, used, expected in protocol_differences(record.task)
    ]


def refuse_caveats(records: Sequence[RunRecord]) -> None:
    """Raise DataError with the caveats of the runs, if there are any."""
    lines = [f"run {plain(r.run)}: {'; '.join(caveats(r))}" for r in records if caveats(r)]
    if len(lines) == 1:
        raise DataError(f"{lines[0]}; repeat with --anyway to export it with this note")
    if lines:
        head = (
            f"{len(lines)} runs have caveats; repeat with --anyway to export them with these notes"
        )
        raise DataError("\n".join([head, *lines]))
