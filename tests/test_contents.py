"""Hashes of files that are remembered: never those of a content that was replaced."""

from __future__ import annotations

import os
import sqlite3
from collections.abc import Callable
from hashlib import blake2b
from pathlib import Path

import pytest

from mmbench.contents import ContentKeys

OLD, NEW = b"weights of step 1", b"weights of step 2"  # equal in length


def key(cache: Path, path: Path) -> bytes:
    """The key that a run of its own computes or remembers."""
    with ContentKeys(cache) as keys:
        return keys.file(path)


def naive(raw: bytes) -> bytes:
    return blake2b(raw, digest_size=16).digest()


def in_place(path: Path) -> None:
    path.write_bytes(NEW)


def same_time(path: Path) -> None:
    """As `cp -p`, `rsync -t` and unpacked archives do: size and modification time stay."""
    times = path.stat()
    path.write_bytes(NEW)
    os.utime(path, ns=(times.st_atime_ns, times.st_mtime_ns))


def replaced(path: Path) -> None:
    """As trainers write: a part beside it, renamed over it, here with the old time."""
    part = path.with_suffix(".part")
    part.write_bytes(NEW)
    os.utime(part, ns=(path.stat().st_atime_ns, path.stat().st_mtime_ns))
    part.replace(path)


@pytest.mark.parametrize("change", [in_place, same_time, replaced])
@pytest.mark.parametrize("clock", [2 * 10**9, -1], ids=["just written", "remembered"])
def test_a_file_that_changed_has_a_new_key(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, change: Callable[[Path], None], clock: int
) -> None:
    monkeypatch.setattr("mmbench.contents._CLOCK_NS", clock)
    path = tmp_path / "model.pt"
    path.write_bytes(OLD)
    assert key(tmp_path, path) == naive(OLD)
    change(path)
    assert key(tmp_path, path) == naive(NEW)


def test_a_link_that_points_elsewhere_has_a_new_key(tmp_path: Path) -> None:
    """Both files are written within one tick of the clock, so that only their paths differ."""
    for name, raw in (("1.pt", OLD), ("2.pt", NEW)):
        (tmp_path / name).write_bytes(raw)
        os.utime(tmp_path / name, (0, 0))
    link = tmp_path / "latest.pt"
    for name, raw in (("1.pt", OLD), ("2.pt", NEW)):
        link.unlink(missing_ok=True)
        link.symlink_to(name)
        assert key(tmp_path, link) == naive(raw)


def test_only_a_file_that_has_settled_is_remembered(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another write within the resolution of the clock would leave size and times as they are."""
    path = tmp_path / "model.pt"
    path.write_bytes(OLD)
    key(tmp_path, path)
    assert rows(tmp_path) == 0
    monkeypatch.setattr("mmbench.contents._CLOCK_NS", -1)  # as if it had been written long ago
    key(tmp_path, path)
    assert rows(tmp_path) == 1


def rows(cache: Path) -> int:
    database = sqlite3.connect(cache / "hashes.sqlite")
    (count,) = database.execute("SELECT count(*) FROM file_keys").fetchone()
    database.close()
    return int(count)
