"""The files whose hashes make a model's identity, watched until the model is loaded."""

from __future__ import annotations

from pathlib import Path

from mmbench.checkpoints.file_hashes import hash_file
from mmbench.errors import ModelError
from mmbench.storage.content_keys import ContentKeys


class HashedFiles:
    """Hashes files through the cache of hashes, and notices when one changes afterwards."""

    def __init__(self, keys: ContentKeys) -> None:
        self._keys = keys
        self._seen: dict[Path, tuple[int, int, str]] = {}

    def hash(self, path: Path) -> str:
        """Return the hash of a file. Raises OSError or SampleError when it cannot be read."""
        stat = path.stat()
        found = self._keys.file(path).hex()
        self._seen[path.absolute()] = stat.st_size, stat.st_ctime_ns, found
        return found

    def check(self, name: str) -> None:
        """Raise ModelError where a file is not what it was when it was hashed.

        Then weights of one training step may have been loaded under the identity of another.
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
