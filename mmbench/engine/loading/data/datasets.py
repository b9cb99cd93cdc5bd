"""Loading of a task's data: the data source, the location of its files, and its options."""

from __future__ import annotations

import inspect
import os
from collections.abc import Callable
from pathlib import Path

from mmbench import registry
from mmbench.columns import column, entries, rows_of_type
from mmbench.data.readers.memory.rows import DataPlace
from mmbench.data.readers.rows import Rows
from mmbench.engine.loading.data.other_formats import explain_format
from mmbench.engine.loading.data.returned_data import check_fields, check_samples
from mmbench.errors import DataError, SpecError, UnknownName, UserError
from mmbench.protocols import Dataset
from mmbench.text import with_home
from mmbench.types import InvalidContent, TaskSpec
from mmbench.validation.named_values import checked_options

_RESERVED = {"source", "folder", "hub"}


def data_root() -> Path:
    """Return the folder that contains the data sets: `$MMBENCH_DATA`, or `./data`."""
    return Path(with_home(os.environ.get("MMBENCH_DATA") or "data"))


def load_data(spec: TaskSpec, data_path: DataPlace | None, *, hub: bool = True) -> Dataset:
    """Load the data of a task, from `data_path` (`--data`) or its folder under `$MMBENCH_DATA`.

    `data_path` may also be rows in memory, if the data source reads them. If neither exists and the
    task has a data set on the Hugging Face hub, load it from the hub, or raise DataError if `hub`
    is false. The perturbation of a task is not applied (see `with_perturbation`). Raises DataError
    if no data are found, UnknownName for an option that the source does not have.
    """
    root = _data_path(spec, data_path)
    if (
        root is None
        and not hub
        and ("hub" in spec.data or registry.source_info(spec.data["source"]).hub)
    ):
        place = f" in {_default(spec).absolute()}" if "folder" in spec.data else ""
        raise DataError(
            f"task {spec.name}: no data on this machine{place}; give --data FOLDER"
            " (`mmbench run` loads data from the hub)"
        )
    if root is None and "hub" in spec.data:
        return _from_hub(spec)
    options = {key: value for key, value in spec.data.items() if key not in _RESERVED}
    return _load_from_source(spec, spec.data["source"], root, options)


def refuse_broken(spec: TaskSpec, data: Dataset) -> None:
    """Raise DataError if all contents of a role are invalid, such as missing images."""
    samples_by_role = data.by_role()
    for role, field in spec.fields.items():
        contents = entries(column(samples_by_role.get(role, []), "inputs"), field)
        broken = rows_of_type(contents, InvalidContent)
        if broken and len(broken) == len(contents):
            raise DataError(
                f"task {spec.name}: all {role} contents are unreadable, e.g. {contents[0].reason}"
            )


def _from_hub(spec: TaskSpec) -> Dataset:
    options = {"source": "rows"} | spec.data["hub"]
    try:
        return _load_from_source(spec, options.pop("source"), None, options)
    except DataError as error:
        raise DataError(f"{error} (looked for {_default(spec).absolute()} first)") from error


def _default(spec: TaskSpec) -> Path:
    return data_root() / with_home(str(spec.data.get("folder", "")))


def _load_from_source(
    spec: TaskSpec, name: str, root: DataPlace | None, options: dict[str, object]
) -> Dataset:
    source = registry.lookup("data", name)
    what = f"option of data source {name} (task {spec.name})"
    typed = checked_options(source, options, what, {"root"}, lambda names: _missing(what, names))
    values = {option: _expand_home(value) for option, value in typed.items()}
    if isinstance(root, Rows) and not registry.source_info(name).any_layout:
        raise DataError(
            f"task {spec.name}: data source {name} reads files; give the path of its files, or a"
            " task for your own data"
        )
    if root is None and _needs_path(source):
        raise DataError(f"task {spec.name}: data source {name} reads files; give --data PATH")
    try:
        data = source(root, **values)
    except OSError as error:
        reason = f"{error.filename}: {error.strerror}" if error.filename else str(error)
        raise DataError(f"task {spec.name}: data source {name}: cannot read {reason}") from error
    except (DataError, UnknownName) as error:
        if root is None or isinstance(root, Rows):
            raise
        explained = explain_format(error, spec, name, root)
        if explained is error:
            raise
        raise explained from error
    return _check_type(spec, name, data)


def _needs_path(source: Callable[..., object]) -> bool:
    """Return whether a source needs a path: its first parameter has the type Path, not None."""
    first = next(iter(inspect.signature(source).parameters.values()), None)
    return first is not None and first.annotation in (Path, "Path")


def _check_type(spec: TaskSpec, name: str, data: object) -> Dataset:
    """Return `data` if it has the type that the task's kind needs.

    Raises UserError for another type, and for invalid samples of a plugin.
    """
    expected: type = registry.lookup("kind", spec.kind).dataset
    if not isinstance(data, expected):
        raise UserError(
            f"task {spec.name}: data source {name} returned a {type(data).__name__}; kind"
            f" {spec.kind} needs a {_public(expected)}"
        )
    dataset: Dataset = data  # type: ignore[assignment]  # checked above
    if registry.plugin("data", name):
        check_samples(spec, name, dataset)
    if registry.plugin("kind", spec.kind):
        check_fields(spec, dataset)
    return dataset


def _public(data: type) -> str:
    """Return the name by which a plugin imports a data type: `mmbench.Samples`."""
    module = data.__module__
    return f"{'mmbench' if module.startswith('mmbench.datasets') else module}.{data.__qualname__}"


def _missing(what: str, names: list[str]) -> SpecError:
    settings = ", ".join(f"{name}: VALUE" for name in names)
    return SpecError(
        f"{what}: {', '.join(names)} missing; set data: {{{settings}}} in the task file"
    )


def _expand_home(value: object) -> object:
    """Replace `~/` by the home folder at the beginning of each string in an option."""
    if isinstance(value, dict):
        return {key: _expand_home(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_expand_home(one) for one in value]
    return with_home(value) if isinstance(value, str) and value.startswith("~/") else value


def _data_path(spec: TaskSpec, data_path: DataPlace | None) -> DataPlace | None:
    any_layout = registry.source_info(spec.data["source"]).any_layout
    if isinstance(data_path, Rows) or (data_path is not None and any_layout):
        return data_path
    if data_path is not None:
        if not data_path.exists():
            raise DataError(f"task {spec.name}: --data {data_path}: no such file or folder")
        if not data_path.is_file() and not data_path.is_dir():
            raise DataError(f"task {spec.name}: --data {data_path} is neither a file nor a folder")
        return data_path
    folder = spec.data.get("folder")
    if folder is None:
        return None
    default = _default(spec)
    if not default.exists() and "hub" in spec.data:
        return None
    if not default.exists():
        raise DataError(
            f"task {spec.name}: no data in {default.absolute()} (folder {folder!r} in"
            " $MMBENCH_DATA, by default ./data); give --data FOLDER or --data ANNOTATIONS.json"
        )
    return default
