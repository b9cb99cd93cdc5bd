"""Processes of their own: commands that run to their end, and forks to be killed.

A fork costs little: one process imports everything once, and forks for each that is asked for.
What is shared is what has been imported; memory, files and signals are each process's own.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from subprocess import PIPE
from typing import Any, NamedTuple

_PARENT = """
import json, os, sys, traceback
answers = os.fdopen(os.dup(1), "w")
os.dup2(2, 1)  # what the warm-up prints is no answer
exec(sys.argv[1])
for line in sys.stdin:
    asked = json.loads(line)
    if "wait" in asked:
        print(os.waitstatus_to_exitcode(os.waitpid(asked["wait"], 0)[1]), file=answers, flush=True)
        continue
    child = os.fork()
    if child:
        print(child, file=answers, flush=True)
        continue
    for name, number in (("out", 1), ("err", 2)):
        os.dup2(os.open(asked[name], os.O_WRONLY | os.O_CREAT), number)
    os.environ.update(asked["env"])
    code = 1
    try:
        exec(asked["source"], {"args": asked["args"]})
    except SystemExit as end:
        code = end.code
    except BaseException:
        traceback.print_exc()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(code)
"""


class Ended(NamedTuple):
    """The exit code, the negative number of the signal that killed it, and what it printed."""

    code: int
    out: str
    err: str


class Fork:
    """One process."""

    def __init__(self, parent: subprocess.Popen[str], pid: int, out: Path, err: Path) -> None:
        self._parent, self._out, self._err, self.pid = parent, out, err, pid

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def wait(self) -> Ended:
        code = int(_asked(self._parent, {"wait": self.pid}))
        return Ended(code, self._out.read_text(), self._err.read_text())


class Forks:
    """Starts processes that run `source`, which ends by `sys.exit(code)`, with its `args`."""

    def __init__(self, parent: subprocess.Popen[str], folder: Path) -> None:
        self._parent, self._folder, self._started = parent, folder, 0

    def start(self, source: str, *args: Any, **env: str) -> Fork:
        self._started += 1
        out, err = (self._folder / f"{self._started}.{name}" for name in ("out", "err"))
        asked = {"source": source, "args": args, "env": env, "out": str(out), "err": str(err)}
        return Fork(self._parent, int(_asked(self._parent, asked)), out, err)


def _asked(parent: subprocess.Popen[str], what: dict[str, Any]) -> str:
    assert parent.stdin
    assert parent.stdout
    print(json.dumps(what), file=parent.stdin, flush=True)
    return parent.stdout.readline()


@contextmanager
def forks(warm_up: str, folder: Path) -> Iterator[Forks]:
    """`warm_up` is Python that imports what the processes need; `folder` takes what they print."""
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path), "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-c", _PARENT, warm_up]
    with subprocess.Popen(command, env=environment, stdin=PIPE, stdout=PIPE, text=True) as parent:
        yield Forks(parent, folder)
        assert parent.stdin
        parent.stdin.close()


def run_process(*command: object, cwd: Path | None = None, code: int = 0, **env: str) -> str:
    """Run a command, which has to end with the exit code `code`; return what it prints."""
    words, environment = list(map(str, command)), os.environ | env
    done = subprocess.run(
        words, cwd=cwd, env=environment, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done.stdout


def run_python(source: str, *args: object, cwd: Path | None = None, **env: str) -> str:
    """Run Python code, which has to end without an error; return what it prints."""
    return run_process(sys.executable, "-c", source, *args, cwd=cwd, **env)


def run_mmbench(*command: object, cwd: Path | None = None, code: int = 0, **env: str) -> str:
    """Run a command of mmbench, which has to end with the exit code `code`."""
    return run_process(sys.executable, "-m", "mmbench", *command, cwd=cwd, code=code, **env)
