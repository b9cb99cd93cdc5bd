"""Workers are killed every ten seconds, and drivers at random moments: no bit changes."""

from __future__ import annotations

import random
import signal
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from mmbench.engine.workers.executor import RayExecutor
from mmbench.storage.records import read_records
from tests.engine.workers.conftest import Outcome
from tests.engine.workers.kills import IN_FLIGHT, Driver, random_kills
from tests.support.boards import score_values, stored_rows
from tests.support.layouts.coco import make_coco
from tests.support.logged_model import computed

Compute = Callable[..., Outcome]
Workers = Callable[[int], RayExecutor]
pytestmark = [pytest.mark.usefixtures("plugin"), pytest.mark.slow]


def test_four_workers_of_which_one_is_killed_every_ten_seconds_for_two_minutes(
    tmp_path: Path, workers: Workers, outcome: Compute
) -> None:
    data = make_coco(tmp_path / "coco", 900)
    expected = outcome("logged", "coco-retrieval", None, data=data)
    pids, log = tmp_path / "pids", tmp_path / "log"
    options = {"pids": str(pids), "log": str(log), "pause": 1.5}
    with random_kills(pids, 10.0) as killed:
        found = outcome("logged", "coco-retrieval", workers(4), data=data, model_options=options)
    assert len(killed) >= 12
    assert found.rows.equals(expected.rows)
    assert found.record.scores == expected.record.scores
    times = computed(log)
    repeated = times.total() - len(times)
    assert repeated <= len(killed) * IN_FLIGHT
    print(f"{len(killed)} kills, {repeated} of {len(times)} items computed twice")


def test_a_driver_killed_at_twenty_random_moments_resumes_with_other_numbers_of_workers(
    tmp_path: Path, plugin: Path, ray_address: str
) -> None:
    data, log = make_coco(tmp_path / "coco", 200), tmp_path / "log"
    alone = Driver(plugin, data, ray_address, tmp_path / "other log", tmp_path / "alone")
    alone.finish(None)
    driver = Driver(plugin, data, ray_address, log, tmp_path, pause=3.0)
    choice, most_repeated = random.Random(1), 0
    for attempt in range(20):
        number = 1 + attempt % 4
        process = driver.start(number)
        if attempt % 4:  # otherwise it is killed while it starts
            driver.wait_for_work()
        time.sleep(choice.uniform(0, 6))
        process.kill()
        assert process.wait() == -signal.SIGKILL  # there was more work
        process.communicate()
        most_repeated += number * IN_FLIGHT
    before = len(computed(log))
    driver.finish(4)
    (record,), (expected,) = read_records(driver.out), read_records(alone.out)
    assert stored_rows(driver.out) == stored_rows(alone.out)
    assert score_values(record) == score_values(expected)
    times = computed(log)
    assert times.keys() == computed(tmp_path / "other log").keys()
    repeated = times.total() - len(times)
    assert before > len(times) / 4  # drivers were killed while workers computed
    assert repeated <= most_repeated
    print(f"20 kills, {before} of {len(times)} items before the last, {repeated} of them twice")
