"""The content of a tracker's run: names, configuration, values and notes from a run record.

Weights & Biases and MLflow get the same content, so that a value has one key in both.
"""

from __future__ import annotations

import datetime
from collections.abc import Iterable, Iterator
from itertools import accumulate
from typing import Any, NamedTuple

import msgspec

from mmbench.comparison.checkpoint_steps import checkpoint_step
from mmbench.comparison.samples.run_samples import finished_samples
from mmbench.protocols import Rows, StoredSamples
from mmbench.reports.sections import label, mmbench_version, other_data
from mmbench.reports.trackers.keys import key_part, run_key, unique_keys
from mmbench.reports.trackers.settings import LONGEST_NAME, Setting, one_line_settings
from mmbench.reports.trackers.worst_samples import SampleRows, worst_samples
from mmbench.storage.records import encode
from mmbench.text import markdown, plain
from mmbench.types import RunRecord, format_part

_LONGEST_TAG = 64  # W&B's limit
_LONGEST_NOTES = 4000  # the value of an MLflow tag has at most 5,000 characters in older versions
_COSTS = "run"  # the section of counts, times and costs


class TrackedRun(NamedTuple):
    """A run as trackers show it.

    `group` is the same for all checkpoints of one training run with the same options. `values` are
    the numbers by key, `config` the settings by key, `created` milliseconds since 1970, `notes`
    Markdown, `record` the run record as JSON, and `worst` the samples with the worst scores. `step`
    is None if the name of the checkpoint
    contains no step.
    """

    id: str
    name: str
    group: str
    task: str
    model: str
    config: dict[str, Setting]
    values: dict[str, float]
    step: int | None
    created: int
    notes: str
    record: bytes
    worst: SampleRows | None

    @property
    def worst_key(self) -> str:
        """Return the key of the table `worst`."""
        return f"{key_part(self.task)}/worst_samples"

    @property
    def tags(self) -> list[str]:
        """Return the labels of the run for filters: its task and its model."""
        return [name[:_LONGEST_TAG] for name in (self.task, self.model) if name]


def tracked_run(record: RunRecord, rows: Rows, samples: StoredSamples | None) -> TrackedRun:
    """Return the content that trackers show for a run, from the arguments of a reporter."""
    checkpoint = checkpoint_step(record.model.checkpoint or "")
    name = f"{label(record)} on {record.task.name}"
    return TrackedRun(
        id=run_key(record.run),
        name=plain(name, LONGEST_NAME),
        group=plain(_line(record, checkpoint.training), LONGEST_NAME),
        task=plain(record.task.name, _LONGEST_TAG),
        model=plain(record.model.name, _LONGEST_TAG),
        config=_config(record, checkpoint.step),
        values={**_scores(record), **_costs(record)},
        step=checkpoint.step,
        created=_milliseconds(record.created),
        notes=_listed(_notes(record)),
        record=encode(record) + b"\n",
        worst=worst_samples(finished_samples(record, rows, samples)) if rows else None,
    )


def _line(record: RunRecord, training: str) -> str:
    """Return the label of a model without its step and revision: `clip-nano@runs/a`.

    Runs on a part of the samples have another label than runs on all samples.
    """
    model = msgspec.structs.replace(record.model, checkpoint=training or None, revision=None)
    name = label(msgspec.structs.replace(record, model=model))
    return f"{name} on {format_part(record.task.part)}" if record.task.part else name


def _config(record: RunRecord, step: int | None) -> dict[str, Setting]:
    model, task = record.model, record.task
    settings: dict[str, Any] = {
        "run": record.run,
        "created": record.created,
        "model": model.name,
        "checkpoint": model.checkpoint,
        "checkpoint_step": step,
        "revision": model.revision,
        "model_hash": model.hash,
        "adapter": model.adapter,
        "dtype": model.dtype,
        "task": task.name,
        "task_version": task.version,
        "task_kind": task.kind,
        "fingerprint": task.fingerprint,
        "data_hash": task.data_hash,
        "other_data": other_data(record),
        "max_tokens": task.max_tokens,
        "headline": record.headline,
        "seed": record.seed,
        "baseline": record.baseline,
        "mmbench_version": mmbench_version(record),
    }
    keys = unique_keys("option", model.options)
    settings |= {keys[name]: value for name, value in model.options.items()}
    return one_line_settings(settings)


def _scores(record: RunRecord) -> dict[str, float]:
    """Return the scores with the ends of their intervals, without those that have no value."""
    values = {
        f"{name}{end}": value
        for name, score in record.scores.items()
        for end, value in (("", score.value), (" low", score.low), (" high", score.high))
    }
    return _keyed(record.task.name, values)


def _costs(record: RunRecord) -> dict[str, float]:
    """Return the counts, times, speeds, tokens and costs of a run."""
    values: dict[str, float | None] = {"samples": record.counts.get("samples")}
    values |= {name: count for name, count in record.counts.items() if name != "samples"}
    values["seconds"] = sum(record.seconds.values())
    values |= {f"seconds {stage}": spent for stage, spent in record.seconds.items()}
    values |= {unit.replace("/s", " per second"): v for unit, v in record.throughput.items()}
    values |= {
        f"tokens {scope} {kind}": number
        for scope, counts in record.tokens.items()
        for kind, number in counts.items()
    }
    values |= {f"cost {scope}": record.cost.get(scope) for scope in ("computed", "all")}
    return _keyed(_COSTS, values)


def _keyed(section: str, values: dict[str, float | None]) -> dict[str, float]:
    keys = unique_keys(section, values)
    return {keys[name]: float(value) for name, value in values.items() if value is not None}


def _notes(record: RunRecord) -> Iterator[str]:
    """Yield remarks on the scores: other data, notes, missing scores, failures."""
    if other := other_data(record):
        yield other
    yield from record.notes
    for name, score in record.scores.items():
        if score.value is None:
            yield f"{name} has no value: {score.reason or 'nothing was measured'}"
    for ident, reason in record.failures:
        yield f"{ident} failed: {reason}"


def _listed(notes: Iterable[str]) -> str:
    """Return notes as a Markdown list, shortened to the limit of trackers."""
    lines = [f"- {markdown(note, 400)}" for note in notes]
    ends = accumulate(len(line) + 1 for line in lines)
    fitting = sum(end <= _LONGEST_NOTES for end in ends)
    return "\n".join(
        lines[:fitting] + ([f"- and {len(lines) - fitting} more"] if fitting < len(lines) else [])
    )


def _milliseconds(created: str) -> int:
    """Return an ISO 8601 time as milliseconds since 1970; 0 if a record has no such time."""
    try:
        return int(datetime.datetime.fromisoformat(created).timestamp() * 1000)
    except ValueError:
        return 0
