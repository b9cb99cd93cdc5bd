"""Resolution of a checkpoint name, as the user types it, to local weight files and their hash.

`resolve` accepts a folder, a file if the model's class supports files, or the id of a model on the
Hugging Face hub. This module imports neither torch nor transformers.
"""

from __future__ import annotations

from collections.abc import Sequence
from glob import escape
from pathlib import Path

import msgspec

from mmbench.checkpoints.file_hashes import (
    FileHash,
    hash_file,
    hash_folder,
    hash_path,
    hash_settings,
    hash_texts,
)
from mmbench.checkpoints.hub import cached_commit, cached_folder, download
from mmbench.checkpoints.layouts import accepts, check_folder
from mmbench.errors import ModelError
from mmbench.validation.regular_files import read_regular
from mmbench.validation.safe_parse import parse_json


class Checkpoint(msgspec.Struct, frozen=True):
    """A checkpoint with its weights on this machine.

    `name` is the name as typed; `folder` is the folder of the files, or the file if a file was
    typed. `revision` is the commit of a hub id, None for a folder or a file. Two checkpoints with
    the same `hash` give the same scores. The hash of a hub id is its commit; the hash of a folder
    or a file is computed from the weights, the configuration and the tokenizer.
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
    requires: str = "",
) -> Checkpoint:
    """Find the checkpoint `name`: a folder, a file, or a hub id (OWNER/NAME) at `revision`.

    `revision` is a commit, a branch or a tag. A name that exists on disk, or that looks like a
    path, is not searched on the hub. `takes` lists the checkpoint files of a class that does not
    load a transformers folder (mmbench.checkpoints.layouts), the preferred file first; `requires`
    names a configuration file, which a repository must also contain, and which belongs to the
    identity of a file next to it. `file_hash` computes the hash of one file. Without a network, the
    function fails within five seconds. Raises ModelError.
    """
    path = Path(name).expanduser()
    if not path.exists() and not _like_a_path(name, takes):
        cached = cached_folder(name, revision, takes, requires)
        if not cached and (similar := _with_suffix(path, takes)):
            raise ModelError(f"checkpoint {path} does not exist; did you mean {similar}?")
        path = cached or download(name, revision, takes, requires)
        return Checkpoint(name, path, path.name, path.name)
    if not path.exists():
        similar = _with_suffix(path, takes)
        advice = f"did you mean {similar}?" if similar else f"give the {_describe_takes(takes)}"
        raise ModelError(f"checkpoint {path} does not exist; {advice}")
    if revision is not None:
        what = "folder" if path.is_dir() else "file"
        raise ModelError(
            f"checkpoint {path} is a {what}, which has no revision; remove #{revision}"
        )
    if path.is_dir():
        check_folder(path, takes)
        own = hash_folder(path, file_hash, earlier=bool(takes))
        return Checkpoint(name, path, None, _with_base(own, path, file_hash))
    if not accepts(takes, path.name):
        raise ModelError(f"checkpoint {path} is a file; give the {_describe_takes(takes)}")
    own = hash_path(path, file_hash)
    if requires and (path.parent / requires).is_file():
        own = hash_texts(own, hash_settings(path.parent, file_hash))
    return Checkpoint(name, path, None, own)


def _with_suffix(path: Path, takes: Sequence[str]) -> str:
    """Return a checkpoint file with the name of a missing path and a suffix, or ""."""
    if not takes or not path.name or not path.parent.is_dir():
        return ""
    files = path.parent.glob(f"{escape(path.name)}.*")
    return min((str(file) for file in files if accepts(takes, file.name)), default="")


def _with_base(own: str, folder: Path, file_hash: FileHash) -> str:
    """Return the hash of a checkpoint folder with files of the hash `own`.

    For a PEFT adapter, `own` is combined with the hash of its base model, which `file_hash`
    computes.
    """
    file = folder / "adapter_config.json"
    if not file.is_file():
        return own
    try:
        base = parse_json(read_regular(file), _Adapter).base_model_name_or_path
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} is not a valid adapter configuration: {error}") from error
    weights = (
        hash_folder(Path(base), file_hash) if base and Path(base).is_dir() else cached_commit(base)
    )
    return hash_texts(own, weights) if weights else own


def _like_a_path(name: str, takes: Sequence[str]) -> bool:
    return name.startswith((".", "/", "~")) or name.count("/") > 1 or accepts(takes, name)


def _describe_takes(takes: Sequence[str]) -> str:
    """Return a phrase for messages that describes the checkpoint files in `takes`."""
    if not takes:
        return "folder that holds the weights"
    patterns = "" if "*" in takes else f" ({', '.join(takes)})"
    return f"file or the folder that holds the weights{patterns}"
