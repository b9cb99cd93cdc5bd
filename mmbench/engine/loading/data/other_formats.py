"""Error messages for data in a format that a source does not read."""

from __future__ import annotations

from pathlib import Path

from mmbench import registry
from mmbench.data.readers.file_formats import (
    TAR,
    describe,
    is_json,
    is_packed,
    is_table,
    is_text,
    is_webdataset,
)
from mmbench.errors import (
    ColumnsNeeded,
    DataError,
    MissingSplit,
    MmbenchError,
    RepeatedIds,
    UserError,
)
from mmbench.protocols import Dataset
from mmbench.text import listed
from mmbench.types import TaskSpec

_LARGEST = 64 << 20  # bytes; larger files are not tried with other sources


def explain_format(error: UserError, spec: TaskSpec, source: str, root: Path) -> UserError:
    """Add the format of `root`, and tasks that read this format, to the error of a source.

    If the source reads this format, the error is extended only if another task reads the data, too.
    Errors that another task does not avoid are returned unchanged: missing columns and splits,
    repeated ids.
    """
    if isinstance(error, ColumnsNeeded | MissingSplit | RepeatedIds):
        return error
    text = "" if registry.plugin("data", source) else describe(root)
    if not text or (root.is_dir() and not is_webdataset(text)):
        return error
    if registry.source_info(source).any_layout and (text == TAR or ".tar" in root.name):
        return error  # it says what is wrong with the archive
    readers, fits = _readers(root, source), _fits(source, text)
    if is_table(text) and not fits and spec.kind == "retrieval":
        readers.append("-t retrieval, with --columns image=FIELD,text=FIELD for unusual names")
    if fits and not readers and not is_webdataset(text):
        return error
    parts = [str(error)]
    parts += [] if text in str(error) else [f"{root.name} is {text}"]
    parts += [] if fits else [_expected(spec, source)]
    parts += ["unpack it"] if is_packed(text) and "unpack" not in str(error) else []
    parts += [f"to read this format, use {' or '.join(readers)}"] if readers else []
    return DataError("; ".join(parts))


def _expected(spec: TaskSpec, source: str) -> str:
    """Return a description of a data source's input.

    This is the list of files that the task names, or else the summary of the source.
    """
    files = spec.data.get("files")
    if registry.source_info(source).reads == {"folder"}:
        return f"data source {source} reads a FOLDER ({registry.summary('data', source)})"
    if not files:
        return f"data source {source} reads {registry.summary('data', source)}"
    names = files.values() if isinstance(files, dict) else [files]
    flat = [name for one in names for name in (one if isinstance(one, list) else [one])]
    return f"task {spec.name} reads {listed(flat)}"


def _fits(source: str, text: str) -> bool:
    """Return whether a source reads files of a format; `text` is the result of `describe`."""
    reads = registry.source_info(source).reads
    fits = {"table": is_table(text), "json": is_json(text), "text": is_text(text)}
    return any(fits[format] for format in reads - {"folder"})


def _readers(root: Path, source: str) -> list[str]:
    """Return the tasks for the user's own data that can read this file, as flags: `-t TASK`."""
    if not root.is_file() or root.stat().st_size > _LARGEST:
        return []
    names = (name for name in registry.names("data") if not registry.plugin("data", name))
    tried = [name for name in names if name != source and registry.source_info(name).own_data]
    return [f"-t {name}" for name in map(_reader, tried, [root] * len(tried)) if name]


def _reader(source: str, root: Path) -> str:
    """Return the name of the task that reads a file with a source; "" if the source refuses it."""
    try:
        data: Dataset = registry.lookup("data", source)(root)
    except MmbenchError:
        return ""
    samples = next(iter(data.by_role().values()))
    if not samples:
        return ""
    if source == "answers" and any("options" in sample.inputs for sample in samples):
        return "choices"
    if source == "labels" and any(isinstance(sample.target, list) for sample in samples):
        return "tags"
    return source
