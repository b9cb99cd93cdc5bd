"""Task files: YAML → TaskSpec. Unknown keys are errors that suggest a similar key.

The options of a task's kind are top-level keys, next to the keys of every task.

A task is looked up by name in each `--tasks DIR`, then in `./tasks`, then in the packaged tasks; a
name that ends in .yaml is a path. `include: NAME` inherits every key that the file does not set,
except options that the kind of the file does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, defstruct, field, structs, to_builtins

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.errors import SpecError, UnknownKind, UnknownName, UserError
from mmbench.protocols.kind_class import class_fault
from mmbench.storage.file_names import name_fault
from mmbench.text import with_home
from mmbench.types import KindOptions, TaskSpec
from mmbench.validation.named_values import as_struct
from mmbench.validation.regular_files import read_regular
from mmbench.validation.renamed_options import refuse_renamed
from mmbench.validation.safe_parse import parse_yaml

_SUMMARY = re.compile(r"^summary:\s*(.*)$", re.MULTILINE)


def task_folders(extra: Iterable[str] = ()) -> list[Path]:
    """Return the existing folders of task files in the order of lookup."""
    folders = [Path(with_home(folder)) for folder in extra]
    for folder in folders:
        if not folder.is_dir():
            raise SpecError(f"--tasks {folder}: no such folder")
    return [folder for folder in [*folders, Path("tasks"), *_packaged()] if folder.is_dir()]


def _packaged() -> list[Path]:
    """Return the folders of packaged tasks: inside the package in a wheel, else next to it."""
    package = Path(__file__).parent
    return [package / "tasks", package.parent / "tasks"]


def packaged_tasks() -> list[str]:
    """Return the names of the packaged tasks."""
    folders = [folder for folder in _packaged() if folder.is_dir()]
    return sorted(path.stem for folder in folders for path in folder.glob("*.yaml"))


def task_files(extra: Iterable[str] = ()) -> dict[str, Path]:
    """Return task name → file; the first folder with a name wins. No file is parsed.

    The tasks of plugins have the names of their entry points, unless the package cannot be
    imported.
    """
    files: dict[str, Path] = {}
    for folder in task_folders(extra):
        for path in sorted(folder.glob("*.yaml")):
            files.setdefault(path.stem, path)
    for name in registry.names("task"):
        with suppress(UserError):  # `load_task` raises the reason
            files.setdefault(name, Path(registry.lookup("task", name)))
    return files


def task_summary(path: Path) -> str:
    """Return the one-line summary of a task file without parsing YAML."""
    try:
        match = _SUMMARY.search(read_regular(path).decode())
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return match.group(1).strip().strip("\"'") if match else ""


def load_task(name: str, extra: Iterable[str] = ()) -> TaskSpec:
    """Load a task by name or path.

    Raises UnknownName for an unknown task, SpecError for an invalid file.
    """
    extra = list(extra)
    raw = _load_raw(name, extra, seen=())
    path = _find(name, extra)
    raw.setdefault("name", path.stem)
    return _checked(_as_spec(raw, str(path)), path)


def _as_spec(raw: dict[str, Any], where: str) -> TaskSpec:
    """Return a task file as a TaskSpec, with the options of its kind.

    All errors are reported at once.
    """
    options = options_of_kind(raw.get("kind"), str(raw["name"]))
    fields = [field for field in structs.fields(TaskSpec) if field.name != "options"]
    own = structs.fields(options)
    _refuse_options_of_others(raw, {field.name for field in (*fields, *own)}, where)
    file = defstruct("TaskFile", [_field(field) for field in (*fields, *own)])
    task = as_struct(raw, file, where, "set them, or take them from another task: include: NAME")
    values = structs.asdict(task)
    common = {field.name: values[field.name] for field in fields}
    return TaskSpec(**common, options=options(**{field.name: values[field.name] for field in own}))


def _refuse_options_of_others(raw: dict[str, Any], known: set[str], where: str) -> None:
    """Raise SpecError for a key that is an option of other kinds only, naming the kinds."""
    for key in raw.keys() - known - {"options"}:
        kinds = [name for name in TABLES["kind"] if key in _option_names(name)]
        if kinds:
            raise SpecError(
                f"{where}: tasks of kind {raw['kind']} have no key {key!r}: it is an option of kind"
                f" {' and '.join(kinds)}"
            )


def options_of_kind(kind: object, task: str) -> type[KindOptions]:
    """Return the type of a kind's options; KindOptions if `kind` is not a text (rejected later).

    Raises UnknownKind, and UserError for an invalid kind of a plugin (see `class_fault`).
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
    """Return a field in the form of `msgspec.defstruct`; without a default it is required."""
    if info.default_factory is not NODEFAULT:
        return info.name, info.type, field(default_factory=info.default_factory)
    return info.name, info.type, field() if info.required else field(default=info.default)


def with_settings(spec: TaskSpec, settings: Mapping[str, object]) -> TaskSpec:
    """Return a task with values of its kind's `settings` replaced by those of flags.

    Raises SpecError for a setting that the kind does not have.
    """
    for name in settings:
        if name not in spec.options.settings:
            raise SpecError(
                f"task {spec.name}: tasks of kind {spec.kind} have no {name}: leave --{name} out"
            )
    return structs.replace(spec, options=structs.replace(spec.options, **settings))


def task_values(spec: TaskSpec) -> dict[str, Any]:
    """Return a task as keys and values of a task file, including the options of the kind."""
    values: dict[str, Any] = to_builtins(spec)
    options = values.pop("options")
    place = [field.name for field in structs.fields(TaskSpec)].index("options")
    items = list(values.items())
    return dict([*items[:place], *options.items(), *items[place:]])


def _find(name: str, extra: list[str]) -> Path:
    if name.endswith((".yaml", ".yml")):
        path = Path(with_home(name))
        if not path.is_file():
            raise SpecError(f"{name}: no such task file")
        return path
    files = task_files(extra)
    if name not in files and name in registry.names("task"):
        return Path(registry.lookup("task", name))  # raises the reason
    if name not in files:
        raise UnknownName("task", name, files, "`mmbench list tasks` shows all")
    return files[name]


def _load_raw(name: str, extra: list[str], seen: tuple[str, ...]) -> dict[str, Any]:
    path = _find(name, extra)
    if str(path) in seen:
        raise SpecError(f"{path}: includes itself through {' -> '.join(seen)}")
    raw = read_yaml(path)
    base = raw.pop("include", None)
    if base is None:
        return raw
    inherited = _load_raw(str(base), extra, (*seen, str(path)))
    inherited.pop("name", None)
    kind = inherited.get("kind")
    foreign = _option_names(kind) - _option_names(raw.get("kind", kind))
    return {key: value for key, value in inherited.items() if key not in foreign} | raw


def _option_names(kind: object) -> set[str]:
    """Return the keys that a kind adds to a task file; none for an unknown kind."""
    if not isinstance(kind, str) or kind not in registry.names("kind"):
        return set()
    return {field.name for field in structs.fields(options_of_kind(kind, ""))}


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML mapping as plain values. Raises SpecError with the place of an error."""
    try:
        text = read_regular(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: cannot be read: {reason}") from error
    try:
        raw = parse_yaml(text)
    except ValueError as error:
        raise SpecError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise SpecError(f"{path}: is not a mapping of keys to values")
    return raw


def _checked(spec: TaskSpec, path: Path) -> TaskSpec:
    if fault := name_fault(spec.name):
        raise SpecError(
            f"{path}: a task cannot be named {spec.name!r}: {fault}: write `name: NAME` in the file"
        )
    if not isinstance(spec.data.get("source"), str):
        raise SpecError(
            f"{path}: data needs a `source`, e.g. `data: {{source: coco}}`; `data` is not merged"
            " with that of an included task"
        )
    refuse_renamed(spec.data, str(path))
    if not spec.metrics:
        raise SpecError(f"{path}: metrics is empty: list at least one metric")
    for name in spec.metric_options:
        if name not in spec.metrics:
            raise UnknownName(f"metric in metric_options of {path}", name, spec.metrics)
    return spec
