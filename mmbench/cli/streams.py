"""Standard streams that never stop a command, even if they are closed, full or not Unicode.

If the reader of the output ends early (`| head`), this is not an error: the remaining output is
dropped, and the command ends with its usual exit code. Output that is lost for another reason (a
full disk) is reported at the end. A character that the encoding of a stream cannot represent is
replaced.
"""

from __future__ import annotations

import io
import os
import select
import sys
from typing import IO, TYPE_CHECKING

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


class _Output(io.FileIO):
    """A file descriptor that discards output after the first failed write."""

    fault: OSError | None = None

    def write(self, data: ReadableBuffer, /) -> int:
        """Write all of the data and return its size. Wait if the descriptor would block."""
        try:
            while (n_bytes := super().write(data)) is None:
                select.select([], [self], [])
        except OSError as error:
            self.fault = error
            os.dup2(os.open(os.devnull, os.O_WRONLY), self.fileno())
            return memoryview(data).nbytes
        return n_bytes


class Streams:
    """The streams that replace sys.stdout and sys.stderr in this process."""

    def __init__(self) -> None:
        _fill_gaps()
        sys.stdin = sys.stdin or open(0, encoding="utf-8")  # noqa: SIM115
        self._out, self._err = _Output(1, "w", closefd=False), _Output(2, "w", closefd=False)
        sys.stdout = _text(self._out, sys.stdout, "replace")
        sys.stderr = _text(self._err, sys.stderr, "backslashreplace")

    def close(self) -> str:
        """Flush the streams; return why output was lost, or "" if none was lost."""
        sys.stdout.flush()
        sys.stderr.flush()
        fault = self._out.fault
        is_lost = fault is not None and not isinstance(fault, BrokenPipeError)
        return f"standard output: {fault.strerror}" if fault and is_lost else ""


def _fill_gaps() -> None:
    """Open /dev/null in place of standard streams that are closed.

    Otherwise the next opened file would get the descriptor of a standard stream, and output would
    be written into the file.
    """
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            os.open(os.devnull, os.O_RDWR)  # takes the lowest free number


def _text(raw: _Output, old: IO[str] | None, errors: str) -> io.TextIOWrapper:
    """Return a text stream that writes to `raw`, in place of the stream `old`.

    It has the encoding of `old`, and is buffered like the streams of Python. `errors` states how
    characters are replaced that the encoding cannot represent.
    """
    terminal = raw.isatty()
    return io.TextIOWrapper(
        io.BufferedWriter(raw),
        encoding=getattr(old, "encoding", None) or "utf-8",
        errors=errors,
        line_buffering=terminal or errors == "backslashreplace",
        write_through=bool(os.environ.get("PYTHONUNBUFFERED")),
    )
