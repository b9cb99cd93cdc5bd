"""Workers that are killed at random, and commands that run in a process of their own."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.support.logged_model import computed, living_workers

BATCH = 8
IN_FLIGHT = 3 * BATCH  # items at a worker: three batches


@contextmanager
def random_kills(
    pids: Path, pause: float, most: int = 1000, number: int = signal.SIGKILL
) -> Iterator[list[int]]:
    """Kill a worker that has the model, chosen at random, every `pause` seconds.

    At most `most` workers are killed: a batch that is hit three times would be split. `number` is
    the signal.
    """
    killed: list[int] = []
    choice = random.Random(0)

    def kill(stop: threading.Event) -> None:
        while not stop.wait(pause) and len(killed) < most:
            if alive := living_workers(pids):
                killed.append(choice.choice(alive))
                os.kill(killed[-1], number)

    with in_a_thread(kill):
        yield killed


@contextmanager
def in_a_thread(work: Callable[[threading.Event], None]) -> Iterator[None]:
    """Call a function in a thread; it ends when the event is set, after the `with` block."""
    stop = threading.Event()
    thread = threading.Thread(target=work, args=(stop,))
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def wait_until(condition: Callable[[], bool], seconds: float = 300.0) -> None:
    """Wait until a condition holds."""
    end = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.05)


class Driver:
    """A command in a process of its own, on workers of the cluster at `address` or without.

    `log` receives the digests of the items that the model computes.
    """

    def __init__(
        self, plugin: Path, data: Path, address: str, log: Path, folder: Path, *, pause: float = 0.0
    ) -> None:
        self._address, self._log, self._begun = address, log, 0
        self._base = [
            *(sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin), "-m", "logged"),
            *("-t", "coco-retrieval", "--data", str(data), "--batch-size", str(BATCH)),
            *("--model-arg", f"log={log}", "--model-arg", f"pause={pause}", "--device", "cpu"),
        ]
        self.out = folder / "out"
        self._env = {**os.environ, "MMBENCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        self._env["PYTHONPATH"] = os.pathsep.join(sys.path)

    def start(self, workers: int | None) -> subprocess.Popen[str]:
        """Start the command with a number of workers, or in one process."""
        self._begun = computed(self._log).total()
        flags = ["--ray", self._address, "--workers", str(workers)] if workers else []
        return subprocess.Popen(
            [*self._base, *flags, "--out", str(self.out)],
            env=self._env,
            text=True,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )

    def wait_for_work(self) -> None:
        """Wait until the model computes an item for the command that was started last."""
        wait_until(lambda: computed(self._log).total() > self._begun)

    def finish(self, workers: int | None) -> str:
        """Run the command to its end, and return its output."""
        process = self.start(workers)
        output = process.communicate()[0]
        assert process.returncode == 0, output
        return output
