"""Workers and drivers die, models raise errors: nothing is lost, and no number changes."""

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

import pytest

from mmbench.engine.workers.executor import RayExecutor
from mmbench.errors import UserError
from tests.engine.workers.conftest import Outcome
from tests.support.boards import stored_rows
from tests.support.layouts.coco import make_coco
from tests.support.logged_model import computed, living_workers

Compute = Callable[..., Outcome]
Workers = Callable[[int], RayExecutor]
TASK = "coco-retrieval"
pytestmark = [pytest.mark.usefixtures("plugin"), pytest.mark.slow]


@pytest.fixture
def data(tmp_path: Path) -> Path:
    return make_coco(tmp_path / "coco", 12)


@contextmanager
def random_kills(pids: Path, pause: float, most: int = 1000) -> Iterator[list[int]]:
    """Kill a worker that has the model, chosen at random, every `pause` seconds.

    At most `most` workers are killed: a batch that is hit three times would be split.
    """
    killed: list[int] = []
    stop, choice = threading.Event(), random.Random(0)

    def kill() -> None:
        while not stop.wait(pause) and len(killed) < most:
            if alive := living_workers(pids):
                killed.append(choice.choice(alive))
                os.kill(killed[-1], signal.SIGKILL)

    thread = threading.Thread(target=kill)
    thread.start()
    try:
        yield killed
    finally:
        stop.set()
        thread.join()


def equal(one: Outcome, other: Outcome) -> bool:
    return one.rows.equals(other.rows) and one.record.scores == other.record.scores


def test_a_killed_worker_changes_no_bit(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    expected = outcome("logged", TASK, None, data=data)
    pids = tmp_path / "pids"
    options = {"pids": str(pids), "pause": 0.8}
    with random_kills(pids, 1.0, most=2) as killed:
        found = outcome("logged", TASK, workers(2), data=data, model_options=options)
    assert killed
    assert equal(found, expected)
    assert found.record.counts == expected.record.counts


def test_a_model_that_raises_on_one_worker_is_computed_on_another(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    expected = outcome("logged", TASK, None, data=data)
    options = {"broken": str(tmp_path / "flag")}
    found = outcome("logged", TASK, workers(2), data=data, model_options=options)
    assert (tmp_path / "flag").exists()
    assert equal(found, expected)


@pytest.mark.slow
def test_a_deadly_sample_fails_alone(
    tmp_path: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    deadly = "picture 5"
    found = outcome("logged", TASK, workers(2), data=data, model_options={"deadly": deadly})
    assert [why for _, why in found.record.failures] == [
        "2 workers died while they computed this sample alone"
    ]
    assert any("was split because workers died" in note for note in found.record.notes)
    assert found.record.counts["failed"] == 1


def test_quick_batches_in_one_call_survive_deaths_and_errors(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "many", 400)
    expected = outcome("logged", TASK, None, data=data, batch_size=2)
    pids, options = tmp_path / "pids", {"broken": str(tmp_path / "flag")}
    options |= {"pids": str(pids), "pause": 0.005}
    with random_kills(pids, 1.5, most=2) as killed:
        found = outcome("logged", TASK, workers(2), data=data, batch_size=2, model_options=options)
    assert killed
    assert (tmp_path / "flag").exists()
    assert equal(found, expected)
    assert found.record.counts == expected.record.counts


def test_a_deadly_sample_among_quick_batches_fails_alone(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "many", 200)
    deadly = {"deadly": "picture 155"}
    found = outcome("logged", TASK, workers(2), data=data, batch_size=2, model_options=deadly)
    assert {why for _, why in found.record.failures} == {
        "2 workers died while they computed this sample alone"
    }
    assert found.record.counts["failed"] == 1


@pytest.mark.slow
def test_four_workers_survive_a_kill_every_few_seconds(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "large", 200)
    expected = outcome("logged", TASK, None, data=data)
    pids, log = tmp_path / "pids", tmp_path / "log"
    options = {"pids": str(pids), "log": str(log), "pause": 2.0}
    with random_kills(pids, 5.0) as killed:
        found = outcome("logged", TASK, workers(4), data=data, model_options=options)
    assert len(killed) > 5
    assert equal(found, expected)
    repeated = computed(log).total() - found.record.counts["computed"]
    assert repeated <= len(killed) * 3 * 8  # three batches of eight at each worker


class Driver:
    """A command in a process of its own, on workers of the cluster of the test or without."""

    def __init__(self, plugin: Path, data: Path, address: str, log: Path, folder: Path) -> None:
        self._address = address
        self._base = [
            *(sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin), "-m", "logged"),
            *("-t", TASK, "--data", str(data), "--batch-size", "8", "--device", "cpu"),
            *("--model-arg", f"log={log}", "--model-arg", "pause=0.1"),
        ]
        self._folder = folder
        self._env = {**os.environ, "MMBENCH_CACHE": str(folder / "cache"), "OMP_NUM_THREADS": "1"}
        self._env["PYTHONPATH"] = os.pathsep.join(sys.path)

    def start(self, workers: int | None) -> subprocess.Popen[str]:
        flags = ["--ray", self._address, "--workers", str(workers)] if workers else []
        command = [*self._base, *flags, "--out", str(self._folder / "out")]
        return subprocess.Popen(
            command, env=self._env, text=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT
        )


@pytest.mark.slow
def test_a_driver_killed_at_random_goes_on_with_another_number_of_workers(
    tmp_path: Path, plugin: Path, ray_address: str
) -> None:
    data, log = make_coco(tmp_path / "coco", 60), tmp_path / "log"
    alone = Driver(plugin, data, ray_address, tmp_path / "other log", tmp_path / "alone")
    assert alone.start(None).wait() == 0
    driver, choice, kills = Driver(plugin, data, ray_address, log, tmp_path), random.Random(1), 0
    for attempt in range(20):
        number = 1 + attempt % 4
        process = driver.start(number)
        try:
            process.wait(timeout=choice.uniform(4, 14))
        except subprocess.TimeoutExpired:
            process.kill()
            kills += number
        output = process.communicate()[0]
        if process.returncode == 0:
            break
        assert process.returncode == -signal.SIGKILL, output
    else:
        finished = driver.start(2)
        output = finished.communicate()[0]
        assert finished.returncode == 0, output
    last = max(file.stem for file in (tmp_path / "out" / "runs").rglob("*.json"))
    assert stored_rows(tmp_path / "out", last) == stored_rows(tmp_path / "alone" / "out")
    times = computed(log)
    assert times.keys() == computed(tmp_path / "other log").keys()
    # Each worker of a killed driver had at most three batches of eight.
    assert times.total() - len(times) <= kills * 3 * 8


def test_an_error_on_every_worker_ends_the_run_with_the_place_in_the_plugin(
    plugin: Path, data: Path, workers: Workers, outcome: Compute
) -> None:
    options = {"pause": "not a number"}
    with pytest.raises(UserError, match=r"worker \d on .*logged_model.py, line \d+, in embed"):
        outcome("logged", TASK, workers(2), data=data, model_options=options)


@pytest.mark.slow
def test_an_interruption_ends_everything_in_five_seconds(
    tmp_path: Path, plugin: Path, data: Path
) -> None:
    pids = tmp_path / "pids"
    command = [
        *(sys.executable, "-m", "mmbench", "run", "--plugin", str(plugin), "-m", "logged"),
        *("-t", TASK, "--data", str(data), "--batch-size", "8", "--device", "cpu"),
        *("--model-arg", "pause=3", "--model-arg", f"pids={pids}", "--workers", "2"),
        *("--out", str(tmp_path / "out")),
    ]
    process = subprocess.Popen(command, env=os.environ | {"PYTHONPATH": os.pathsep.join(sys.path)})
    while len(living_workers(pids)) < 2:
        assert process.poll() is None
        time.sleep(0.1)
    session = ray_processes(process.pid)
    assert session
    process.send_signal(signal.SIGINT)
    start = time.monotonic()
    assert process.wait(timeout=60) == 130
    assert time.monotonic() - start < 5
    time.sleep(0.5)
    assert [pid for pid in session if is_running(pid)] == []


def ray_processes(parent: int) -> list[int]:
    """Return the descendants of a process, and the workers that they started."""
    parents = {}
    for place in Path("/proc").glob("[0-9]*/stat"):
        try:
            name, _, rest = place.read_text().rpartition(")")
        except OSError:
            continue
        parents[int(name.split()[0])] = int(rest.split()[1])
    found = {parent}
    while more := {pid for pid, above in parents.items() if above in found} - found:
        found |= more
    return sorted(found - {parent})


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
