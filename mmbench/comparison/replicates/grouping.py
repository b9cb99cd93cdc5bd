"""Methods: runs that differ only in a key, such as the seed of their trainings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mmbench.comparison.checkpoint_steps import checkpoint_step
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.text import listed, natural_key, normal_path
from mmbench.types import RunRecord

# A record -> the name of its method and the value of the key; None for a run without the key.
Split = Callable[[RunRecord], tuple[str, str] | None]
_SEED = "seed"  # also a flag of `mmbench run`, which is a field of the record


class Method(NamedTuple):
    """A method: its name, with `*` in place of the key, and its run for each value of the key."""

    name: str
    runs: dict[str, StoredRun]

    @property
    def trainings(self) -> dict[str, str]:
        """The training run of each replicate: its checkpoint without the step.

        It is empty if all replicates have one checkpoint, and differ in an option.
        """
        found = {
            value: checkpoint_step(run.record.model.checkpoint or "").training
            for value, run in self.runs.items()
        }
        return found if len(set(found.values())) == len(found) else {}


def methods(runs: Sequence[StoredRun], key: str) -> list[Method]:
    """Group runs by their method, in the order of the runs; of a repeated run, the latest counts.

    `key` is a pattern with one `*` in the checkpoint, such as `seed-*`, or the name of a model
    option. `seed` is also the flag of `mmbench run`, if no run has an option of this name. Raises
    UserError for a key that no run has.
    """
    by_name: dict[str, dict[str, StoredRun]] = {}
    split = _splitter(key, [run.record for run in runs])
    for run in runs:
        parts = split(run.record)
        if parts is not None:
            replicates = by_name.setdefault(parts[0], {})
            kept = replicates.get(parts[1])
            if kept is None or kept.record.created <= run.record.created:
                replicates[parts[1]] = run
    if not by_name:
        raise UserError(_no_such_key(key, [run.record for run in runs]))
    return [Method(name, _in_order(replicates)) for name, replicates in by_name.items()]


def _in_order(replicates: dict[str, StoredRun]) -> dict[str, StoredRun]:
    return {value: replicates[value] for value in sorted(replicates, key=natural_key)}


def _splitter(key: str, records: Sequence[RunRecord]) -> Split:
    """Return a function from a record to the name of its method and the value of the key."""
    if "*" in key:
        pattern = _compiled(key)
        return lambda record: _by_checkpoint(record, key, pattern)
    if any(key in record.model.options for record in records) or key != _SEED:
        return lambda record: _by_option(record, key)
    return lambda record: (_name(record, record.model.checkpoint, {}), str(record.seed))


def _compiled(key: str) -> re.Pattern[str]:
    """Return the expression of a key such as `seed-*`; `*` stands for letters and digits."""
    if key.count("*") != 1 or not key.strip("*"):
        raise UserError(
            f"--replicates {key!r}: write one * and the text next to it, such as 'seed-*'"
        )
    before, after = map(re.escape, key.split("*"))
    start = "" if before and not key[0].isalnum() else r"(?<![^\W_])"
    return re.compile(rf"{start}{before}([^\W_]+){after}(?![^\W_])")


def _by_checkpoint(record: RunRecord, key: str, pattern: re.Pattern[str]) -> tuple[str, str] | None:
    """Return the method and the value of the key; None if the checkpoint does not contain it.

    The last match counts: in `runs/seeds/a-seed1`, `seed*` is `seed1`.
    """
    place = normal_path(record.model.checkpoint or "")
    matches = list(pattern.finditer(place))
    if not matches:
        return None
    match = matches[-1]
    method = f"{place[: match.start()]}{key}{place[match.end() :]}"
    return _name(record, method, record.model.options), match[1]


def _by_option(record: RunRecord, key: str) -> tuple[str, str] | None:
    options = record.model.options
    if key not in options:
        return None
    others = {name: "*" if name == key else value for name, value in options.items()}
    return _name(record, record.model.checkpoint, others), str(options[key])


def _name(record: RunRecord, checkpoint: str | None, options: Mapping[str, object]) -> str:
    """Return the name of a method, in the form of the labels of boards."""
    model = record.model
    place = f"@{checkpoint}" if checkpoint else ""
    # A pattern joins repositories, which have revisions of their own.
    own = model.revision if checkpoint == model.checkpoint else None
    revision = f"#{own[:12]}" if own else ""
    dtype = f" {model.dtype}" if model.dtype not in ("float32", "none") else ""
    words = ", ".join(f"{name}={value}" for name, value in sorted(options.items()))
    return f"{model.name}{place}{revision}{dtype}{f' ({words})' if words else ''}"


def _no_such_key(key: str, records: Sequence[RunRecord]) -> str:
    if "*" in key:
        places = dict.fromkeys(r.model.checkpoint for r in records if r.model.checkpoint)
        return (
            f"--replicates {key!r}: no checkpoint contains it; the checkpoints are"
            f" {listed(places, 3) or 'none'}"
        )
    options = dict.fromkeys(name for record in records for name in record.model.options)
    return (
        f"--replicates {key!r}: no run has this model option (the options are"
        f" {listed(options) or 'none'}); for a part of the checkpoint, write a pattern such as"
        " 'seed-*'"
    )
