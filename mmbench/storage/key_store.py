"""An SQLite database with the keys of files, which several processes share.

SQLite detects a damaged structure, but not a damaged row. Therefore each row has a checksum; a row
with a wrong checksum is ignored. If the file is not a database, a new database replaces it, and
media files are hashed again. The database is for processes on one machine; machines that share a
network file system need separate cache folders.
"""

from __future__ import annotations

import errno
import os
import sqlite3
import stat
from collections.abc import Callable, Sequence
from contextlib import suppress
from hashlib import blake2b
from pathlib import Path
from typing import TypeVar

from mmbench.media.inside import FileState
from mmbench.storage.cache_errors import cache_errors, unusable_cache
from mmbench.storage.locks import exclusive

HASHES = "hashes.sqlite"  # the name of the database in the cache folder

_WAIT = 60.0  # seconds for which another process may lock the database
_FULL = {sqlite3.SQLITE_FULL, sqlite3.SQLITE_IOERR_SHMSIZE}
_DAMAGED = {sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB, sqlite3.SQLITE_ERROR}
_TABLE = (
    "CREATE TABLE IF NOT EXISTS file_keys (path BLOB PRIMARY KEY, size INTEGER, mtime INTEGER,"
    " ctime INTEGER, key BLOB, checksum BLOB) WITHOUT ROWID"
)
_INSERT = "INSERT OR REPLACE INTO file_keys VALUES (?, ?, ?, ?, ?, ?)"
_SELECT = (
    "SELECT key, checksum FROM file_keys WHERE path = ? AND size = ? AND mtime = ? AND ctime = ?"
)

T = TypeVar("T")


class KeyStore:
    """The key database in the file `path`.

    Every method raises UserError if the file cannot be used.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._lock = path.with_suffix(".lock")
        self._db: sqlite3.Connection | None = None
        self._inode: int | None = None
        self._query(lambda _: None)

    def get(self, state: FileState) -> bytes | None:
        """Return the stored key of a file; None if the file has changed or the row is damaged."""
        row = self._query(lambda db: db.execute(_SELECT, state).fetchone())
        if row is None or not isinstance(row[0], bytes) or row[1] != _checksum(state, row[0]):
            return None
        return row[0]

    def add(self, keys: Sequence[tuple[FileState, bytes]]) -> None:
        """Store the keys of files in one transaction."""
        rows = [(*state, key, _checksum(state, key)) for state, key in keys]
        self._query(lambda db: _write(db, lambda db: db.executemany(_INSERT, rows)))

    def close(self) -> None:
        """Close the database."""
        if self._db is not None:
            self._db.close()
            self._db = None

    def _query(self, query: Callable[[sqlite3.Connection], T]) -> T:
        """Run a query; repeat it on a new database if the existing one is damaged."""
        try:
            try:
                return query(self._connection())
            except sqlite3.DatabaseError as error:
                if not _is_damage(_code(error)):
                    raise
            self._remove()
            return query(self._connection())
        except sqlite3.Error as error:
            full = _code(error) in _FULL
            raise unusable_cache(self._path, str(error), full=full) from error

    def _connection(self) -> sqlite3.Connection:
        if self._db is None:
            # Exclusive, because SQLite does not wait while another process sets the mode.
            with cache_errors(self._lock), exclusive(self._lock):
                for file in self._files():
                    with cache_errors(file):
                        _check_file(file)
                self._db = sqlite3.connect(self._path, timeout=_WAIT, isolation_level=None)
                self._inode = self._path.stat().st_ino
                self._db.execute("PRAGMA journal_mode=WAL")
                self._db.execute("PRAGMA synchronous=OFF")
                _write(self._db, lambda db: db.execute(_TABLE))
        return self._db

    def _remove(self) -> None:
        """Remove the damaged database, unless another process has already done so."""
        self.close()
        with cache_errors(self._lock), exclusive(self._lock), cache_errors(self._path):
            if self._path.exists() and self._path.stat().st_ino == self._inode:
                for file in self._files():
                    file.unlink(missing_ok=True)

    def _files(self) -> list[Path]:
        """Return the paths of SQLite's auxiliary files and, last, the path of the database."""
        names = [self._path.name + suffix for suffix in ("-wal", "-shm", "")]
        return [self._path.with_name(name) for name in names]


def _check_file(path: Path) -> None:
    """Raise OSError for a path that is not a regular file or not writable.

    For a path that is not a regular file, SQLite's message would only say that it cannot be opened.
    For a file that is not writable, SQLite would leave auxiliary files that are not writable
    either. The file is not opened here, because closing it would release the locks that this
    process has on it through SQLite.
    """
    with suppress(FileNotFoundError):
        if not stat.S_ISREG(path.stat().st_mode):
            raise OSError(errno.EINVAL, "not a regular file", str(path))
        if not os.access(path, os.R_OK | os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(path))


def _write(db: sqlite3.Connection, statement: Callable[[sqlite3.Connection], object]) -> None:
    """Run a statement in a transaction, which is rolled back if the statement fails."""
    with db:
        db.execute("BEGIN IMMEDIATE")
        statement(db)


def _is_damage(code: int) -> bool:
    """Return whether an SQLite code means that a file is not a database with this table."""
    return code & 0xFF in _DAMAGED or code == sqlite3.SQLITE_IOERR_SHORT_READ


def _code(error: sqlite3.Error) -> int:
    """Return SQLite's extended result code; 0 if Python raised the error."""
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code


def _checksum(state: FileState, key: bytes) -> bytes:
    numbers = b"%d %d %d " % state[1:]
    return blake2b(numbers + key + state.path, digest_size=8).digest()
