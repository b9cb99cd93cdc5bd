"""Data of another format than a source reads: what they are, and which task reads them."""

from __future__ import annotations

from pathlib import Path

from mmbench import registry
from mmbench.data.formats import describe, is_json, is_packed, is_table, is_text, is_webdataset
from mmbench.datasets import Samples
from mmbench.errors import DataError, MmbenchError, UserError
from mmbench.text import listed
from mmbench.types import TaskSpec

# Sources of one's own data, under the names of their tasks.
_OWN = ("captions", "answers", "transcripts", "labels", "pairs", "ratings")
_OF_JSON = ("coco", "coco-prompts", "vqa", "pope")
_OF_FOLDERS = (
    *("audioset", "charades", "cifar", "class_folders", "folder", "fsdd", "images", "voc"),
)
_OF_TEXT = ("pairs", "transcripts")
_LARGEST = 64 << 20  # bytes of a file that is tried


def explained(error: UserError, spec: TaskSpec, source: str, root: Path) -> UserError:
    """Return an error of a source with what `root` holds, and with the task that reads it.

    Data in the format of the source are described where another task reads them; what else is
    wrong with them, the error says itself.
    """
    text = "" if registry.plugin("data", source) else describe(root)
    if not text or (root.is_dir() and not is_webdataset(text)):
        return error
    readers, fits = _readers(root, source), _fits(source, text)
    if is_table(text) and not fits and spec.kind == "retrieval":
        readers.append("a task file with `data: {source: table, columns: {image: …, text: …}}`")
    if fits and not readers and not is_webdataset(text):
        return error
    parts = [str(error)]
    parts += [] if text in str(error) else [f"{root.name} is {text}"]
    parts += [] if fits else [_expected(spec, source)]
    parts += ["unpack it"] if is_packed(text) and "unpack" not in str(error) else []
    parts += [f"such data are read by {' or '.join(readers)}"] if readers else []
    return DataError("; ".join(parts))


def _expected(spec: TaskSpec, source: str) -> str:
    """Return what a source reads: the files that the task names, or what the source is about."""
    files = spec.data.get("files")
    if source in _OF_FOLDERS:
        return f"data source {source} reads a FOLDER: {registry.summary('data', source)}"
    if not files:
        return f"data source {source} reads {registry.summary('data', source)}"
    names = files.values() if isinstance(files, dict) else [files]
    flat = [name for one in names for name in (one if isinstance(one, list) else [one])]
    return f"task {spec.name} reads {listed(flat)}"


def _fits(source: str, text: str) -> bool:
    """Whether a source reads files of this description, if their columns are right."""
    if source in _OF_FOLDERS:
        return False
    if source in _OF_JSON:
        return is_json(text)
    return is_table(text) or is_json(text) or (source in _OF_TEXT and is_text(text))


def _readers(root: Path, source: str) -> list[str]:
    """Return the tasks for one's own data that read this file."""
    if not root.is_file() or root.stat().st_size > _LARGEST:
        return []
    tried = [name for name in _OWN if name != source]
    return [f"-t {name}" for name in map(_reader, tried, [root] * len(tried)) if name]


def _reader(source: str, root: Path) -> str:
    """Return the task of a source that reads a file, nothing where it refuses it."""
    try:
        data = registry.lookup("data", source)(root)
    except MmbenchError:
        return ""
    samples = data.samples if isinstance(data, Samples) else data.queries
    if not samples:
        return ""
    if source == "answers" and any("options" in sample.inputs for sample in samples):
        return "choices"
    if source == "labels" and any(isinstance(sample.target, list) for sample in samples):
        return "tags"
    return source
