"""Servers of models that mmbench starts, waits for and stops."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
import tempfile
import time
import weakref
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmbench.errors import ModelError
from mmbench.models.api import supervisor
from mmbench.text import plain

_POLL = 0.5  # seconds between two requests for the health of a starting server
_STOP = 20.0  # seconds for a server to end; the supervisor kills it after 10
_TAIL = 65_536  # bytes of the log that are searched for the reason of a failed start


class ServerProcess:
    """A server on a free port of this machine, which ends together with this object.

    `command` has the placeholder `{port}`. The constructor returns once `GET /health` succeeds,
    and raises ModelError with the end of the log if the server exits, or is not ready within
    `seconds`. The server also ends if this process is interrupted or killed.
    """

    def __init__(
        self, command: Sequence[str], environment: Mapping[str, str], *, seconds: float
    ) -> None:
        self.port = _free_port()
        self.base = f"http://127.0.0.1:{self.port}/v1"
        self._command = [part.replace("{port}", str(self.port)) for part in command]
        handle, name = tempfile.mkstemp(prefix="mmbench-server-", suffix=".log")
        self._log = Path(name)
        with os.fdopen(handle, "wb") as log:
            self._process = subprocess.Popen(
                [sys.executable, supervisor.__file__, *self._command],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=log,
                env={**os.environ, **environment},
                start_new_session=True,  # Ctrl-C in a terminal reaches mmbench alone
            )
        self._finalizer = weakref.finalize(self, _stop, self._process, self._log)
        try:
            self._wait(seconds)
        except BaseException:
            self.stop()
            raise

    def stop(self) -> None:
        """End the server and delete its log."""
        self._finalizer()

    def _wait(self, seconds: float) -> None:
        end = time.monotonic() + seconds
        while not _is_healthy(self.port):
            code = self._process.poll()
            if code is not None:
                raise self._failure(f"it ended with exit code {code}")
            if time.monotonic() > end:
                raise self._failure(
                    f"it was not ready within {seconds:g} s; raise --model-arg start_timeout"
                )
            time.sleep(_POLL)

    def _failure(self, reason: str) -> ModelError:
        return ModelError(
            f"the server did not start: {reason}; its last output: {_last_line(self._log)};"
            f" its command: {plain(' '.join(self._command))}"
        )


def _stop(process: subprocess.Popen[bytes], log: Path) -> None:
    assert process.stdin is not None
    process.stdin.close()  # the supervisor ends the server
    try:
        process.wait(_STOP)
    except subprocess.TimeoutExpired:
        process.kill()
        process.wait()
    log.unlink(missing_ok=True)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _is_healthy(port: int) -> bool:
    import requests

    with requests.Session() as session:
        session.trust_env = False  # no proxy
        try:
            return session.get(f"http://127.0.0.1:{port}/health", timeout=5).ok
        except requests.RequestException:
            return False


def _last_line(log: Path) -> str:
    """Return the last line of a log, preferably one that reports an error, at most 300 long."""
    with log.open("rb") as file:
        file.seek(max(0, log.stat().st_size - _TAIL))
        lines = [line for line in file.read().decode("utf-8", "replace").splitlines() if line]
    errors = [line for line in lines if "Error" in line or "error:" in line]
    return plain((errors or lines or ["nothing"])[-1].strip()[:300])
