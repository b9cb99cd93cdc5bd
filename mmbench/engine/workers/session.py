"""The thread that starts and ends Ray, and Ray's processes on this machine.

Read in the sources of Ray 2.60: the processes of a local cluster get PR_SET_PDEATHSIG
(python/ray/_private/utils.py), by which Linux kills them when the thread that started them ends.
"""

from __future__ import annotations

import atexit
import os
import queue
import signal
import threading
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from pathlib import Path
from typing import Any

_GRACE = 2.0  # seconds in which Ray may end its processes itself
_PROC = Path("/proc")  # absent on other systems than Linux

_Call = tuple[Callable[[], object], "Future[object]"]


class RaySession:
    """The connection of this process to Ray, made in a thread that lives as long as it.

    So an interruption does not wait for Ray.
    """

    def __init__(self, ray: Any) -> None:
        self._ray = ray
        self._calls: queue.SimpleQueue[_Call | None] = queue.SimpleQueue()
        self._start: Future[object] | None = None

    def start(self, settings: dict[str, Any]) -> None:
        """Call `ray.init` with these settings; raise its errors."""
        threading.Thread(target=self._run, name="ray", daemon=True).start()
        self._start = self._submit(partial(self._ray.init, **settings))
        self._start.result()

    def stop(self, *, is_busy: bool = False) -> None:
        """Call `ray.shutdown`, and kill processes that Ray leaves.

        If `is_busy` is true, another thread calls Ray, which must then not be shut down; its
        processes are killed, and the command has to end.
        """
        if self._start is None:
            return
        processes = _ray_processes(self._ray)
        if is_busy or not self._start.done():
            atexit.unregister(self._ray.shutdown)
            threading.excepthook = _ignore  # threads of Ray report that its processes are gone
            _kill(processes)
            _wait(self._start, _GRACE / 2)
        else:
            _wait(self._submit(self._ray.shutdown), _GRACE)
        _kill(processes | _ray_processes(self._ray))
        self._calls.put(None)

    def _submit(self, call: Callable[[], object]) -> Future[object]:
        future: Future[object] = Future()
        self._calls.put((call, future))
        return future

    def _run(self) -> None:
        while item := self._calls.get():
            call, future = item
            try:
                future.set_result(call())
            except BaseException as error:
                future.set_exception(error)


def _ignore(_: threading.ExceptHookArgs) -> None:
    """Report nothing: the command ends."""


def _wait(future: Future[object], seconds: float) -> None:
    """Wait for the end of a call, whatever its result is."""
    try:
        future.exception(seconds)
    except TimeoutError:
        return


def _ray_processes(ray: Any) -> set[int]:
    """Return the processes of Ray that this process has started, and their descendants."""
    folder = str(Path(ray.__file__).parent).encode()
    parents = dict(filter(None, map(_parent, _PROC.glob("[0-9]*"))))
    own = {pid for pid, parent in parents.items() if parent == os.getpid()}
    found = {pid for pid in own if folder in _read(_PROC / str(pid) / "cmdline")}
    while more := {pid for pid, parent in parents.items() if parent in found} - found:
        found |= more
    return found


def _parent(folder: Path) -> tuple[int, int] | None:
    """Return a process and its parent; None if the process has ended."""
    fields = _read(folder / "stat").rpartition(b")")[2].split()
    return (int(folder.name), int(fields[1])) if fields else None


def _read(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # the process has ended
        return b""


def _kill(processes: set[int]) -> None:
    for pid in processes:
        try:
            os.kill(pid, signal.SIGKILL)
        except ProcessLookupError:
            continue
