"""Task files to TaskSpec: includes, suffixes of names, and checks."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from msgspec import structs

from mmbench.errors import SpecError, UnknownName
from mmbench.perturbations import names as perturbations
from mmbench.spec.files import find_task, read_yaml, task_files
from mmbench.spec.kinds import as_spec, option_names
from mmbench.storage.file_names import name_fault
from mmbench.text import with_home
from mmbench.types import TaskSpec
from mmbench.validation.renamed_options import refuse_renamed


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
    path = find_task(name, extra)
    raw = _load_raw(path, extra, seen=())
    raw.setdefault("name", path.stem)
    return _checked(as_spec(raw, str(path)), path)


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


def _load_raw(path: Path, extra: list[str], seen: tuple[str, ...]) -> dict[str, Any]:
    if str(path) in seen:
        raise SpecError(
            f"{path}: the task includes itself through {' -> '.join(seen)}; remove one `include`"
        )
    raw = read_yaml(path)
    base = raw.pop("include", None)
    if base is None:
        return raw
    inherited = _load_raw(find_task(str(base), extra), extra, (*seen, str(path)))
    inherited.pop("name", None)
    kind = inherited.get("kind")
    foreign = option_names(kind) - option_names(raw.get("kind", kind))
    if raw.get("perturb"):
        inherited.pop("published", None)  # scores of clean inputs
    return {key: value for key, value in inherited.items() if key not in foreign} | raw


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
