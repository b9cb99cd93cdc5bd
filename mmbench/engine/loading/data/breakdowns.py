"""Checks of the tags in a task's `breakdowns`."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import NamedTuple

from mmbench.columns import ABSENT, column, entries, names_in
from mmbench.errors import UnknownName
from mmbench.protocols import Dataset
from mmbench.text import listed
from mmbench.types import TaskSpec


class TaggedData(NamedTuple):
    """Data with the tags in the task's `breakdowns`, and notes on missing tags."""

    data: Dataset
    notes: list[str]


def with_breakdown_tags(
    spec: TaskSpec, data: Dataset, output_tags: Iterable[Mapping[str, str]] = ()
) -> TaggedData:
    """Add the group of each sample as a tag, if the task has a breakdown by group.

    `output_tags` are the tags of outputs. If no sample and no output has a tag in `breakdowns`, the
    result has a note for a tag that the data source declares as optional; for any other tag,
    UnknownName is raised.
    """
    if not spec.breakdowns:
        return TaggedData(data, [])
    grouped = data.with_group_tags()
    known = {name for one in (data, grouped) for name in _used_tags(one)}
    if data.group_name in spec.breakdowns:
        data = grouped
    missing = _missing(spec, known | _tag_names(output_tags), data.optional_tags)
    notes = [f"no breakdown by {listed(missing)}: no sample has the tag"] if missing else []
    return TaggedData(data, notes)


def check_breakdowns(spec: TaskSpec, tags: Iterable[Mapping[str, str]]) -> None:
    """Raise UnknownName for a tag in the task's `breakdowns` that no sample has.

    `tags` are the tags of each sample. A tag that the task's data block declares may be missing.
    """
    declared = spec.data.get("tags")
    _missing(spec, _tag_names(tags), [*declared] if isinstance(declared, dict) else [])


def _used_tags(data: Dataset) -> Iterator[str]:
    """Yield the names of the tags that at least one sample has."""
    for samples in data.by_role().values():
        tags = column(samples, "tags")
        for name in names_in(tags):
            if any(value and value is not ABSENT for value in entries(tags, name)):
                yield name


def _tag_names(tags: Iterable[Mapping[str, str]]) -> set[str]:
    return {name for one in tags for name, value in one.items() if value}


def _missing(spec: TaskSpec, known: set[str], optional: Sequence[str]) -> list[str]:
    missing = [tag for tag in spec.breakdowns if tag not in known]
    for tag in missing:
        if tag not in optional:
            hint = f"or write a task file with include: {spec.name} and breakdowns: []"
            raise UnknownName(f"tag in breakdowns of task {spec.name}", tag, known, hint)
    return missing
