"""Hashes of model weights: of one file with its companion files, or of a whole folder.

All files of a folder are hashed, except types of files known not to affect outputs. A list of the
types that hold weights would be too long (.safetensors, .bin, .pt, .ckpt, .onnx, .gguf, .npz,
.tflite, .nemo, files without a suffix), but only a few types of files come from training runs and
documentation.
"""

from __future__ import annotations

import glob
import os
import re
from collections.abc import Callable, Iterable, Iterator
from fnmatch import fnmatchcase
from hashlib import blake2b
from pathlib import Path

from mmbench.errors import ModelError, SampleError
from mmbench.validation.regular_files import open_regular

FileHash = Callable[[Path], str]

# Files that do not affect outputs: states of optimizers, schedulers and random generators, logs,
# documents, hidden files.
_IGNORED = (
    *("optimizer*.pt", "optimizer*.bin", "optimizer*.pth", "*optim_states.pt", "scheduler*.pt"),
    *("scheduler*.bin", "rng_state*.pth", "random_states*.pkl", "training_args.bin"),
    *("*.log", "events.out.tfevents.*", "*.md", "LICENSE", "NOTICE", ".*", "__pycache__", "*.pyc"),
)
# Files of a configuration or a tokenizer next to weights.
_SETTINGS = ("*.json", "*.txt", "*.model")
_EARLIER = re.compile(r"(checkpoint|step|epoch|iter|global_step)[-_]?\d+", re.IGNORECASE)
_SHARD = re.compile(r"-\d{5}-of-\d{5}(?=\.)")


def hash_file(path: Path) -> str:
    """Return the BLAKE2b hash of a file's bytes, as 32 hexadecimal digits. Raises OSError."""
    state = blake2b(digest_size=16)
    with open_regular(path) as stream:
        while chunk := stream.read(4 << 20):
            state.update(chunk)
    return state.hexdigest()


def hash_texts(*texts: str) -> str:
    """Return one hash of several strings that have no line breaks, as 32 hexadecimal digits."""
    return blake2b("\n".join(texts).encode(), digest_size=16).hexdigest()


def exists(path: Path) -> bool:
    """Return whether a file or folder exists; False for an invalid path, e.g. one with a NUL
    character.
    """
    try:
        return path.exists()
    except OSError:
        return False


def hash_folder(folder: Path, file_hash: FileHash = hash_file, *, earlier: bool = True) -> str:
    """Return a hash of the names and contents of all files in a folder and its subfolders.

    The hash has 32 hexadecimal digits. Links are followed. Optimizer states, logs and documents are
    skipped. If `earlier` is False, subfolders with checkpoints of earlier training steps
    (`checkpoint-500`, `step-2000`) are skipped too. Raises ModelError if a file cannot be read.
    """
    try:
        files = sorted(checkpoint_files(folder, earlier=earlier))
    except OSError as error:
        raise ModelError(f"cannot list the files of checkpoint {folder}: {error}") from error
    return _hash(folder, files, file_hash)


def hash_path(path: Path, file_hash: FileHash = hash_file) -> str:
    """Return the hash of a folder, or of a file together with its companion files.

    A companion file has the same name with another suffix (`model.onnx.data`, `model.onnx_data`,
    the `.bin` of an `.xml`), or is another shard of a file such as `NAME-00001-of-00003.gguf`.
    Raises ModelError if a file cannot be read.
    """
    if path.is_dir():
        return hash_folder(path, file_hash)
    try:
        files = sorted({path, *_companions(path)})
    except OSError as error:
        raise ModelError(f"cannot list the files next to {path}: {error}") from error
    if files == [path]:
        return _read(path, f"cannot read {path}", file_hash)
    return _hash(path.parent, files, file_hash)


def hash_settings(folder: Path, file_hash: FileHash = hash_file) -> str:
    """Return the hash of the configurations and tokenizer files in a folder, without subfolders.

    Raises ModelError if a file cannot be read.
    """
    files = sorted(
        path
        for path in folder.iterdir()
        if any(fnmatchcase(path.name, one) for one in _SETTINGS)
        and not _ignored(path)
        and path.is_file()
    )
    return _hash(folder, files, file_hash)


def matching(pattern: Path) -> list[Path]:
    """Return the files that match a path pattern with `*`, `?` or `[…]`, sorted."""
    paths = glob.glob(str(pattern))  # noqa: PTH207 - the pattern may begin with a root
    return sorted(path for path in map(Path, paths) if path.is_file())


def prefixed(path: Path) -> list[Path]:
    """Return the files of a checkpoint that is given as a path prefix, sorted.

    The prefix `model.ckpt` has the files `model.ckpt.index` and `model.ckpt-00001-of-00002.bin`.
    """
    if not path.name or not exists(path.parent / ".") or not os.access(path.parent, os.R_OK):
        return []
    return [
        file
        for file in sorted(path.parent.iterdir())
        if _belongs(file, f"{path.name}.")
        or (_belongs(file, path.name) and _SHARD.match(file.name, len(path.name)))
    ]


def _companions(path: Path) -> list[Path]:
    return [file for file in path.parent.iterdir() if _accompanies(file, path)]


def _accompanies(file: Path, path: Path) -> bool:
    shards = _SHARD.split(path.name)
    if len(shards) == 2 and _SHARD.split(file.name) == shards:
        return file.is_file()
    return _belongs(file, f"{path.stem}.") or _belongs(file, path.name)


def _belongs(file: Path, beginning: str) -> bool:
    return file.name.startswith(beginning) and not _ignored(file) and file.is_file()


def _ignored(path: Path) -> bool:
    return any(fnmatchcase(path.name, pattern) for pattern in _IGNORED)


def checkpoint_files(
    folder: Path, above: tuple[Path, ...] = (), *, earlier: bool = True
) -> Iterator[Path]:
    """Yield the files of a folder, and of its subfolders, that may affect a model's outputs.

    Links to folders are followed, except links to `folder` itself or to a folder in `above`, the
    folders that contain it. If `earlier` is False, subfolders with checkpoints of earlier training
    steps are skipped.
    """
    real = folder.resolve()
    if real in above:
        return
    for path in folder.iterdir():
        if _ignored(path):
            continue
        if path.is_file():
            yield path
        elif path.is_dir() and (earlier or not _EARLIER.fullmatch(path.name)):
            yield from checkpoint_files(path, (*above, real))


def _hash(folder: Path, files: Iterable[Path], file_hash: FileHash) -> str:
    state = blake2b(digest_size=16)
    for path in files:
        name = path.relative_to(folder).as_posix()
        content = _read(path, f"checkpoint {folder}: cannot read {name}", file_hash)
        state.update(os.fsencode(f"{name}\0{content}\n"))
    return state.hexdigest()


def _read(path: Path, fault: str, file_hash: FileHash) -> str:
    try:
        return file_hash(path)
    except (OSError, SampleError) as error:
        raise ModelError(f"{fault}: {error}") from error
