"""Ctrl-C at every moment ends the command and Ray in five seconds; the command can be resumed."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.engine.workers.kills import IN_FLIGHT, wait_until
from tests.support.layouts.coco import make_coco
from tests.support.logged_model import computed
from tests.support.processes import run_python

pytestmark = pytest.mark.slow
TASK = "coco-retrieval"
SLOW = """
import os
import signal
import time
import mmbench

@mmbench.register("model", "slow")
class Slow:
    modalities = frozenset({"text", "image"})
    version = 1
    unhashed = ("log", "at")

    def __init__(self, folder, *, device, dtype, log, at):
        self.log, self.at = log, at
        self.pause("loading")

    def embed(self, items, modality, role):
        self.pause("computing")
        return [[1.0, 2.0]] * len(items)

    def pause(self, moment):
        if moment == self.at:
            with open(self.log, "a") as file:
                print("here", file=file)
            time.sleep(1000)
        if self.at == "stopped" and moment == "computing":
            with open(self.log, "a") as file:
                print("here", file=file)
            os.kill(os.getpid(), signal.SIGSTOP)
"""


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    """Return a command on two workers, without the options of the model."""
    (tmp_path / "slow.py").write_text(SLOW)
    data = make_coco(tmp_path / "coco", 12)
    return [
        *(sys.executable, "-m", "mmbench", "run", "--plugin", str(tmp_path / "slow.py")),
        *("-m", "slow", "-t", TASK, "--data", str(data), "--batch-size", "8", "--device", "cpu"),
        *("--workers", "2", "--cpus-per-worker", "1", "--out", str(tmp_path / "out")),
        *("--model-arg", f"log={tmp_path / 'log'}"),
    ]


def processes(mark: str) -> Iterator[tuple[int, str]]:
    """Yield the processes with a mark in their environment, and their command lines."""
    for place in Path("/proc").glob("[0-9]*"):
        try:
            if mark.encode() not in (place / "environ").read_bytes():
                continue
            state = (place / "stat").read_text().rpartition(")")[2].split()[0]
            if state != "Z":
                yield int(place.name), (place / "cmdline").read_text().replace("\0", " ")
        except OSError:
            continue


def has_process(name: str, mark: str) -> bool:
    return any(name in line for _, line in processes(mark))


# What exists at the moment of the interruption, by the name of a process or by the model's log.
MOMENTS: dict[str, Callable[[str, Path], bool]] = {
    "start of Ray": lambda mark, _: has_process("gcs_server", mark),
    "start of the node": lambda mark, _: has_process("raylet/raylet", mark),
    "start of workers": lambda mark, _: has_process("ray::", mark),
    "loading": lambda _, log: log.exists(),
    "computing": lambda _, log: log.exists(),
    "stopped": lambda _, log: log.exists(),
}


def interrupt(command: list[str], folder: Path, is_time: Callable[[str], bool]) -> str:
    """Interrupt a command; check that it ends with all its processes, and return its stderr.

    `is_time` gets a mark that the environment of the command and its processes has.
    """
    mark = f"MOMENT={folder}"
    environment = os.environ | {"PYTHONPATH": os.pathsep.join(sys.path), "MOMENT": str(folder)}
    process = subprocess.Popen(
        command, env=environment, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    wait_until(lambda: is_time(mark))
    start = time.monotonic()
    os.killpg(process.pid, signal.SIGINT)  # as a terminal does
    error = process.communicate(timeout=60)[1]
    assert time.monotonic() - start < 5
    assert process.returncode == 130
    assert error.endswith("run the same command again to continue\n")
    assert [*processes(mark)] == []
    return error


@pytest.mark.parametrize("moment", MOMENTS)
def test_an_interruption_ends_everything_in_five_seconds(
    moment: str, tmp_path: Path, command: list[str]
) -> None:
    log = tmp_path / "log"
    command += ["--model-arg", f"at={moment}"]
    interrupt(command, tmp_path, lambda mark: MOMENTS[moment](mark, log))


def test_four_pairs_are_interrupted_and_continued(
    tmp_path: Path, plugin_file: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path / "cache"))
    data, log = make_coco(tmp_path / "coco", 60), tmp_path / "log"
    other = tmp_path / "other_model.py"
    other.write_text(plugin_file.read_text().replace('"logged"', '"other"'))
    command = [
        *(sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin_file)),
        *("--plugin", str(other), "-m", "logged", "-m", "other"),
        *("--model-arg", f"log={log}", "--model-arg", "pause=0.05"),
        *("-t", TASK, "-t", "shapes-retrieval", "--data", f"{TASK}={data}", "--limit", "60"),
        *("--batch-size", "8", "--device", "cpu", "--out", str(tmp_path / "out")),
        *("--workers", "2", "--cpus-per-worker", "1"),
    ]
    error = interrupt(command, tmp_path, lambda _: computed(log).total() > 200)
    assert "4 runs: " in error
    before = computed(log).total()
    done = subprocess.run(
        command,
        env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.count("record: ") == 4
    assert f"{TASK}: embed image: " in done.stderr
    items = computed(log)  # both models compute each item
    assert before < items.total() <= 2 * len(items) + 2 * IN_FLIGHT


SOURCE = """
import time
from threading import Thread
from mmbench.engine.workers.executor import RayExecutor, WorkerOptions
executor = RayExecutor(WorkerOptions(1, cpus=1))
executor.device_for("cpu")
thread = Thread(target=executor.scheduler)
thread.start()
thread.join()
time.sleep(3)
import ray
print(ray.get(ray.remote(num_cpus=0)(lambda: "alive").remote(), timeout=60))
executor.close()
"""


def test_ray_outlives_the_run_that_started_it() -> None:
    assert run_python(SOURCE, PYTHONPATH=os.pathsep.join(sys.path)).endswith("alive\n")
