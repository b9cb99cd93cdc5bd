"""A batch is tried again after the death of a worker, split, and at last one sample fails."""

import numpy as np

from mmbench.engine.workers.batches import Attempt, PlannedBatch
from mmbench.errors import SampleError


def attempt(n: int) -> Attempt:
    return Attempt(PlannedBatch(np.arange(n)), [f"item {i}" for i in range(n)], {})


def compute(work: Attempt, deadly: str) -> int:
    """Compute a batch on workers that die of one item; return how many died."""
    deaths, todo = 0, [work]
    while todo:
        one = todo.pop(0)
        if deadly in one.items:
            deaths += 1
            again = one.after_death(in_company=False)
            todo = again + todo
            outputs = [] if again else one.failure()
        else:
            outputs = [str(item).encode() for item in one.items]
        if outputs:
            one.planned.add(one.start, outputs, 8, 0.0)
    return deaths


def test_a_batch_is_split_after_three_deaths_and_only_the_deadly_sample_fails() -> None:
    work = attempt(8)
    assert compute(work, "item 5") == 3 + 2 + 2  # whole, halves of 4 and 2, alone twice
    outputs = list(work.planned.outputs)
    assert isinstance(outputs[5], SampleError)
    assert [o for i, o in enumerate(outputs) if i != 5] == [
        f"item {i}".encode() for i in range(8) if i != 5
    ]
    assert work.planned.was_split


def test_a_batch_of_odd_size_loses_no_sample() -> None:
    for n in (1, 2, 3, 7):
        for deadly in range(n):
            work = attempt(n)
            compute(work, f"item {deadly}")
            failed = [isinstance(o, SampleError) for o in work.planned.outputs]
            assert failed == [i == deadly for i in range(n)]


def test_a_chance_death_changes_nothing() -> None:
    work = attempt(8)
    assert work.after_death(in_company=True) == [work]
    assert work.after_death(in_company=False) == [work]
    assert work.is_suspect
    assert not work.planned.was_split


def test_a_sample_is_not_blamed_for_a_death_in_company() -> None:
    work = attempt(1)
    for _ in range(5):
        assert work.after_death(in_company=True) == [work]
    assert work.after_death(in_company=False) == [work]
    assert work.after_death(in_company=False) == []


def test_an_error_on_a_second_worker_ends_the_run() -> None:
    work = attempt(4)
    assert not work.fails_after_error()
    assert work.fails_after_error()
