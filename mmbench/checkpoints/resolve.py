"""Resolution of a checkpoint, as typed, to local files with weights and their hash.

`resolve` takes a folder, a file if the model's class supports it, or the id of a model on the
Hugging Face hub. Imports neither torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import msgspec

from mmbench.checkpoints.file_hashes import FileHash, hash_file, hash_folder, hash_path, hash_texts
from mmbench.checkpoints.hub import cached_commit, cached_folder, download
from mmbench.checkpoints.layouts import accepts, check_folder
from mmbench.errors import ModelError
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json


class Checkpoint(msgspec.Struct, frozen=True):
    """Weights on this machine.

    `name` is the name as typed, `folder` the folder of the files (or the file that was typed).
    `revision` is the commit of a hub id, None for a folder or a file. Two checkpoints with the same
    `hash` give the same numbers: it is the commit, or the hash of the weights, configuration and
    tokenizer.
    """

    name: str
    folder: Path
    revision: str | None
    hash: str


class _Adapter(msgspec.Struct):
    base_model_name_or_path: str | None = None


def resolve(
    name: str,
    revision: str | None = None,
    *,
    file_hash: FileHash = hash_file,
    takes: Sequence[str] = (),
) -> Checkpoint:
    """Find the checkpoint `name`: a folder, a file, or a hub id at `revision`.

    A revision is a commit, a branch or a tag. A name that exists on disk, or that looks like a
    path, is not looked up on the hub. `takes` are the checkpoint files of a class that needs other
    files than transformers writes (mmbench.checkpoints.layouts). Files are hashed with `file_hash`.
    Without a network this ends within five seconds. Raises ModelError.
    """
    path = Path(name).expanduser()
    if not path.exists() and not _like_a_path(name, takes):
        path = cached_folder(name, revision, takes) or download(name, revision, takes)
        return Checkpoint(name, path, path.name, path.name)
    if not path.exists():
        raise ModelError(f"checkpoint {path} does not exist: give the {_describe_takes(takes)}")
    if revision is not None:
        what = "folder" if path.is_dir() else "file"
        raise ModelError(f"checkpoint {path} is a {what} and has no revision: drop #{revision}")
    if path.is_dir():
        check_folder(path, takes)
        own = hash_folder(path, file_hash, earlier=bool(takes))
        return Checkpoint(name, path, None, _with_base(own, path, file_hash))
    if not accepts(takes, path.name):
        raise ModelError(f"checkpoint {path} is a file: give the {_describe_takes(takes)}")
    return Checkpoint(name, path, None, hash_path(path, file_hash))


def _with_base(own: str, folder: Path, file_hash: FileHash) -> str:
    """Return the hash of a folder; for a PEFT adapter combined with that of its base model."""
    file = folder / "adapter_config.json"
    if not file.is_file():
        return own
    try:
        base = parse_json(read_regular(file), _Adapter).base_model_name_or_path
    except (OSError, ValueError) as error:
        raise ModelError(f"{file}: not the configuration of an adapter: {error}") from error
    weights = (
        hash_folder(Path(base), file_hash) if base and Path(base).is_dir() else cached_commit(base)
    )
    return hash_texts(own, weights) if weights else own


def _like_a_path(name: str, takes: Sequence[str]) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or accepts(takes, name)


def _describe_takes(takes: Sequence[str]) -> str:
    """Return a description of the checkpoint files that a class needs."""
    if not takes:
        return "folder that holds the weights"
    patterns = "" if "*" in takes else f": {', '.join(takes)}"
    return f"file or the folder that holds the weights{patterns}"
