"""The grouping of runs into leaderboard tables, and the captions of the tables.

All runs of a table have the same task fingerprint and data hash, and the same signature of each
metric, so that a column never mixes scores of different tasks or data.
"""

from __future__ import annotations

from collections.abc import Iterable

from mmbench.comparison.comparability import distinctions
from mmbench.text import count, format_sizes, sample_noun
from mmbench.types import RunRecord, format_part, protocol_differences

Section = tuple[str, str, str]


def label(record: RunRecord) -> str:
    """Return the label of a model on a leaderboard: `clip-nano@runs/a/step-500 (width=64)`."""
    model = record.model
    place = f"@{model.checkpoint}" if model.checkpoint else ""
    revision = f"#{model.revision[:12]}" if model.revision else ""
    options = ", ".join(f"{key}={value}" for key, value in sorted(model.options.items()))
    dtype = f" {model.dtype}" if model.dtype not in ("float32", "none") else ""
    baseline = " (baseline)" if record.baseline else ""
    return f"{model.name}{place}{revision}{dtype}{f' ({options})' if options else ''}{baseline}"


def mmbench_version(record: RunRecord) -> str | None:
    """Return the version of mmbench that made a record; None if the record lacks it."""
    versions = record.environment.get("versions")
    version = versions.get("mmbench") if isinstance(versions, dict) else None
    return version if isinstance(version, str) else None


def ignores_input(record: RunRecord) -> bool:
    """Return whether a run is a baseline that ignores the input, unlike a model and the oracle."""
    return record.baseline not in (None, "oracle")


def section_key(record: RunRecord) -> Section:
    """Return the properties that all records of a table have in common."""
    measured = sorted(name for name, score in record.scores.items() if score.signature)
    signatures = ";".join(f"{name}={record.measured_as(name)}" for name in measured)
    return record.task.fingerprint, record.task.data_hash, signatures


def sections(records: Iterable[RunRecord], *, all_runs: bool = False) -> list[list[RunRecord]]:
    """Group records into tables.

    A table has the latest run of each model, or `all_runs`, ordered by headline, best first. Tables
    on the protocol's data come first, then tables with more samples before tables with fewer.
    Of tables with equally many samples, those whose runs have fewer failed samples come first (a
    file that cannot be read makes another data set), then those with the latest run.
    """
    latest: dict[Section, dict[tuple[str, ...], RunRecord]] = {}
    for record in records:
        model_key = (record.model.hash, label(record), *([record.run] if all_runs else []))
        latest.setdefault(section_key(record), {})[model_key] = record
    tables = [sorted(by_model.values(), key=_headline_order) for by_model in latest.values()]
    tables.sort(key=lambda t: max(record.created for record in t), reverse=True)
    return sorted(tables, key=_table_order)


def without_parts(records: Iterable[RunRecord]) -> list[RunRecord]:
    """Return the records without those of runs on a part of the samples, which no board lists."""
    return [record for record in records if record.task.part is None]


def _table_order(records: list[RunRecord]) -> tuple[bool, int, int]:
    first = records[0]
    failed = min(record.counts.get("failed", 0) for record in records)
    return bool(other_data(first)), -sum(first.task.data.values()), failed


def _headline_order(record: RunRecord) -> tuple[bool, float, str]:
    score = record.scores.get(record.headline)
    if score is None or score.value is None:
        return True, 0.0, record.run
    return False, -score.value if score.better == "higher" else score.value, record.run


def other_data(record: RunRecord) -> str:
    """Return how the data of a record differ, or may differ, from the data of the protocol.

    Return "" if they do not differ. A part of the data always differs from the whole.
    """
    reasons = data_differences(record)
    others = "runs on all samples" if record.task.part else "the protocol"
    return f"not comparable with {others}: {reasons}" if reasons else ""


def data_differences(record: RunRecord) -> str:
    """Return the reasons of `other_data`: `159 of 5000 samples`."""
    task = record.task
    if task.part:
        return ", ".join(filter(None, [format_part(task.part), task.source.get("doubt")]))
    if not task.protocol:
        return ""
    parts = [
        f"{used} of {expected} {sample_noun(role)}s"
        for role, used, expected in protocol_differences(task)
    ]
    return ", ".join([*parts, *filter(None, [task.source.get("doubt")])])


def caption(records: list[RunRecord]) -> str:
    """Return the caption of a table: version, sizes, the token limit of `--max-tokens`, and
    differences from the protocol's data.
    """
    task = records[0].task
    words = f"version {task.version}; {format_sizes(task.data)}; data {task.data_hash[:8]}"
    if task.max_tokens is not None:
        words += f"; answers of at most {count(task.max_tokens, 'token')}"
    other = other_data(records[0])
    return f"{words}; {other}" if other else words


def captions(tables: list[list[RunRecord]]) -> list[str]:
    """Return the caption of each table of a task, with its differences from the other tables."""
    texts = []
    for records, parts in zip(tables, distinctions([t[0] for t in tables]), strict=True):
        words = caption(records)
        texts.append("; ".join([words, *(part for part in parts if part not in words)]))
    return texts
