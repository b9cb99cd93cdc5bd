"""The METEOR 1.5 program: a Java process that answers each input line with one line."""

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
_REMEMBERED = 4096  # a self-test repeats the same pairs


def statistics(requests: Iterable[str]) -> list[list[float]]:
    """Return the jar's 23 numbers for each request, "SCORE ||| reference ||| ... ||| caption".

    The first call starts the process, which serves one call at a time and ends when Python ends.
    Raises UserError if the process fails; the next call starts another process.
    """
    with _LOCK:
        process = _process()
        try:
            return [process.request(request) for request in requests]
        except BaseException:
            # The next call would read the outstanding responses to this call.
            process.close()
            _process.cache_clear()
            raise


@cache
def _process() -> _Process:
    process = _Process()
    atexit.register(process.close)
    return process


class _Process:
    """The Java process of the jar."""

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
        """Return the jar's numbers for an input line.

        Raises UserError if the response does not consist of numbers.
        """
        answer = self._exchange(line.encode("utf-8", "replace"))
        try:
            numbers = [float(number) for number in answer.split()]
        except ValueError:
            numbers = []
        if len(numbers) != COLUMNS:
            raise UserError(f"meteor: the Java process failed ({self._failure(answer)}); run again")
        return numbers

    def _exchange(self, line: bytes) -> bytes:
        """Send a line, and return the response line; b"" if the process has ended."""
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
        """End the process. A second call does nothing."""
        self._java.kill()
        self._java.communicate()
        self._errors.close()
