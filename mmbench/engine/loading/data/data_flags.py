"""Flags that replace a task's options of own data: columns, classes, prompts and split."""

from __future__ import annotations

from typing import Any

from msgspec import structs

from mmbench import registry
from mmbench.columns import column, names_in
from mmbench.data.readers.folders import MEDIA
from mmbench.engine.loading.data.target_metrics import with_agreement, with_metrics_of_targets
from mmbench.engine.options import RunSettings
from mmbench.errors import SpecError
from mmbench.protocols import Dataset, Kind
from mmbench.types import TaskSpec
from mmbench.validation.named_values import function_options

# The data options that each flag sets: the first that the task's source has.
_OPTIONS = {"columns": ("columns",), "labels": ("labels", "classes"), "split": ("split",)}


def with_data_flags(spec: TaskSpec, options: RunSettings) -> TaskSpec:
    """Return the task with the columns, classes, templates and split that the user gave.

    Columns are added to those of the task. Raises SpecError for a flag that the data source or the
    kind of the task does not have.
    """
    data: dict[str, Any] = dict(spec.data)
    values = {"columns": options.columns, "labels": options.labels, "split": options.split}
    for flag, value in values.items():
        if value:
            option = _option(spec, flag)
            data[option] = {**data.get(option, {}), **value} if isinstance(value, dict) else value
    spec = structs.replace(spec, data=data)
    return _with_templates(spec, options.templates) if options.templates else spec


def _option(spec: TaskSpec, flag: str) -> str:
    known = function_options(registry.lookup("data", spec.data["source"]), {"root"})
    for name in _OPTIONS[flag]:
        if name in known and "hub" not in spec.data:
            return name
    raise SpecError(f"task {spec.name}: its data have no {flag} to choose; leave out --{flag}")


def _with_templates(spec: TaskSpec, templates: list[str]) -> TaskSpec:
    if not hasattr(spec.options, "templates"):
        raise SpecError(
            f"task {spec.name}: tasks of kind {spec.kind} have no templates; leave out --template"
        )
    return structs.replace(spec, options=structs.replace(spec.options, templates=templates))


def reads_any_modality(spec: TaskSpec) -> bool:
    """Return whether the modality in a task's fields depends on the user's data.

    A field with the name of its modality as role (image: image) is only read if the data have it.
    """
    fixed = all(field not in MEDIA or role in MEDIA for role, field in spec.fields.items())
    return registry.source_info(spec.data["source"]).any_layout and not fixed


def adapt_to_data(
    spec: TaskSpec, kind: Kind[Dataset], data: Dataset
) -> tuple[TaskSpec, Kind[Dataset]]:
    """Return a task of own data, and its kind, with the modality and metrics that the data need."""
    spec, kind = _with_modality_of_data(spec, kind, data)
    samples = data.by_role().get("sample", [])
    adapted = with_metrics_of_targets(spec, column(samples, "target") if samples else [])
    adapted = with_agreement(adapted, column(samples, "tags") if samples else [])
    return (
        (spec, kind) if adapted == spec else (adapted, registry.lookup("kind", spec.kind)(adapted))
    )


def _with_modality_of_data(
    spec: TaskSpec, kind: Kind[Dataset], data: Dataset
) -> tuple[TaskSpec, Kind[Dataset]]:
    """Return a task of own data, and its kind, with the modality of the data among its fields.

    The task `retrieval` has the fields text and image. If the data have audio or videos instead,
    the field and the directions are renamed: text-to-audio. Other tasks are returned unchanged.
    """
    changed = {}
    for role, field in spec.fields.items() if reads_any_modality(spec) else ():
        names = names_in(column(data.by_role().get(role, []), "inputs"))
        others = [name for name in MEDIA if name in names]
        if field in MEDIA and field not in names and len(others) == 1:
            changed[role] = str(others[0])
    if not changed:
        return spec, kind
    before = kind.directions()
    spec = structs.replace(spec, fields={**spec.fields, **changed})
    kind = registry.lookup("kind", spec.kind)(spec)
    headline = spec.headline
    for old, new in zip(before, kind.directions(), strict=True):
        headline = headline.replace(f"[{old}]", f"[{new}]") if old else headline
    spec = structs.replace(spec, headline=headline)
    return spec, registry.lookup("kind", spec.kind)(spec)
