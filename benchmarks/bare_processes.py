"""Processes without mmbench's executors that work at the same time, for comparison."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

ROOT = Path(__file__).parents[1]


def run_together(commands: Sequence[Sequence[str]]) -> list[str]:
    """Run modules with arguments, each in a process of one thread, and return what they print.

    A process prints a line when it is ready, and works after a line on stdin, which all processes
    receive once all of them are ready.
    """
    running = [
        subprocess.Popen(
            [sys.executable, "-m", *command],
            cwd=ROOT,
            env=os.environ | {"OMP_NUM_THREADS": "1"},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        for command in commands
    ]
    for one in running:
        assert one.stdout is not None
        one.stdout.readline()
    for one in running:
        assert one.stdin is not None
        one.stdin.write("\n")
        one.stdin.flush()
    return [one.communicate()[0] for one in running]
