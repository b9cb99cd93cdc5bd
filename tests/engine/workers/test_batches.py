"""A batch is tried again after the death of a worker, split, and at last one sample fails."""

import numpy as np

from mmbench.engine.workers.scheduling.batches import Attempt, PlannedBatch
from mmbench.engine.workers.scheduling.jobs import Call
from mmbench.errors import SampleError


def attempt(n: int) -> Attempt:
    return Attempt([PlannedBatch(np.arange(n))], [f"item {i}" for i in range(n)])


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
            one.planned[0].add(one.start, outputs, 8, 0.0)
    return deaths


def test_a_batch_is_split_after_three_deaths_and_only_the_deadly_sample_fails() -> None:
    work = attempt(8)
    assert compute(work, "item 5") == 3 + 2 + 2  # whole, halves of 4 and 2, alone twice
    outputs = list(work.planned[0].outputs)
    assert isinstance(outputs[5], SampleError)
    assert [o for i, o in enumerate(outputs) if i != 5] == [
        f"item {i}".encode() for i in range(8) if i != 5
    ]
    assert work.planned[0].was_split


def test_a_batch_of_odd_size_loses_no_sample() -> None:
    for n in (1, 2, 3, 7):
        for deadly in range(n):
            work = attempt(n)
            compute(work, f"item {deadly}")
            failed = [isinstance(o, SampleError) for o in work.planned[0].outputs]
            assert failed == [i == deadly for i in range(n)]


def test_a_chance_death_changes_nothing() -> None:
    work = attempt(8)
    assert work.after_death(in_company=True) == [work]
    assert work.after_death(in_company=False) == [work]
    assert work.is_suspect
    assert not work.planned[0].was_split


def test_a_sample_is_not_blamed_for_a_death_in_company() -> None:
    work = attempt(1)
    for _ in range(5):
        assert work.after_death(in_company=True) == [work]
    assert work.after_death(in_company=False) == [work]
    assert work.after_death(in_company=False) == []


def test_a_call_is_given_up_after_three_deaths_of_which_it_is_the_only_reason() -> None:
    call = Call("labels")
    assert call.after_death(in_company=True) == [call]
    assert call.is_suspect
    assert [call.after_death(in_company=False) for _ in range(3)] == [[call], [call], []]
    assert "3 workers died during the call `labels`" in str(call.failure())


def test_an_error_on_a_second_worker_ends_the_run() -> None:
    work = attempt(4)
    assert not work.fails_after_error()
    assert work.fails_after_error()


def group(*sizes: int) -> Attempt:
    items = [f"item {i}" for i in range(sum(sizes))]
    return Attempt([PlannedBatch(np.arange(n)) for n in sizes], items)


def test_batches_of_a_call_are_computed_one_by_one_after_a_death() -> None:
    work = group(3, 1, 2)
    again = work.after_death(in_company=False)
    assert [one.items for one in again] == [
        ["item 0", "item 1", "item 2"],
        ["item 3"],
        ["item 4", "item 5"],
    ]
    assert [one.planned for one in again] == [[batch] for batch in work.planned]
    assert all(one.is_suspect for one in again)
    # The batch of one sample had company, so that the death does not count.
    assert [one.deaths for one in again] == [1, 0, 1]


def test_the_deadly_sample_of_a_call_fails_alone() -> None:
    work = group(8, 8, 1)
    again = work.after_death(in_company=False)
    deaths = sum(compute(one, "item 13") for one in again)
    assert deaths == 2 + 2 + 2  # whole again, halves of 4 and 2, alone twice
    failed = [[isinstance(o, SampleError) for o in batch.outputs] for batch in work.planned]
    assert failed == [[False] * 8, [False] * 5 + [True] + [False] * 2, [False]]
    assert [batch.was_split for batch in work.planned] == [False, True, False]


def test_the_sizes_of_a_call_are_those_of_its_batches() -> None:
    work = group(3, 1, 2)
    assert work.sizes() == [3, 1, 2]
    assert work.batches == 3
    whole = work.one_by_one()[0]
    assert [part.sizes() for part in [*whole.after_death(in_company=False)]] == [[3]]
    whole.after_death(in_company=False)
    assert [part.sizes() for part in whole.after_death(in_company=False)] == [[1], [2]]
