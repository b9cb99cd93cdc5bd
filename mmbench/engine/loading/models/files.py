"""Files that are part of a model's identity: files named by options, and their hashes."""

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

_WORDS = re.compile(r"[\s,;:=|+@#()\[\]{}\"']+")  # in a command line, JSON or a sum

_PATTERN = re.compile(r"[*?\[]|\{\w*\}")


def is_live(value: object) -> bool:
    """Return whether a value is an object with unknown content: a network, an array, a client."""
    return not isinstance(value, (*_SCALARS, Mapping, list, tuple))


def leaves(value: object, place: str = "") -> Iterator[tuple[str, object]]:
    """Yield each value and key inside mappings and lists, with its place: `adapters.0.path`."""
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
    """Return a value for a record: paths as texts, live objects as the name of their type."""
    if isinstance(value, Mapping):
        return {str(key): plain(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [plain(one) for one in value]
    if isinstance(value, Path):
        return str(value)
    return f"<{type(value).__qualname__}>" if is_live(value) else value


def named_files(value: object) -> list[Path]:
    """Return the files and folders that a value names.

    A name may be the whole value, a prefix, or part of a list in a text: `weights.pt`, `~/runs/a`,
    `model.ckpt` where there are `model.ckpt.index` and `model.ckpt.data-00000-of-00001`,
    `a.pt,b.pt`, `style=lora.safetensors`, `file:///x/w.pt`, `shards/*.npz`, `net-{rank}.pt`,
    `["a.pt"]`, `--lora a.pt`. A word between spaces or in brackets counts as a name only if it has
    a dot or a slash.
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
    """Return whether a value names a folder that contains the working directory or the home folder.

    A run writes into these folders, and their other contents are unbounded.
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
    """Hashes files through the cache of hashes, and detects later changes of the files."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys = keys
        self._seen: dict[Path, tuple[int, int, str]] = {}

    def hash(self, path: Path) -> str:
        """Return the hash of a file. Raises OSError or SampleError when it cannot be read."""
        stat = path.stat()
        content = self._keys.file(path).hex()
        self._seen[path.absolute()] = stat.st_size, stat.st_ctime_ns, content
        return content

    def check(self, name: str) -> None:
        """Raise ModelError where a file has changed since it was hashed.

        Weights of one training step may then have been loaded under the identity of another.
        """
        for path, (size, changed, content) in self._seen.items():
            if not path.exists():
                raise ModelError(f"model {name}: {path} was deleted while it was being loaded")
            stat = path.stat()
            same = (stat.st_size, stat.st_ctime_ns) == (size, changed)
            if not same and hash_file(path) != content:
                raise ModelError(
                    f"model {name}: {path} changed while it was being loaded: run again, on a copy"
                    " where a training run overwrites it"
                )
