"""A program that runs a server as long as the process that started it lives.

`python supervisor.py COMMAND …` starts COMMAND in a separate process group and ends that group
when standard input is closed. The system closes it when the parent ends, also by a crash or
SIGKILL, so that no server is left behind. The exit code is that of COMMAND. The program uses the
standard library alone and is run by its path, without mmbench.
"""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

_GRACE = 10.0  # seconds from SIGTERM to SIGKILL


def main(command: list[str]) -> int:
    """Run `command` until it ends or standard input is closed, and return its exit code."""
    server = subprocess.Popen(command, stdin=subprocess.DEVNULL, start_new_session=True)
    threading.Thread(target=_stop_at_end_of_input, args=(server,), daemon=True).start()
    code = server.wait()
    _signal_group(server, signal.SIGKILL)  # workers that outlived the server
    return code


def _stop_at_end_of_input(server: subprocess.Popen[bytes]) -> None:
    while os.read(0, 1024):  # `sys.stdin` would be locked when the interpreter ends
        pass
    _signal_group(server, signal.SIGTERM)
    try:
        server.wait(_GRACE)
    except subprocess.TimeoutExpired:
        _signal_group(server, signal.SIGKILL)


def _signal_group(server: subprocess.Popen[bytes], number: int) -> None:
    try:
        os.killpg(server.pid, number)
    except ProcessLookupError:
        return  # the group has ended


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
