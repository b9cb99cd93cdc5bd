"""The program of METEOR 1.5: one Java process that answers line after line."""

from __future__ import annotations

import atexit
import subprocess
from collections.abc import Iterable
from functools import cache, lru_cache
from tempfile import TemporaryFile
from threading import Lock
from typing import IO

from mmbench.errors import UserError
from mmbench.metrics.captions.jar import failure_message, jar_folder, java_command
from mmbench.text import plain

COLUMNS = 23

_JAR = "meteor-1.5.jar"
_ARGUMENTS = ("-", "-", "-stdio", "-l", "en", "-norm")
_LOCK = Lock()
_REMEMBERED = 4096  # a self-test asks for the same pairs again and again


def statistics(requests: Iterable[str]) -> list[list[float]]:
    """The 23 numbers that the jar answers to each "SCORE ||| reference ||| ... ||| caption".

    The process is started by the first call, serves one call at a time and ends with Python.
    Raises UserError when it breaks down, and the next call starts another.
    """
    with _LOCK:
        process = _process()
        try:
            return [process.request(request) for request in requests]
        except BaseException:
            # Half a conversation: the next caller would read the answers that are still to come.
            process.close()
            _process.cache_clear()
            raise


@cache
def _process() -> _Process:
    process = _Process()
    atexit.register(process.close)
    return process


class _Process:
    """The jar, waiting for lines."""

    def __init__(self) -> None:
        folder = jar_folder("meteor", _JAR)
        command = [*java_command("meteor", "2G"), "-jar", _JAR, *_ARGUMENTS]
        self._errors: IO[bytes] = TemporaryFile()  # noqa: SIM115 - as long as the process
        self._java = subprocess.Popen(
            command,
            cwd=folder,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._errors,
        )
        self.request = lru_cache(_REMEMBERED)(self._request)

    def _request(self, line: str) -> list[float]:
        """What the jar answers to a line. Raises UserError for anything but its numbers."""
        answer = self._exchange(line.encode("utf-8", "replace"))
        try:
            numbers = [float(number) for number in answer.split()]
        except ValueError:
            numbers = []
        if len(numbers) != COLUMNS:
            raise UserError(
                f"meteor: its Java process broke down ({self._failure(answer)}); run again"
            )
        return numbers

    def _exchange(self, line: bytes) -> bytes:
        """The answer to a line; nothing from a process that has ended."""
        assert self._java.stdin and self._java.stdout
        try:
            self._java.stdin.write(line + b"\n")
            self._java.stdin.flush()
            return self._java.stdout.readline()
        except OSError:
            return b""

    def _failure(self, answer: bytes) -> str:
        self._errors.seek(0)
        return plain(failure_message(answer or self._errors.read()))

    def close(self) -> None:
        """End the process. Does nothing the second time."""
        self._java.kill()
        self._java.communicate()
        self._errors.close()
