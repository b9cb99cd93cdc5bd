"""Keys of contents: a text, an image or an audio clip is identified by its bytes, not by its name.

A key is the 16-byte blake2b hash of the content's bytes. Keys of files are cached in
`$MMBENCH_CACHE/hashes.sqlite` by real path, size, and the modification times of content (mtime) and
inode (ctime), so that a second run does not read the files again. The kernel sets the inode time:
it shows that a file was replaced even if size and mtime are unchanged (`cp -p`, `rsync -t`).
"""

from __future__ import annotations

import os
import time
from collections.abc import Iterable, Iterator, Sequence
from contextlib import suppress
from hashlib import blake2b, file_digest
from itertools import islice
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, TypeAlias

from msgspec.structs import replace

from mmbench import media
from mmbench.errors import SampleError, UserError
from mmbench.media.inside import EMPTY, NOTHING, FileState, MediaFile, MediaInFile
from mmbench.media.recordings import refuse_other_duration
from mmbench.storage.cache_errors import cache_errors
from mmbench.storage.key_store import HASHES, KeyStore
from mmbench.text import with_home
from mmbench.types import (
    ContinuationRequest,
    InvalidContent,
    Item,
    MatchRequest,
    Media,
    Message,
    SeededPrompt,
    View,
)
from mmbench.validation.regular_files import open_regular

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Keys: TypeAlias = "NDArray[np.uint8]"  # [n, 16], contiguous

KEY_BYTES = 16
_LENGTH = 8  # bytes of each length in hashed data
_BLOCK = 1 << 14  # keys converted at a time

# A file written twice within the clock resolution of its file system has the same time for
# both contents. 2 seconds is the coarsest resolution in use (FAT).
_CLOCK_NS = 2 * 10**9


def cache_folder() -> Path:
    """Return `$MMBENCH_CACHE`, or `mmbench` in the user's cache folder. Create it if missing.

    Raises UserError if it cannot be created.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    folder = Path(with_home(os.environ.get("MMBENCH_CACHE") or f"{base}/mmbench"))
    with cache_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    return folder


def digest(*parts: bytes | str) -> bytes:
    """Return the 16-byte blake2b hash of several parts.

    Each part is preceded by its length, so that different lists of parts are hashed as different
    bytes.
    """
    state = blake2b(digest_size=KEY_BYTES)
    for part in parts:
        raw = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
        state.update(len(raw).to_bytes(_LENGTH, "little"))
        state.update(raw)
    return state.digest()


def as_keys(keys: Iterable[bytes | bytearray | memoryview]) -> Keys:
    """Return n keys as an array [n, 16] uint8."""
    import numpy as np

    parts = iter(keys)
    blocks = iter(lambda: b"".join(islice(parts, _BLOCK)), b"")
    return np.frombuffer(b"".join(blocks), np.uint8).reshape(-1, KEY_BYTES)


def digest_of_keys(keys: Keys, *further: bytes) -> bytes:
    """Return the `digest` of the keys [n, 16] and the `further` keys; each key is one part."""
    import numpy as np

    parts = np.zeros((len(keys), _LENGTH + KEY_BYTES), np.uint8)
    parts[:, 0] = KEY_BYTES  # the key's length, little-endian
    parts[:, _LENGTH:] = keys
    state = blake2b(parts.data, digest_size=KEY_BYTES)
    for key in further:
        state.update(len(key).to_bytes(_LENGTH, "little") + key)
    return state.digest()


def by_bytes(keys: Keys) -> NDArray[np.void]:
    """Return keys [n, 16] as an array [n] of 16-byte values, which NumPy compares bytewise."""
    return keys.view(f"V{KEY_BYTES}").ravel()


_TEXT = len(b"text").to_bytes(_LENGTH, "little") + b"text"


def _text_key(text: str) -> bytes:
    """Return `digest("text", text)`, computed by one call of blake2b to save time."""
    raw = text.encode("utf-8", "surrogatepass")
    whole = _TEXT + len(raw).to_bytes(_LENGTH, "little") + raw
    return blake2b(whole, digest_size=KEY_BYTES).digest()


def _medium_key(medium: Media, digest_of_file: bytes) -> bytes:
    """Return the key of a media item; that of a part of a video contains its span."""
    span = () if medium.span is None else (repr(tuple(map(float, medium.span))),)
    return digest(medium.modality, digest_of_file, *span)


class ContentKeys:
    """A context manager that computes the keys of contents and caches the keys of files.

    Raises UserError if the cache cannot be used.
    """

    def __init__(self, folder: Path) -> None:
        self._store = KeyStore(folder / HASHES)
        self._new: list[tuple[FileState, bytes]] = []
        self._made: dict[Media, bytes] = {}

    def __enter__(self) -> ContentKeys:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        try:
            self.flush()
        except UserError:
            if error is None:  # otherwise the first error is more informative
                raise
        finally:
            self._store.close()

    def keys(self, items: Sequence[Item]) -> tuple[Keys, dict[int, str]]:
        """Return the keys [n, 16] of n items, and a mapping from failed rows to reasons.

        The key of a failed item is zero.
        """
        failures: dict[int, str] = {}
        return as_keys(self._each(items, failures)), failures

    def _each(self, items: Iterable[Item], failures: dict[int, str]) -> Iterator[bytes]:
        for row, item in enumerate(items):
            try:
                yield _text_key(item) if isinstance(item, str) else self.key(item)
            except SampleError as error:
                failures[row] = str(error)
                yield bytes(KEY_BYTES)

    def key(self, item: Item) -> bytes:
        """Return the key of an item. Raises SampleError if it is invalid or cannot be read."""
        match item:
            case InvalidContent():
                raise SampleError(item.reason)
            case str():
                return _text_key(item)
            case Media():
                return self._medium(item)
            case View():
                look = f"{item.clip}/{item.clips} {item.crop}/{item.crops}"
                return digest("view", self.key(item.media), look)
            case SeededPrompt():
                return digest("seeded", item.prompt, str(item.seed))
            case ContinuationRequest():
                return digest("continued", self.key(item.conversation), item.text)
            case MatchRequest():
                return digest("matched", item.text, *item.references)
            case _:
                return digest("conversation", *map(self._message, item))

    def _message(self, message: Message) -> bytes:
        return digest(message.role, *map(self.key, message.parts))

    def _medium(self, medium: Media) -> bytes:
        if change := medium.perturbation:
            clean = self._medium(replace(medium, perturbation=None))
            return digest("perturbed", clean, change.name, change.value, str(change.seed))
        if medium.read is None:
            digest_of_file = self.file(Path(medium.name))
            refuse_other_duration(medium)
            return _medium_key(medium, digest_of_file)
        if isinstance(medium.read, MediaInFile):
            return _medium_key(medium, self.digest_inside(medium))
        if medium not in self._made:
            self._made[medium] = _medium_key(medium, digest(media.read_bytes(medium)))
        return self._made[medium]

    def known(self, medium: Media) -> bytes | None:
        """Return the key of a media item if it was computed before, without reading the item."""
        part = medium.read
        if part is None:
            digest_of_file = self._stored(Path(medium.name))
        elif isinstance(part, MediaInFile):
            start = part.number * KEY_BYTES
            digest_of_file = (part.file.digests or b"")[start : start + KEY_BYTES] or None
        else:
            return self._made.get(medium)
        return digest_of_file and _medium_key(medium, digest_of_file)

    def _stored(self, path: Path) -> bytes | None:
        try:
            return self._store.get(_state(path, path.stat()))
        except (OSError, ValueError):  # a path with NUL raises ValueError
            return None

    def digest_inside(self, medium: Media) -> bytes:
        """Return the digest of a media item stored inside a file, such as a table or an archive.

        Raises SampleError if the item cannot be read.
        """
        part = medium.read
        if isinstance(part, MediaInFile):
            with suppress(OSError, ValueError):  # reading the item raises the reason
                start = part.number * KEY_BYTES
                key = self.digests_of(part.file)[start : start + KEY_BYTES]
                if key not in (NOTHING, EMPTY):
                    return key
        return digest(media.read_bytes(medium))

    def digests_of(self, file: MediaFile) -> bytes:
        """Return the digests [n · 16] of all media items in a file, which are computed only once.

        The constants NOTHING and EMPTY mark items without bytes. If reading the file fails, raises
        OSError or ValueError; from then on each item is read separately.
        """
        if file.digests is None:
            known = self._store.get(file.state) if file.state else None
            file.digests = known if known and len(known) == len(file) * KEY_BYTES else None
        if file.digests is None:
            file.digests = bytes(len(file) * KEY_BYTES)
            file.digests = b"".join(map(_part_digest, file.each()))
            if file.state and is_settled(file.state.ctime):
                self._new.append((file.state, file.digests))
        return file.digests

    def file(self, path: Path) -> bytes:
        """Return the key of a file's bytes. Raises SampleError if it cannot be read."""
        try:
            return self._remembered(path, path.stat())
        except OSError as error:
            raise SampleError(f"{path}: {error.strerror or error}") from error

    def _remembered(self, path: Path, stat: os.stat_result) -> bytes:
        state = _state(path, stat)
        known = self._store.get(state)
        if known is not None:
            return known
        settled = is_settled(stat.st_ctime_ns)
        with open_regular(path) as stream:
            key = file_digest(stream, lambda: blake2b(digest_size=KEY_BYTES)).digest()
        if settled:
            self._new.append((state, key))
        if len(self._new) >= 1000:
            self.flush()
        return key

    def flush(self) -> None:
        """Write new keys to the database. Several processes may do this at the same time."""
        if self._new:
            self._store.add(self._new)
            self._new.clear()


def _state(path: Path, stat: os.stat_result) -> FileState:
    place = os.fsencode(os.path.realpath(path))
    return FileState(place, stat.st_size, stat.st_mtime_ns, stat.st_ctime_ns)


def is_settled(ctime: int) -> bool:
    """Return whether a file was changed so long ago that a further change gets another time.

    `ctime` is in nanoseconds.
    """
    return time.time_ns() - ctime > _CLOCK_NS


def _part_digest(data: bytes | None) -> bytes:
    return NOTHING if data is None else digest(data) if data else EMPTY
