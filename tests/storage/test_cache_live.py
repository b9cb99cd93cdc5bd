"""What live processes use stays; what dead ones left goes. The processes are real."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from mmbench.cli import main
from mmbench.storage.folders import Folder
from mmbench.storage.journal.folders import journal_root, open_folder, open_temporary_folder
from mmbench.storage.locks import claim
from mmbench.storage.whole_files import write_whole

USER = """
import sys
from mmbench.storage.journal.folders import {function}
class User: pass
user = User()
print({function}(user, "name", "clip@x on cpu"), flush=True)
sys.stdin.read()
"""


@contextmanager
def process(source: str, *args: str) -> Iterator[tuple[subprocess.Popen[str], str]]:
    """A process that waits for the end of its input, and the first line that it printed."""
    command = [sys.executable, "-c", source, *args]
    with subprocess.Popen(
        command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as running:
        assert running.stdin is not None and running.stdout is not None
        try:
            yield running, running.stdout.readline().strip()
        finally:
            running.kill()


def test_prune_leaves_the_journal_of_a_live_run(capsys: pytest.CaptureFixture[str]) -> None:
    with process(USER.format(function="open_folder")) as (running, folder):
        assert main(["cache", "prune"]) == 0
        out = capsys.readouterr().out
        assert "clip@x on cpu (in use by a run)" in out
        assert "pruned: 0 journals" in out and "1 journal in use not removed" in out
        assert Path(folder, "model.txt").is_file()
        running.kill()
        running.wait()
    assert main(["cache", "prune"]) == 0
    assert "pruned: 1 journal," in capsys.readouterr().out
    assert not Path(folder).exists()


class User:
    pass


def test_the_folder_of_a_killed_run_that_keeps_nothing_goes() -> None:
    source = USER.format(function="open_temporary_folder")
    with process(source) as (running, folder):
        users = [User(), User()]
        own = open_temporary_folder(users[0], "own", "m")
        assert own.is_dir() and Path(folder).is_dir()
        running.kill()
        running.wait()
        open_temporary_folder(users[1], "other", "m")
        assert own.is_dir() and not Path(folder).exists()
        users.clear()
    assert list(journal_root().iterdir()) == []


def test_a_run_that_begins_during_a_prune_gets_a_folder_of_its_own() -> None:
    """It waits for the lock, finds that the file is gone, and begins again."""
    folder = open_folder(User(), "name", "m")
    with claim(folder / "in-use") as free:
        assert free
        command = [sys.executable, "-c", USER.format(function="open_folder")]
        pipe = subprocess.PIPE
        running = subprocess.Popen(command, text=True, stdin=pipe, stdout=pipe)
        with pytest.raises(subprocess.TimeoutExpired):
            running.wait(0.5)
        shutil.rmtree(folder)
    out, _ = running.communicate("", timeout=20)
    assert (running.returncode, out.strip()) == (0, str(folder))
    assert (folder / "in-use").is_file() and (folder / "model.txt").is_file()


WRITER = """
import sys
from mmbench.storage.locks import try_lock
file = open(sys.argv[1], "xb")
print(try_lock(file.fileno()), flush=True)
sys.stdin.read()
"""


def test_parts_of_dead_writers_go_and_those_of_live_ones_stay(tmp_path: Path) -> None:
    runs = tmp_path / "runs" / "t"
    runs.mkdir(parents=True)
    future = runs / ".f.json.1-0123abcd"
    names = (".a.json.123-0123abcd", ".b.json.1-0123abcd", ".c.json.1-0123abcd", ".note", "d.json")
    dead, live, young, note, other = (runs / name for name in names)
    for path in (dead, future, note, other):
        path.write_bytes(b"x")
    with process(WRITER, str(live)):
        for path in (dead, live, note, other):
            os.utime(path, (0, 0))
        os.utime(future, (4e9, 4e9))  # by a clock that was wrong
        young.write_bytes(b"x")
        Folder(tmp_path).write("runs/t/e.json", b"{}")
        assert not dead.exists() and not future.exists()
        assert all(path.exists() for path in (live, young, note, other, runs / "e.json"))


STORE = """
import os, sys
from pathlib import Path
from mmbench.media.inside import FileState
from mmbench.storage.key_store import KeyStore
store, name = KeyStore(Path(sys.argv[1])), sys.argv[2].encode()
for number in range(20):
    keys = [(FileState(b"%s/%d/%d" % (name, number, n), 1, 2, 3), os.urandom(16)) for n in range(9)]
    store.add(keys)
    for state, key in keys:
        assert store.get(state) in (key, None)
store.close()
"""


@pytest.mark.slow
@pytest.mark.parametrize("damaged", ["", "before", "midway"])
def test_many_processes_share_a_database(tmp_path: Path, damaged: str) -> None:
    path = tmp_path / "hashes.sqlite"
    if damaged == "before":
        path.write_bytes(os.urandom(40_000))
    commands = [[sys.executable, "-c", STORE, str(path), str(number)] for number in range(16)]
    started = [subprocess.Popen(command, stderr=subprocess.PIPE) for command in commands]
    if damaged == "midway":
        while not path.exists() or path.stat().st_size < 8_000:
            time.sleep(0.01)
        path.write_bytes(os.urandom(40_000))
    errors = [process.communicate()[1].decode() for process in started]
    assert errors == [""] * 16
    if damaged != "midway":
        database = sqlite3.connect(path)
        assert database.execute("SELECT count(*) FROM file_keys").fetchone() == (16 * 20 * 9,)
        database.close()


def test_a_write_that_fails_leaves_no_part(tmp_path: Path) -> None:
    (tmp_path / "a").mkdir()
    with pytest.raises(OSError, match="Is a directory"):
        write_whole(tmp_path / "a", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["a"]
