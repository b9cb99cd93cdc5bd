"""From what was typed as a checkpoint to a local folder with weights, and what identifies it.

`resolve` takes a folder, or the id of a model on the Hugging Face hub. An id is looked up in the
local cache of huggingface_hub first, which asks no server; else the hub is asked once, with a short
limit, and what it lists is downloaded. Imports neither torch nor transformers.
"""

from __future__ import annotations

import multiprocessing
from collections.abc import Callable
from hashlib import blake2b
from multiprocessing.pool import ThreadPool
from pathlib import Path
from typing import Any

import msgspec

from mmbench.errors import ModelError, SampleError

FileHash = Callable[[Path], str]

# What of a hub repository is read: its top level only (other frameworks' copies lie below it).
_SMALL = ("*.json", "*.txt", "*.model", "*.jinja", "*.py")
_BELOW = "*/*"

# A pipeline of diffusers says in this file which parts it has; each lies in a folder of its own.
# Of copies in other precisions (fp16) and of single files of all parts at the top none is read.
_PIPELINE = "model_index.json"
_PARTS = [*_SMALL, "*/*.safetensors"]
_NOT_PARTS = ["*/*/*", "*.fp16*", "*.bf16*", "*.non_ema.*"]
_LAYOUTS = {"model.safetensors": "model-*.safetensors", "pytorch_model.bin": "pytorch_model-*.bin"}

# What a folder's weights may be called; safetensors win, as they do in transformers.
_FOLDER_LAYOUTS = {"model.safetensors": "*.safetensors", "pytorch_model.bin": "pytorch_model*.bin"}

_REQUEST_SECONDS = 3.0  # a connection, or a silence between two bytes
_ANSWER_SECONDS = 3.5  # all of the answer, name lookup included


class Checkpoint(msgspec.Struct, frozen=True):
    """Weights that lie on this machine.

    `name` is what was typed, `folder` where the files are. `revision` is the commit of a hub id,
    None for a folder. Two checkpoints with one `hash` give the same numbers: it is the commit, or
    the hash of the folder's weights, configuration and tokenizer.
    """

    name: str
    folder: Path
    revision: str | None
    hash: str


class _Index(msgspec.Struct):
    weight_map: dict[str, str]


def hash_file(path: Path) -> str:
    """blake2b of a file's bytes, 32 hexadecimal digits. Raises OSError."""
    state = blake2b(digest_size=16)
    with path.open("rb", buffering=0) as stream:
        while chunk := stream.read(4 << 20):
            state.update(chunk)
    return state.hexdigest()


def resolve(
    name: str, revision: str | None = None, *, file_hash: FileHash = hash_file
) -> Checkpoint:
    """Find the checkpoint `name`: a folder, or a hub id at `revision` (a commit, branch or tag).

    A name that exists on disk, or that is written like a path, is a folder; its files are hashed
    with `file_hash`. Without a network this ends within five seconds. Raises ModelError.
    """
    folder = Path(name).expanduser()
    if not folder.exists() and not name.startswith((".", "/", "~")) and name.count("/") < 2:
        folder = _cached(name, revision) or _download(name, revision)
        return Checkpoint(name, folder, folder.name, folder.name)
    if not folder.is_dir():
        fault = "is a file" if folder.exists() else "does not exist"
        raise ModelError(f"checkpoint {folder} {fault}: give the folder that holds the weights")
    if revision is not None:
        raise ModelError(f"checkpoint {folder} is a folder and has no revision: drop #{revision}")
    return Checkpoint(name, folder, None, hash_folder(folder, file_hash))


def hash_folder(folder: Path, file_hash: FileHash = hash_file) -> str:
    """Hash of names and contents of the files that can change what the model computes.

    These are the weights that would be loaded, and every .json, .txt, .model, .jinja and .py at the
    top of the folder; optimizer states, logs and documents are not among them. 32 hexadecimal
    digits. Raises ModelError when there are no weights or a file cannot be read.
    """
    folders = pipeline_parts(folder)
    small = (path for one in (folder, *folders) for pattern in _SMALL for path in one.glob(pattern))
    weights = [path for one in folders for path in sorted(one.glob("*.safetensors"))]
    files = {path for path in small if path.is_file()}.union(weights or weight_files(folder))
    state = blake2b(digest_size=16)
    for path in sorted(files):
        try:
            name = path.relative_to(folder).as_posix()
            state.update(f"{name}\0{file_hash(path)}\n".encode())
        except (OSError, SampleError) as error:
            raise ModelError(f"checkpoint {folder}: cannot read {path.name}: {error}") from error
    return state.hexdigest()


def pipeline_parts(folder: Path) -> list[Path]:
    """The folders of the parts of a pipeline of diffusers; none for any other folder.

    Raises ModelError where a part is missing.
    """
    index = folder / _PIPELINE
    if not index.is_file():
        return []
    try:
        said = msgspec.json.decode(index.read_bytes(), type=dict[str, Any])
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{index}: not an index of a pipeline: {error}") from error
    names = sorted(n for n, of in said.items() if isinstance(of, list) and any(of))
    if missing := [name for name in names if not (folder / name).is_dir()]:
        raise ModelError(
            f"checkpoint {folder} lacks {', '.join(missing)}, named in {_PIPELINE}:"
            " copy or download it again"
        )
    return [folder / name for name in names]


def weight_files(folder: Path) -> list[Path]:
    """The weight files in a folder, all shards there. Raises ModelError otherwise."""
    for whole, pattern in _FOLDER_LAYOUTS.items():
        index = folder / f"{whole}.index.json"
        if index.is_file() and not (folder / whole).is_file():
            _check_shards(index)
        if found := sorted(path for path in folder.glob(pattern) if path.is_file()):
            return found
    raise ModelError(
        f"checkpoint {folder} has no weights: looked for {' and '.join(_FOLDER_LAYOUTS.values())};"
        " give a folder that save_pretrained wrote, or a hub id"
    )


def _check_shards(index: Path) -> None:
    try:
        shards = set(msgspec.json.decode(index.read_bytes(), type=_Index).weight_map.values())
    except (OSError, msgspec.DecodeError) as error:
        raise ModelError(f"{index}: not an index of weight files: {error}") from error
    if missing := sorted(shard for shard in shards if not (index.parent / shard).is_file()):
        raise ModelError(
            f"checkpoint {index.parent} lacks {len(missing)} of its {len(shards)} weight files,"
            f" first {missing[0]} (named in {index.name}): copy or download it again"
        )


def _cached(name: str, revision: str | None) -> Path | None:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HFValidationError, LocalEntryNotFoundError

    for whole, shards in _LAYOUTS.items():
        wanted = [*_SMALL, whole, shards]
        try:
            folder = Path(
                snapshot_download(
                    name,
                    revision=revision,
                    local_files_only=True,
                    allow_patterns=wanted,
                    ignore_patterns=_BELOW,
                )
            )
        except HFValidationError as error:
            raise ModelError(f"{name!r} is neither a folder nor a hub id (OWNER/NAME)") from error
        except LocalEntryNotFoundError:
            continue
        if _complete(folder):
            return folder
    return None


def _complete(folder: Path) -> bool:
    """Whether a snapshot can be used as it is: another program may have fetched only a part."""
    try:
        if parts := pipeline_parts(folder):
            return all(_has_weights(part) for part in parts)
        return (folder / "config.json").is_file() and bool(weight_files(folder))
    except ModelError:
        return False


def _has_weights(part: Path) -> bool:
    """Whether a part of a pipeline has all its weights; without a config.json it needs none."""
    for index in part.glob("*.safetensors.index.json"):
        _check_shards(index)
    return not (part / "config.json").is_file() or any(part.glob("*.safetensors"))


def _download(name: str, revision: str | None) -> Path:
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import HTTPError

    try:
        wanted, unwanted = _wanted(name, _listing(name, revision))
        # By the name asked for and not by its commit, so that the cache learns what it points to.
        folder = snapshot_download(
            name, revision=revision, allow_patterns=wanted, ignore_patterns=unwanted
        )
    except (HTTPError, OSError, ValueError, multiprocessing.TimeoutError) as error:
        raise ModelError(_explain(name, revision, error)) from error
    if not _complete(Path(folder)):
        raise ModelError(f"the download of {name} into {folder} is not complete: run this again")
    return Path(folder)


def _listing(name: str, revision: str | None) -> list[str]:
    """Ask the hub, once, which files a repository has."""
    from huggingface_hub import HfApi

    # In a thread that nothing waits for: a name server that does not answer blocks for longer than
    # the request's own limit, which does not cover the lookup of the name.
    ask = ThreadPool(1).apply_async(
        HfApi().model_info, (name,), {"revision": revision, "timeout": _REQUEST_SECONDS}
    )
    return [file.rfilename for file in ask.get(_ANSWER_SECONDS).siblings or []]


def _wanted(name: str, files: list[str]) -> tuple[list[str], list[str]]:
    """Patterns of the files to fetch, and of those to leave."""
    if _PIPELINE in files:
        return _PARTS, _NOT_PARTS
    for whole, shards in _LAYOUTS.items():
        if whole in files or f"{whole}.index.json" in files:
            return [*_SMALL, whole, shards], [_BELOW]
    raise ModelError(
        f"{name} on the hub has no weights that transformers loads:"
        f" looked for {' and '.join(_LAYOUTS)} among its {len(files)} files"
    )


def _explain(name: str, revision: str | None, error: Exception) -> str:
    """One line: what was looked for and where, what stood in the way, what to type."""
    from huggingface_hub import constants

    asked = f"{name} (revision {revision})" if revision else name
    return (
        f"no checkpoint {asked}: no folder of that name,"
        f" not (wholly) in the cache {constants.HF_HUB_CACHE}, and {_reason(name, error)};"
        " or give a local folder: --model NAME@FOLDER"
    )


def _reason(name: str, error: Exception) -> str:
    from huggingface_hub import constants, errors

    hub = constants.ENDPOINT
    if isinstance(error, errors.GatedRepoError):
        return f"it is gated: accept its terms at {hub}/{name}, then type `hf auth login`"
    if isinstance(error, errors.RevisionNotFoundError):
        return f"{hub}/{name} has no such revision: check what follows #"
    if isinstance(error, errors.RepositoryNotFoundError):
        return f"not found at {hub}: check the spelling, or type `hf auth login` if it is private"
    if isinstance(error, errors.OfflineModeIsEnabled):
        return "HF_HUB_OFFLINE forbids asking the hub: unset it"
    if isinstance(error, errors.HfHubHTTPError):
        status = error.response.status_code
        advice = "type `hf auth login`" if status in (401, 403) else "try again later"
        return f"{hub} answered with status {status}: {advice}"
    if isinstance(error, errors.LocalEntryNotFoundError):
        return f"the download from {hub} broke off: run this again to go on"
    if isinstance(error, (errors.HTTPError, multiprocessing.TimeoutError, ConnectionError)):
        return f"{hub} cannot be reached ({type(error).__name__}): connect to a network"
    if isinstance(error, OSError):
        return f"it cannot be stored: {error}"
    return f"{hub} answered, but not as a hub does: check HF_ENDPOINT and the network"
