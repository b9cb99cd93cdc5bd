"""Files that data name are opened only if they are regular files."""

import os
import socket
from pathlib import Path

import pytest

from mmbench.regular_files import open_regular, read_regular


def test_a_file_and_a_link_to_it_are_read(tmp_path: Path) -> None:
    (tmp_path / "a.txt").write_bytes(b"text")
    (tmp_path / "link.txt").symlink_to("a.txt")
    assert read_regular(tmp_path / "a.txt") == read_regular(str(tmp_path / "link.txt")) == b"text"
    with open_regular(tmp_path / "a.txt") as file:
        assert file.read(2) == b"te"


def test_whatever_is_not_a_regular_file_is_refused_at_once(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    (tmp_path / "zeros.png").symlink_to("/dev/zero")
    (tmp_path / "to-pipe").symlink_to("pipe")
    server = socket.socket(socket.AF_UNIX)
    server.bind(str(tmp_path / "socket"))
    expected = {"pipe": "a pipe", "to-pipe": "a pipe", "zeros.png": "a device", ".": "a folder"}
    for name, kind in expected.items():
        with pytest.raises(OSError, match=f"is {kind}, not a regular file"):
            read_regular(tmp_path / name)
    with server, pytest.raises(OSError):
        read_regular(tmp_path / "socket")


def test_a_refusal_leaves_no_open_file(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    before = len(list(Path("/proc/self/fd").iterdir()))
    for _ in range(5):
        with pytest.raises(OSError):
            read_regular(tmp_path / "pipe")
    assert len(list(Path("/proc/self/fd").iterdir())) == before


def test_a_missing_file_and_a_closed_loop_of_links_are_ordinary_errors(tmp_path: Path) -> None:
    (tmp_path / "loop").symlink_to("loop")
    for name in ("none", "loop"):
        with pytest.raises(OSError):
            read_regular(tmp_path / name)
