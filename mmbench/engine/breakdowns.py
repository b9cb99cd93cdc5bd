"""The tags by whose values a task shows its metrics."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec

from mmbench.datasets import Samples
from mmbench.errors import UnknownName
from mmbench.text import listed
from mmbench.types import Sample, TaskSpec


class Tagged(NamedTuple):
    """Data whose samples have the tags that a task breaks down by, and notes on those that lack."""

    data: Any
    notes: list[str]


def with_breakdown_tags(
    spec: TaskSpec, kind: Any, data: Any, further: Iterable[Mapping[str, str]] = ()
) -> Tagged:
    """Make the group of each sample a tag where the task breaks down by it.

    `further` are tags that outputs bring. A tag that the source of the data knows, and that these
    data lack, is noted. Raises UnknownName for any other tag that no sample has.
    """
    if not spec.breakdowns:
        return Tagged(data, [])
    tags = [sample.tags for samples in kind.samples(data).values() for sample in samples]
    optional: list[str] = []
    if isinstance(data, Samples):
        optional = data.optional_tags
        samples = [_with_group(sample, data.group_name) for sample in data.samples]
        tags += [sample.tags for sample in samples]
        if data.group_name in spec.breakdowns:
            data = msgspec.structs.replace(data, samples=samples)
    missing = _missing(spec, [*tags, *further], optional)
    notes = [f"no breakdown by {listed(missing)}: no sample has the tag"] if missing else []
    return Tagged(data, notes)


def check_breakdowns(spec: TaskSpec, tags: Iterable[Mapping[str, str]]) -> None:
    """Refuse a breakdown by a tag that is none of `tags`. Raises UnknownName."""
    _missing(spec, tags, [])


def _with_group(sample: Sample, name: str) -> Sample:
    own = {name: sample.group} if name and sample.group else {}
    return msgspec.structs.replace(sample, tags=own | sample.tags)


def _missing(spec: TaskSpec, tags: Iterable[Mapping[str, str]], optional: list[str]) -> list[str]:
    known = {name for one in tags for name, value in one.items() if value}
    missing = [tag for tag in spec.breakdowns if tag not in known]
    for tag in missing:
        if tag not in optional:
            hint = f"to do without, make a task file: include: {spec.name}, breakdowns: []"
            raise UnknownName(f"tag in breakdowns of task {spec.name}", tag, known, hint)
    return missing
