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
    """Refuse data of the source `name` without samples or with invalid ones. Raises UserError."""
    where = f"task {spec.name}: data source {name} returned"
    roles = data.by_role()
    for role, samples in roles.items():
        if not isinstance(samples, list | tuple | Table):
            excerpt = plain(repr(samples), 80)
            raise UserError(f"{where} {excerpt} as the samples of the role {role}: give a list")
        for sample in () if _are_plain(samples) else samples:
            if fault := _sample_fault(sample):
                raise UserError(f"{where} the sample {plain(repr(sample), 80)}: {fault}")
        _refuse_duplicate_ids(where, samples)
    if not any(roles.values()):
        raise UserError(f"{where} no samples: look at the files and at the options in `data`")


def check_fields(spec: TaskSpec, data: Dataset) -> None:
    """Refuse a task if no sample has any of its fields. Raises UnknownName.

    Some fields may be missing, since a kind may have optional fields.
    """
    known = {n for role in data.by_role().values() for n in names_in(column(role, "inputs"))}
    if known and spec.fields and known.isdisjoint(spec.fields.values()):
        field = next(iter(spec.fields.values()))
        raise UnknownName(f"input in fields of task {spec.name}", field, sorted(known))


def _are_plain(samples: Sequence[Sample]) -> bool:
    """Return whether the columns of samples hold only texts and numbers, and no id is empty."""
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
    """Return why a value cannot be a sample, empty where it can."""
    if not isinstance(sample, Sample) or not isinstance(sample.id, str):
        return "a mmbench.types.Sample is needed, with a text as id and its inputs by name"
    if not sample.id:
        return "its id is empty: give each sample a unique id"
    if not isinstance(sample.inputs, dict):
        return "its inputs are no dict: give them by name, {name: content}"
    for name, content in sample.inputs.items():
        if fault := _content_fault(content):
            return f"its input {name!r} {fault}"
        if not isinstance(name, str):
            return f"its input {name!r} is not named by a text"
    if not isinstance(sample.group, str):
        return f"its group is {sample.group!r}: give a text"
    if not _are_texts(sample.tags):
        return f"its tags are {plain(repr(sample.tags), 40)}: give texts by name, {{tag: text}}"
    return _target_fault(sample.target)


def _content_fault(content: object) -> str:
    if not isinstance(content, str | Media | InvalidContent):
        return f"is a {type(content).__name__}: give a text, a mmbench.Media or an InvalidContent"
    if not isinstance(content, Media):
        return ""
    if content.modality not in get_args(Modality):
        known = ", ".join(get_args(Modality))
        return f"has the modality {content.modality!r}: it is one of {known}"
    if not isinstance(content.name, str):
        return f"has the name {content.name!r}: give a text, str(path)"
    if content.read is not None and not callable(content.read):
        return f"has a {type(content.read).__name__} to read: give a function that returns bytes"
    return ""


def _target_fault(target: object) -> str:
    """Return why a value cannot be a target. Rows store targets as JSON, the data hash as repr."""
    if isinstance(target, Media | InvalidContent):
        fault = _content_fault(target)
        return f"its target {fault}" if fault else ""
    advice = "give a text, a number, a list, a dict or a Struct of these"
    if isinstance(target, set | frozenset):
        return f"its target is a {type(target).__name__}, which has no order: give a list"
    try:
        to_builtins(target)
    except (TypeError, ValueError) as error:
        reason = " ".join(str(error).split())
        return f"its target is a {type(target).__name__} ({reason}): {advice}"
    return ""


def _refuse_duplicate_ids(where: str, samples: Sequence[Sample]) -> None:
    """Refuse two samples with the same id, since outputs could not be matched. Raises UserError."""
    ids = column(samples, "id")
    if are_distinct(ids):
        return
    ((ident, times),) = Counter(ids).most_common(1)
    raise UserError(f"{where} {times} samples with the id {ident!r}: each needs a unique id")


def outputs_fault(outputs: object) -> str:
    """Return why the object that a reader returned is not valid outputs, empty where it is."""
    if not isinstance(outputs, Outputs):
        return f"a {type(outputs).__name__}: give mmbench.types.Outputs({{id: value}})"
    if not isinstance(outputs.values, dict):
        return f"{plain(repr(outputs.values), 80)} as values: give a dict, {{id: value}}"
    odd = next((one for one in (*outputs.values, *outputs.tags) if not isinstance(one, str)), None)
    if odd is not None:
        return f"the id {odd!r}: give a text, as the samples have it"
    tags = next((one for one in outputs.tags.values() if not _are_texts(one)), None)
    if tags is not None:
        return f"the tags {plain(repr(tags), 80)}: give texts by name, {{tag: text}}"
    if not isinstance(outputs.notes, list):
        return f"{plain(repr(outputs.notes), 80)} as notes: give a list of texts"
    return ""


def _are_texts(tags: object) -> bool:
    """Return whether a value maps texts to texts."""
    return isinstance(tags, dict) and all(
        isinstance(part, str) for pair in tags.items() for part in pair
    )
