"""Task files: YAML → TaskSpec. An unknown key is an error whose message suggests a similar key.

The options of a task's kind are top-level keys, next to the keys that every task has.

A task is looked up by name in each `--tasks DIR`, then in `./tasks`, then among the packaged tasks;
a name that ends in .yaml is a path. `include: NAME` inherits every key that the file does not set,
except options that the file's kind does not have.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from msgspec import NODEFAULT, defstruct, field, structs, to_builtins

from mmbench import registry
from mmbench.builtin import TABLES
from mmbench.errors import SpecError, UnknownKind, UnknownName, UserError
from mmbench.perturbations import names as perturbations
from mmbench.protocols.kind_class import class_fault
from mmbench.storage.file_names import name_fault
from mmbench.text import with_home
from mmbench.types import GenerationConfig, KindOptions, TaskSpec
from mmbench.validation.named_values import as_struct
from mmbench.validation.regular_files import read_regular
from mmbench.validation.renamed_options import refuse_renamed
from mmbench.validation.safe_parse import parse_yaml

_SUMMARY = re.compile(r"^summary:\s*(.*)$", re.MULTILINE)


def task_folders(extra: Iterable[str] = ()) -> list[Path]:
    """Return the existing folders with task files, in the order in which they are searched."""
    folders = [Path(with_home(folder)) for folder in extra]
    for folder in folders:
        if not folder.is_dir():
            raise SpecError(f"--tasks {folder}: no such folder")
    packaged = packaged_folders("tasks")
    return [folder for folder in [*folders, Path("tasks"), *packaged] if folder.is_dir()]


def packaged_folders(name: str) -> list[Path]:
    """Return the possible folders of packaged files: inside the package (wheel) or next to it."""
    package = Path(__file__).parent
    return [package / name, package.parent / name]


def packaged_files(name: str) -> dict[str, Path]:
    """Return the YAML files of a folder of the package by their names without the ending."""
    folders = [folder for folder in packaged_folders(name) if folder.is_dir()]
    return {path.stem: path for folder in folders for path in sorted(folder.glob("*.yaml"))}


def packaged_tasks() -> list[str]:
    """Return the names of the packaged tasks."""
    return sorted(packaged_files("tasks"))


def task_files(extra: Iterable[str] = ()) -> dict[str, Path]:
    """Return {task name: file} without parsing the files.

    If several folders have a name, the first one counts. A task of a plugin has the name of its
    entry point; it is left out if its package cannot be imported.
    """
    files: dict[str, Path] = {}
    for folder in task_folders(extra):
        for path in sorted(folder.glob("*.yaml")):
            files.setdefault(path.stem, path)
    for name in registry.names("task"):
        with suppress(UserError):  # `load_task` raises the reason
            files.setdefault(name, Path(registry.lookup("task", name)))
    return files


def task_summaries(extra: Iterable[str] = ()) -> dict[str, str]:
    """Return {task name: one-line summary}, sorted by name, without parsing the files."""
    return {name: task_summary(path) for name, path in sorted(task_files(extra).items())}


def task_summary(path: Path) -> str:
    """Return the one-line summary of a task file without parsing YAML."""
    try:
        match = _SUMMARY.search(read_regular(path).decode())
    except (OSError, UnicodeDecodeError) as error:
        return f"cannot be read: {getattr(error, 'strerror', None) or error}"
    return match.group(1).strip().strip("\"'") if match else ""


def load_task(name: str, extra: Iterable[str] = ()) -> TaskSpec:
    """Load a task by name or path, with the suffixes of its name.

    `NAME+noise:3` is the task with a perturbation of its inputs. Another suffix, NAME+LABEL, is the
    label of one of several data sets: the task differs only in its name.
    Raises UnknownName for an unknown task or perturbation, SpecError for an invalid file.
    """
    extra = list(extra)
    base, suffix = _split_suffix(name, extra)
    if suffix:
        return _with_suffix(load_task(base, extra), suffix)
    raw = _load_raw(name, extra, seen=())
    path = _find(name, extra)
    raw.setdefault("name", path.stem)
    return _checked(_as_spec(raw, str(path)), path)


def is_task(name: str, extra: Iterable[str] = ()) -> bool:
    """Return whether a name is that of a task, with or without suffixes; files are not parsed."""
    extra = list(extra)
    if name in task_files(extra):
        return True
    base, suffix = _split_suffix(name, extra)
    return bool(suffix) and is_task(base, extra)


def label_of(name: str, extra: Iterable[str] = ()) -> str:
    """Return the label of NAME+LABEL; "" for a task without one."""
    base, suffix = _split_suffix(name, extra)
    if not suffix:
        return ""
    return label_of(base, extra) if perturbations.is_perturbation(suffix) else suffix


def recorded_name(name: str) -> str:
    """Return the name that a task has in records: `T+noise:3` is recorded as `T+noise-3`."""
    base, suffix = _split_suffix(name)
    if not suffix:
        return name
    if not perturbations.is_perturbation(suffix):
        return f"{recorded_name(base)}+{suffix}"
    return recorded_name(base) + perturbations.name_suffix(perturbations.parse(suffix))


def _split_suffix(name: str, extra: Iterable[str] = ()) -> tuple[str, str]:
    """Split NAME+SUFFIX into the name or path of a task and the suffix.

    The suffix is "" for a name without one, and for a task whose own name contains a plus.
    """
    base, suffix = perturbations.split_task(name)
    is_whole = not suffix or name in task_files(extra) or Path(with_home(name)).is_file()
    return (name, "") if is_whole else (base, suffix)


def _with_suffix(spec: TaskSpec, suffix: str) -> TaskSpec:
    """Return a task with perturbed inputs, or under the name NAME+LABEL."""
    if perturbations.is_perturbation(suffix):
        return _perturbed(spec, suffix)
    return structs.replace(spec, name=f"{spec.name}+{suffix}")


def _perturbed(spec: TaskSpec, text: str) -> TaskSpec:
    """Return a task with perturbed inputs, without the scores that were published for clean ones.

    Raises SpecError for a task that has a perturbation already.
    """
    if spec.perturb:
        raise SpecError(
            f"task {spec.name} has the perturbation {spec.perturb}; {text} cannot be added to it"
        )
    perturbation = perturbations.parse(text)
    name = f"{spec.name}{perturbations.name_suffix(perturbation)}"
    text = perturbations.as_written(perturbation)
    return structs.replace(spec, name=name, perturb=text, published=[])


def _as_spec(raw: dict[str, Any], where: str) -> TaskSpec:
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
        kinds = [name for name in TABLES["kind"] if key in _option_names(name)]
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


def _other_kind(name: str) -> str:
    """Return model or metric if a name, without arguments in @ or [], is one; else ""."""
    (start, *_) = re.split(r"[@\[]", name)
    for kind in ("model", "metric"):
        if any(re.split(r"[@\[]", known)[0] == start for known in registry.names(kind)):
            return kind
    return ""


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
        hint = "`mmbench list tasks` shows all"
        other = _other_kind(name)
        raise UnknownName("task", name, files, f"{name} is a {other}; {hint}" if other else hint)
    return files[name]


def _load_raw(name: str, extra: list[str], seen: tuple[str, ...]) -> dict[str, Any]:
    path = _find(name, extra)
    if str(path) in seen:
        raise SpecError(
            f"{path}: the task includes itself through {' -> '.join(seen)}; remove one `include`"
        )
    raw = read_yaml(path)
    base = raw.pop("include", None)
    if base is None:
        return raw
    inherited = _load_raw(str(base), extra, (*seen, str(path)))
    inherited.pop("name", None)
    kind = inherited.get("kind")
    foreign = _option_names(kind) - _option_names(raw.get("kind", kind))
    if raw.get("perturb"):
        inherited.pop("published", None)  # scores of clean inputs
    return {key: value for key, value in inherited.items() if key not in foreign} | raw


def _option_names(kind: object) -> set[str]:
    """Return the keys that a kind adds to task files; an empty set for an unknown kind."""
    if not isinstance(kind, str) or kind not in registry.names("kind"):
        return set()
    return {field.name for field in structs.fields(options_of_kind(kind, ""))}


def read_yaml(path: Path) -> dict[str, Any]:
    """Return a YAML mapping as plain values. Raises SpecError with the line of a syntax error."""
    try:
        text = read_regular(path).decode()
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or error
        raise SpecError(f"{path}: the file cannot be read: {reason}") from error
    try:
        raw = parse_yaml(text)
    except ValueError as error:
        raise SpecError(f"{path}: {error}") from error
    if not isinstance(raw, dict):
        raise SpecError(f"{path}: the file is not a mapping of keys to values")
    return raw


def _checked(spec: TaskSpec, path: Path) -> TaskSpec:
    if fault := name_fault(spec.name):
        raise SpecError(
            f"{path}: invalid task name {spec.name!r}: {fault}; set `name: NAME` in the file"
        )
    if not isinstance(spec.data.get("source"), str):
        raise SpecError(
            f"{path}: data needs a `source`, e.g. `data: {{source: coco}}`; the `data` of an"
            " included task is not inherited in part"
        )
    refuse_renamed(spec.data, str(path))
    if spec.perturb:
        spec = structs.replace(
            spec, perturb=perturbations.as_written(perturbations.parse(spec.perturb))
        )
    if not spec.metrics:
        raise SpecError(f"{path}: `metrics` is empty; list at least one metric")
    for name in spec.metric_options:
        if name not in spec.metrics:
            raise UnknownName(f"metric in metric_options of {path}", name, spec.metrics)
    return spec
