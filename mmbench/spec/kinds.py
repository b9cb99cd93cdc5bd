"""The options of a task's kind, which are top-level keys of task files."""

from __future__ import annotations

from typing import Any

from msgspec import NODEFAULT, defstruct, field, structs

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.errors import SpecError, UnknownKind, UserError
from mmbench.protocols.kind_class import class_fault
from mmbench.types import KindOptions, TaskSpec
from mmbench.validation.named_values import as_struct


def as_spec(raw: dict[str, Any], where: str) -> TaskSpec:
    """Convert the contents of a task file, with the options of its kind, to a TaskSpec.

    All errors in the file are reported at once.
    """
    options = options_of_kind(raw.get("kind"), str(raw["name"]))
    fields = [field for field in structs.fields(TaskSpec) if field.name != "options"]
    own = structs.fields(options)
    _refuse_options_of_others(raw, {field.name for field in (*fields, *own)}, where)
    file = defstruct("TaskFile", [_field(field) for field in (*fields, *own)])
    task = as_struct(
        raw, file, where, "set them, or inherit them from another task with `include: NAME`"
    )
    values = structs.asdict(task)
    common = {field.name: values[field.name] for field in fields}
    return TaskSpec(**common, options=options(**{field.name: values[field.name] for field in own}))


def _refuse_options_of_others(raw: dict[str, Any], known: set[str], where: str) -> None:
    """Raise SpecError, which names the other kinds, for a key that only other kinds have."""
    for key in raw.keys() - known - {"options"}:
        kinds = [name for name in TABLES["kind"] if key in option_names(name)]
        if kinds:
            raise SpecError(
                f"{where}: tasks of kind {raw['kind']} have no key {key!r}; it is an option of kind"
                f" {' and '.join(kinds)}"
            )


def options_of_kind(kind: object, task: str) -> type[KindOptions]:
    """Return the options type of a kind, or KindOptions if `kind` is not a string (rejected later).

    `task` is the name of the task for the message. Raises UnknownKind, and UserError if a plugin's
    kind is invalid (see `class_fault`).
    """
    if not isinstance(kind, str):
        return KindOptions
    if kind not in registry.names("kind"):
        hint = "`mmbench list kinds` shows all"
        raise UnknownKind(f"kind of task {task}", kind, registry.names("kind"), hint)
    cls = registry.lookup("kind", kind)
    if registry.plugin("kind", kind) and (fault := class_fault(cls)):
        raise UserError(f"kind {kind}: {fault}")
    options: type[KindOptions] = getattr(cls, "Options", KindOptions)
    return options


def _field(info: structs.FieldInfo) -> tuple[str, Any, Any]:
    """Return the name, type and default of a field as `msgspec.defstruct` expects them.

    A field without a default is required.
    """
    if info.default_factory is not NODEFAULT:
        return info.name, info.type, field(default_factory=info.default_factory)
    return info.name, info.type, field() if info.required else field(default=info.default)


def option_names(kind: object) -> set[str]:
    """Return the keys that a kind adds to task files; an empty set for an unknown kind."""
    if not isinstance(kind, str) or kind not in registry.names("kind"):
        return set()
    return {field.name for field in structs.fields(options_of_kind(kind, ""))}
