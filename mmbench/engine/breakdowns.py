"""The tags by whose values a task shows its metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from mmbench.errors import UnknownName
from mmbench.protocols import Dataset
from mmbench.text import listed
from mmbench.types import TaskSpec


class Tagged(NamedTuple):
    """Data whose samples have the tags that a task breaks down by, and notes on those that lack."""

    data: Dataset
    notes: list[str]


def with_breakdown_tags(
    spec: TaskSpec, data: Dataset, further: Iterable[Mapping[str, str]] = ()
) -> Tagged:
    """Make the group of each sample a tag where the task breaks down by it.

    `further` are tags that outputs bring. A tag that the source of the data knows, and that these
    data lack, is noted. Raises UnknownName for any other tag that no sample has.
    """
    if not spec.breakdowns:
        return Tagged(data, [])
    grouped = data.with_group_tags()
    tags = [s.tags for one in (data, grouped) for side in one.by_role().values() for s in side]
    if data.group_name in spec.breakdowns:
        data = grouped
    missing = _missing(spec, [*tags, *further], data.optional_tags)
    notes = [f"no breakdown by {listed(missing)}: no sample has the tag"] if missing else []
    return Tagged(data, notes)


def check_breakdowns(spec: TaskSpec, tags: Iterable[Mapping[str, str]]) -> None:
    """Refuse a breakdown by a tag that is none of `tags`. Raises UnknownName."""
    _missing(spec, tags, [])


def _missing(
    spec: TaskSpec, tags: Iterable[Mapping[str, str]], optional: Sequence[str]
) -> list[str]:
    known = {name for one in tags for name, value in one.items() if value}
    missing = [tag for tag in spec.breakdowns if tag not in known]
    for tag in missing:
        if tag not in optional:
            hint = f"to do without, make a task file: include: {spec.name}, breakdowns: []"
            raise UnknownName(f"tag in breakdowns of task {spec.name}", tag, known, hint)
    return missing
