"""Methods: runs that differ only in a key, such as the seed of their trainings."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence
from typing import NamedTuple

from mmbench.comparison.checkpoint_steps import checkpoint_step, name_and_checkpoint
from mmbench.errors import UserError
from mmbench.storage.records import StoredRun
from mmbench.text import listed, natural_key, normal_path
from mmbench.types import RunRecord

# A record -> the name of its method and the value of the key; None for a run without the key.
Split = Callable[[RunRecord], tuple[str, str] | None]
_NONE = "none"  # the value of the key for a run without it
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
            value: checkpoint_step(name_and_checkpoint(run.record)[1]).training
            for value, run in self.runs.items()
        }
        return found if len(set(found.values())) == len(found) else {}


def methods(runs: Sequence[StoredRun], key: str) -> list[Method]:
    """Group runs by their method, in the order of the runs; of a repeated run, the latest counts.

    `key` is a pattern with one `*` in the checkpoint, such as `seed-*`, or the name of a model
    option. `seed` is also the flag of `mmbench run`, if no run has an option of this name. A run
    without the key is a method of its own. Raises UserError for a key that no run has.
    """
    by_name: dict[str, dict[str, StoredRun]] = {}
    split = _splitter(key, [run.record for run in runs])
    found = [split(run.record) for run in runs]
    if not any(found):
        raise UserError(_no_such_key(key, [run.record for run in runs]))
    for run, parts in zip(runs, found, strict=True):
        name, value = parts or (_own_name(run.record), _NONE)
        replicates = by_name.setdefault(name, {})
        kept = replicates.get(value)
        if kept is None or kept.record.created <= run.record.created:
            replicates[value] = run
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
    return lambda record: (_name(record, name_and_checkpoint(record)[1], {}), str(record.seed))


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
    place = normal_path(name_and_checkpoint(record)[1])
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
    return _name(record, name_and_checkpoint(record)[1], others), str(options[key])


def _own_name(record: RunRecord) -> str:
    return _name(record, name_and_checkpoint(record)[1], record.model.options)


def _name(record: RunRecord, checkpoint: str, options: Mapping[str, object]) -> str:
    """Return the name of a method: a label of boards, and the perturbation of the inputs."""
    model, (name, own) = record.model, name_and_checkpoint(record)
    # A pattern joins repositories, which have revisions of their own.
    revision = model.revision if checkpoint == own else None
    words = ", ".join(f"{option}={value}" for option, value in sorted(options.items()))
    parts = [
        f"{name}{f'@{checkpoint}' if checkpoint else ''}{f'#{revision[:12]}' if revision else ''}",
        model.dtype if model.dtype not in ("float32", "none") else "",
        f"({words})" if words else "",
        record.task.perturbation,
    ]
    return " ".join(filter(None, parts))


def _no_such_key(key: str, records: Sequence[RunRecord]) -> str:
    if "*" in key:
        places = dict.fromkeys(name_and_checkpoint(record)[1] for record in records)
        return (
            f"--replicates {key!r}: no checkpoint contains it; the checkpoints are"
            f" {listed(filter(None, places), 3) or 'none'}"
        )
    options = dict.fromkeys(name for record in records for name in record.model.options)
    return (
        f"--replicates {key!r}: no run has this model option (the options are"
        f" {listed(options) or 'none'}); for a part of the checkpoint, write a pattern such as"
        " 'seed-*'"
    )
