"""Changes of a task by flags, and a task as the values of a task file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from msgspec import structs, to_builtins

from mmbench.errors import SpecError
from mmbench.types import GenerationConfig, TaskSpec


def with_settings(spec: TaskSpec, settings: Mapping[str, object]) -> TaskSpec:
    """Return the task with the values of `settings`, which the user gave as flags.

    The keys are names of settings of the task's kind. Raises SpecError for a setting that the kind
    does not have.
    """
    for name in settings:
        if name not in spec.options.settings:
            raise SpecError(
                f"task {spec.name}: tasks of kind {spec.kind} have no {name}; omit"
                f" --{name.replace('_', '-')}"
            )
    return structs.replace(spec, options=structs.replace(spec.options, **settings))


def with_metrics(spec: TaskSpec, metrics: Sequence[str]) -> TaskSpec:
    """Return the task with further metrics after its own; metrics that it has are not repeated."""
    return structs.replace(spec, metrics=list(dict.fromkeys([*spec.metrics, *metrics])))


def with_search_device(spec: TaskSpec, device: str) -> TaskSpec:
    """Return the task with `device`, the device of the model, for searches without their own.

    Tasks of kinds without the setting `search_device` are returned unchanged.
    """
    if getattr(spec.options, "search_device", None) != "":
        return spec
    return structs.replace(spec, options=structs.replace(spec.options, search_device=device))


def with_max_tokens(spec: TaskSpec, max_tokens: int) -> TaskSpec:
    """Return a task with `max_tokens` in place of that of its key `generation`.

    Raises SpecError for a task without this key.
    """
    generation = getattr(spec.options, "generation", None)
    if not isinstance(generation, GenerationConfig):
        raise SpecError(
            f"task {spec.name}: tasks of kind {spec.kind} generate no text; leave out --max-tokens"
        )
    generation = structs.replace(generation, max_tokens=max_tokens)
    return structs.replace(spec, options=structs.replace(spec.options, generation=generation))


def task_values(spec: TaskSpec) -> dict[str, Any]:
    """Return the keys and values of a task as in a task file, including the options of its kind."""
    values: dict[str, Any] = to_builtins(spec)
    options = values.pop("options")
    place = [field.name for field in structs.fields(TaskSpec)].index("options")
    items = list(values.items())
    return dict([*items[:place], *options.items(), *items[place:]])
