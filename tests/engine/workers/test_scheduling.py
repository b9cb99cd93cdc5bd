"""Several runs share the workers; cached runs do not wait; a journal is used in turns."""

from __future__ import annotations

import threading
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from mmbench.engine.execution.tries import end_try
from mmbench.engine.options import RunSettings
from mmbench.engine.run import FinishedRun, run
from mmbench.engine.workers.concurrent_runs import AT_A_TIME, as_finished
from mmbench.engine.workers.executor import RayExecutor
from mmbench.engine.workers.search import ray_search
from tests.support.boards import score_values
from tests.support.layouts.coco import make_coco
from tests.support.logged_model import computed

pytestmark = pytest.mark.slow  # starts Ray several times

Workers = Callable[[int], RayExecutor]


def test_calls_are_yielded_as_they_finish_with_their_errors() -> None:
    first_may_go = threading.Event()

    def first() -> str:
        first_may_go.wait(10)
        raise ValueError("no")

    def second() -> str:
        return "done"

    results = as_finished([first, second])
    assert next(results) == (1, "done")
    first_may_go.set()
    number, error = next(results)
    assert number == 0
    assert isinstance(error, ValueError)


def test_more_calls_than_threads_are_all_made() -> None:
    calls = [partial(int, n) for n in range(3 * AT_A_TIME)]
    assert sorted(as_finished(calls)) == [(n, n) for n in range(3 * AT_A_TIME)]


def test_further_calls_are_tried_and_repeated_if_they_need_the_model() -> None:
    may_go, calls = threading.Event(), list[int]()

    def make(number: int) -> int:
        calls.append(number)
        if number < AT_A_TIME:
            may_go.wait(60)
        elif number % 3 == 0:
            end_try()
        return number

    results = as_finished([partial(make, number) for number in range(3 * AT_A_TIME)])
    further = [n for n in range(AT_A_TIME, 3 * AT_A_TIME) if n % 3]
    assert [next(results) for _ in further] == [(n, n) for n in further]
    may_go.set()
    others = {*range(3 * AT_A_TIME)} - {*further}
    assert {*results} == {(n, n) for n in others}
    tried = [n for n in range(AT_A_TIME, 3 * AT_A_TIME) if n % 3 == 0]
    assert sorted(calls) == sorted([*range(3 * AT_A_TIME), *tried])


def settings(data: Path, **options: object) -> RunSettings:
    return RunSettings(data=data, device="cpu", batch_size=8, model_options=dict(options))


def test_runs_with_the_same_contents_compute_nothing_twice(
    tmp_path: Path, plugin: Path, workers: Workers
) -> None:
    data, log = make_coco(tmp_path / "coco", 40), tmp_path / "log"
    options = settings(data, log=str(log), pause=0.05)
    call: Callable[[], FinishedRun] = partial(
        run, "logged", "coco-retrieval", options, executor=workers(2)
    )
    results = [result for _, result in as_finished([call] * 3)]
    records = [result.record for result in results if isinstance(result, FinishedRun)]
    assert len(records) == 3
    assert set(computed(log).values()) == {1}
    assert score_values(records[0]) == score_values(records[1]) == score_values(records[2])
    assert sum(record.counts["computed"] for record in records) == len(computed(log))


def test_a_cached_run_does_not_wait_for_others(
    tmp_path: Path, plugin: Path, workers: Workers
) -> None:
    cached, other = make_coco(tmp_path / "cached", 9), make_coco(tmp_path / "other", 60)
    run("logged", "coco-retrieval", settings(cached), executor=workers(2))
    calls = [
        partial(run, "clip-nano", "coco-retrieval", settings(other), executor=workers(2)),
        partial(run, "logged", "coco-retrieval", settings(cached), executor=workers(2)),
    ]
    (number, result), _ = as_finished(calls)
    assert number == 1
    assert isinstance(result, FinishedRun)
    assert result.record.counts["computed"] == 0


def test_a_cached_run_does_not_wait_for_a_place(
    tmp_path: Path, plugin: Path, workers: Workers
) -> None:
    cached, other = make_coco(tmp_path / "cached", 9), make_coco(tmp_path / "other", 20)
    run("logged", "coco-retrieval", settings(cached), executor=workers(2))
    slow = settings(other, pause=0.3)
    call = partial(run, "logged", "coco-retrieval", executor=workers(2))
    calls = [partial(call, slow)] * (AT_A_TIME + 1) + [partial(call, settings(cached))]
    results = as_finished(calls)
    number, result = next(results)
    assert number == AT_A_TIME + 1  # the last one, of a model that others compute
    assert isinstance(result, FinishedRun)
    assert result.record.counts["computed"] == 0
    rest = [result.record for _, result in results if isinstance(result, FinishedRun)]
    assert len(rest) == AT_A_TIME + 1
    assert len({str(score_values(record)) for record in rest}) == 1


def test_searches_and_batches_of_several_runs_share_the_workers(
    tmp_path: Path, plugin: Path, workers: Workers, monkeypatch: pytest.MonkeyPatch
) -> None:
    short, long = make_coco(tmp_path / "short", 9), make_coco(tmp_path / "long", 60)
    expected = [score_values(run("logged", "coco-retrieval", settings(short)).record)]
    monkeypatch.setenv("MMBENCH_CACHE", str(tmp_path / "cache"))
    monkeypatch.setattr(ray_search, "_WORTH", 0)
    calls = [
        partial(run, "logged", "coco-retrieval", settings(data, pause=0.1), executor=workers(2))
        for data in (long, short)
    ]
    results = dict(as_finished(calls))
    assert all(isinstance(result, FinishedRun) for result in results.values()), results
    found, other = results[1], results[0]
    assert isinstance(found, FinishedRun) and isinstance(other, FinishedRun)
    assert [score_values(found.record)] == expected
    monkeypatch.setattr(ray_search, "_WORTH", 1 << 60)
    again = run("logged", "coco-retrieval", settings(long, pause=0.1), executor=workers(2))
    assert score_values(again.record) == score_values(other.record)


@pytest.mark.slow
def test_a_model_stays_on_its_worker_while_it_has_work(
    tmp_path: Path, plugin: Path, workers: Workers
) -> None:
    data, pids = make_coco(tmp_path / "coco", 60), [tmp_path / "a", tmp_path / "b"]
    calls = [
        partial(
            run,
            "logged",
            "coco-retrieval",
            settings(data, pids=str(file), pause=0.2),
            executor=workers(2),
        )
        for file in pids
    ]
    assert all(isinstance(result, FinishedRun) for _, result in as_finished(calls))
    for file in pids:  # loaded once by each worker at most, although a run has several stages
        loads = file.read_text().split() if file.exists() else []
        assert len(loads) == len(set(loads)) <= 2
