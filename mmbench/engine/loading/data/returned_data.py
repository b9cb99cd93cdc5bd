"""Checks of the data and outputs that plugins return."""

from __future__ import annotations

from array import array
from collections import Counter
from collections.abc import Sequence
from typing import get_args

from msgspec import to_builtins

from mmbench.columns import (
    ABSENT,
    Mappings,
    Repeated,
    Table,
    Texts,
    are_distinct,
    column,
    names_in,
)
from mmbench.errors import UnknownName, UserError
from mmbench.protocols import Dataset
from mmbench.text import plain
from mmbench.types import InvalidContent, Media, Modality, Outputs, Sample, TaskSpec


def check_samples(spec: TaskSpec, name: str, data: Dataset) -> None:
    """Raise UserError if a data source, called `name`, returned no samples or an invalid sample."""
    where = f"task {spec.name}: data source {name} returned"
    roles = data.by_role()
    for role, samples in roles.items():
        if not isinstance(samples, list | tuple | Table):
            excerpt = plain(repr(samples), 80)
            raise UserError(f"{where} {excerpt} as the samples of the role {role}; return a list")
        for sample in () if _are_plain(samples) else samples:
            if fault := _sample_fault(sample):
                raise UserError(f"{where} the sample {plain(repr(sample), 80)}: {fault}")
        _refuse_duplicate_ids(where, samples)
    if not any(roles.values()):
        raise UserError(f"{where} no samples; check the files and the options in `data`")


def check_fields(spec: TaskSpec, data: Dataset) -> None:
    """Raise UnknownName if no sample has any field of the task.

    It is enough that one field exists, since a kind may have optional fields.
    """
    known = {n for role in data.by_role().values() for n in names_in(column(role, "inputs"))}
    if known and spec.fields and known.isdisjoint(spec.fields.values()):
        field = next(iter(spec.fields.values()))
        raise UnknownName(f"input in fields of task {spec.name}", field, sorted(known))


def _are_plain(samples: Sequence[Sample]) -> bool:
    """Return whether the columns of samples contain only strings and numbers, and no empty id."""
    if not isinstance(samples, Table):
        return False
    ids, inputs, targets, groups, tags = samples.columns.values()
    have_ids = isinstance(ids, Texts) and ids.are_full()
    mappings = [one for one in (inputs, tags) if isinstance(one, Mappings)]
    columns = [groups, *(texts for one in mappings for texts in one.columns.values())]
    numbers = isinstance(targets, Texts | array) or (
        isinstance(targets, Repeated) and targets.only is None
    )
    return have_ids and len(mappings) == 2 and numbers and all(map(_holds_texts, columns))


def _holds_texts(column: Sequence[object]) -> bool:
    if isinstance(column, Texts):
        return column.null is ABSENT or not column.array.null_count
    return isinstance(column, Repeated) and isinstance(column.only, str)


def _sample_fault(sample: object) -> str:
    """Return the reason why a value is not a valid sample; "" if it is valid."""
    if not isinstance(sample, Sample) or not isinstance(sample.id, str):
        return "return an mmbench.types.Sample with a str as id and a dict of inputs by name"
    if not sample.id:
        return "its id is empty; give each sample a unique id"
    if not isinstance(sample.inputs, dict):
        return "its inputs are not a dict; use {name: content}"
    for name, content in sample.inputs.items():
        if fault := _content_fault(content):
            return f"its input {name!r} {fault}"
        if not isinstance(name, str):
            return f"the name of its input {name!r} is not a str"
    if not isinstance(sample.group, str):
        return f"its group is {sample.group!r}; use a str"
    if not _are_texts(sample.tags):
        return f"its tags are {plain(repr(sample.tags), 40)}; use a dict of strings, {{tag: value}}"
    return _target_fault(sample.target)


def _content_fault(content: object) -> str:
    if not isinstance(content, str | Media | InvalidContent):
        return f"is a {type(content).__name__}; use a str, an mmbench.Media or an InvalidContent"
    if not isinstance(content, Media):
        return ""
    if content.modality not in get_args(Modality):
        known = ", ".join(get_args(Modality))
        return f"has the modality {content.modality!r}; use one of {known}"
    if not isinstance(content.name, str):
        return f"has the name {content.name!r}; use a str, such as str(path)"
    if content.read is not None and not callable(content.read):
        return f"has a {type(content.read).__name__} as `read`; use a function that returns bytes"
    return ""


def _target_fault(target: object) -> str:
    """Return the reason why a value is not a valid target; "" if it is valid.

    Stored rows contain the JSON of a target; the data hash covers its repr.
    """
    if isinstance(target, Media | InvalidContent):
        fault = _content_fault(target)
        return f"its target {fault}" if fault else ""
    advice = "use a str, a number, a list, a dict or a msgspec.Struct of these"
    if isinstance(target, set | frozenset):
        return f"its target is a {type(target).__name__}, which has no order; use a list"
    try:
        to_builtins(target)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        return f"its target is a {type(target).__name__} ({reason}); {advice}"
    return ""


def _refuse_duplicate_ids(where: str, samples: Sequence[Sample]) -> None:
    """Raise UserError if two samples have the same id, since outputs are matched by id."""
    ids = column(samples, "id")
    if are_distinct(ids):
        return
    ((ident, times),) = Counter(ids).most_common(1)
    raise UserError(f"{where} {times} samples with the id {ident!r}; give each sample a unique id")


def outputs_fault(outputs: object) -> str:
    """Return the reason why the result of a reader is not valid Outputs; "" if it is valid."""
    if not isinstance(outputs, Outputs):
        return f"a {type(outputs).__name__}; return mmbench.types.Outputs({{id: value}})"
    if not isinstance(outputs.values, dict):
        return f"{plain(repr(outputs.values), 80)} as values; use a dict, {{id: value}}"
    odd = next((one for one in (*outputs.values, *outputs.tags) if not isinstance(one, str)), None)
    if odd is not None:
        return f"the id {odd!r}; use a str that is equal to the id of the sample"
    tags = next((one for one in outputs.tags.values() if not _are_texts(one)), None)
    if tags is not None:
        return f"the tags {plain(repr(tags), 80)}; use a dict of strings, {{tag: value}}"
    if not isinstance(outputs.notes, list):
        return f"{plain(repr(outputs.notes), 80)} as notes; use a list of strings"
    if outputs.contexts and len(outputs.contexts) != len(outputs.values):
        return f"{len(outputs.contexts):,} contexts; use one OutputContext for each value"
    return ""


def _are_texts(tags: object) -> bool:
    """Return whether a value is a dict of strings to strings."""
    return isinstance(tags, dict) and all(
        isinstance(part, str) for pair in tags.items() for part in pair
    )
