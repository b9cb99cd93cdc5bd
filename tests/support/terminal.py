"""Commands of mmbench in this process, with their output on a terminal."""

from __future__ import annotations

import os
import pty
import struct
import sys
import threading
from collections.abc import Sequence
from fcntl import ioctl
from termios import TIOCSWINSZ

import pytest

from mmbench.cli import main


def run_on_terminal(
    width: int, args: Sequence[str], streams: Sequence[str] = ("stdout", "stderr")
) -> tuple[int, str]:
    """Return the exit code of a command, and what a terminal of `width` columns shows of streams.

    A standard stream that is not named in `streams` is not changed.
    """
    ours, theirs = pty.openpty()
    ioctl(theirs, TIOCSWINSZ, struct.pack("HHHH", 40, width, 0, 0))
    shown: list[bytes] = []
    reader = threading.Thread(target=_read, args=(ours, shown))
    reader.start()
    with os.fdopen(theirs, "w") as screen, pytest.MonkeyPatch.context() as patch:
        patch.delenv("COLUMNS", raising=False)
        for stream in streams:
            patch.setattr(sys, stream, screen)
        code = _exit_code(args)
    reader.join()
    os.close(ours)
    return code, b"".join(shown).decode().replace("\r\n", "\n")


def _exit_code(args: Sequence[str]) -> int:
    try:
        return main(list(args))
    except SystemExit as end:  # --help, and errors of argparse
        return int(end.code or 0)


def _read(handle: int, shown: list[bytes]) -> None:
    try:
        while data := os.read(handle, 65536):
            shown.append(data)
    except OSError:  # how Linux says that the other side is closed
        return
