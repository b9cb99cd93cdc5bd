"""Files that options of a model name, and their hashes, which are part of its identity."""

from __future__ import annotations

import datetime
import os
import re
from collections.abc import Iterator, Mapping
from decimal import Decimal
from pathlib import Path

from mmbench.checkpoints.file_hashes import exists, hash_file, matching, prefixed
from mmbench.errors import ModelError
from mmbench.storage.content_keys import ContentKeys

_SCALARS = (str, int, float, bool, bytes, type(None), Path, Decimal, datetime.date, datetime.time)

_SEPARATORS = re.compile(r"[,;:=|]")

_WORDS = re.compile(r"[\s,;:=|+@#()\[\]{}\"']+")  # separators in a command line, JSON or a sum

_PATTERN = re.compile(r"[*?\[]|\{\w*\}")


def is_live(value: object) -> bool:
    """Return whether a value is an object of unknown content: a network, an array, a client."""
    return not isinstance(value, (*_SCALARS, Mapping, list, tuple))


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield (path, value) for each value and key in nested mappings and lists.

    A path is a dotted string such as `adapters.0.path`; `place` is the path of `value` itself.
    """
    if isinstance(value, Mapping):
        inside = [(str(key), one) for key, one in value.items()]
    elif isinstance(value, list | tuple):
        inside = [(str(number), one) for number, one in enumerate(value)]
    else:
        yield place, value
        return
    for key, one in inside:
        yield from leaves(one, f"{place}.{key}" if place else key)
    if isinstance(value, Mapping):  # {"a.safetensors": 0.5}
        yield from ((place, key) for key in value)


def plain(value: object) -> object:
    """Convert a value for a record: a path to a string, a live object to its type's name."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return f"<{type(value).__qualname__}>" if is_live(value) else value


def named_files(value: object) -> list[Path]:
    """Return the existing files and folders that a string or path refers to.

    A file name may be the whole value (`weights.pt`, `~/runs/a`), a prefix of file names
    (`model.ckpt` for `model.ckpt.index`), a pattern (`shards/*.npz`, `net-{rank}.pt`), or a part of
    the value (`a.pt,b.pt`, `style=lora.safetensors`, `file:///x/w.pt`, `["a.pt"]`, `--lora a.pt`).
    A word between spaces or in brackets is a file name only if it has a dot or a slash.
    """
    if not isinstance(value, str | Path) or not str(value):
        return []
    whole = _path(str(value))
    if exists(whole):
        return [whole]
    pieces = {piece.strip() for piece in _SEPARATORS.split(str(value)) if piece.strip()}
    pieces |= {word for word in _WORDS.split(str(value)) if "." in word or "/" in word}
    paths = map(_path, sorted(pieces))
    files = [path for path in paths if exists(path) and not _contains_working_folder(path)]
    if _PATTERN.search(str(value)):
        files += matching(_path(re.sub(r"\{\w*\}", "*", str(value))))
    return [*files, *([] if re.search(r"\s", str(value)) else prefixed(whole))]


def too_wide(value: object) -> bool:
    """Return whether a value is the path of a folder around the working or the home folder.

    Such a folder is not hashed: a run writes into it, and it may contain any number of files.
    """
    return (
        isinstance(value, str | Path)
        and str(value) != ""
        and _contains_working_folder(_path(str(value)))
    )


def _path(text: str) -> Path:
    # Unlike Path.expanduser, this does not change the `~name` of an unknown user.
    return Path(os.path.expandvars(os.path.expanduser(text)))  # noqa: PTH111


def _contains_working_folder(path: Path) -> bool:
    if not exists(path) or not path.is_dir():
        return False
    real = path.resolve()
    return any(real in (place, *place.parents) for place in (Path.cwd().resolve(), Path.home()))


class HashedFiles:
    """A hasher of files that uses the cache of hashes and detects later changes of the files."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys = keys
        self._seen: dict[Path, tuple[int, int, str]] = {}

    def hash(self, path: Path) -> str:
        """Return the hash of a file. Raises OSError or SampleError if it cannot be read."""
        stat = path.stat()
        content = self._keys.file(path).hex()
        self._seen[path.absolute()] = stat.st_size, stat.st_ctime_ns, content
        return content

    def check(self, name: str) -> None:
        """Raise ModelError if a file has changed since it was hashed.

        `name` is the model's name in errors. The loaded weights may differ from the hashed weights,
        for example if a training run overwrites its checkpoint.
        """
        for path, (size, changed, content) in self._seen.items():
            if not path.exists():
                raise ModelError(
                    f"model {name}: {path} was deleted while it was being loaded; repeat the"
                    " command with a copy of the file"
                )
            stat = path.stat()
            same = (stat.st_size, stat.st_ctime_ns) == (size, changed)
            if not same and hash_file(path) != content:
                raise ModelError(
                    f"model {name}: {path} changed while it was being loaded; repeat the command,"
                    " with a copy of the file if a training run overwrites it"
                )
