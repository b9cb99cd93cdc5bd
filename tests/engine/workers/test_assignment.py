"""The choice of the next work of a worker, without Ray."""

from __future__ import annotations

import time
from typing import cast

import msgspec
import numpy as np

from mmbench.engine.loading.models.resolver import ModelOrigin
from mmbench.engine.workers.messages import ModelOrder
from mmbench.engine.workers.scheduling.assignment import choose_work
from mmbench.engine.workers.scheduling.batches import Attempt, PlannedBatch
from mmbench.engine.workers.scheduling.jobs import Call, Job
from mmbench.engine.workers.scheduling.slots import Slot

ORIGIN = cast("ModelOrigin", None)  # only workers read it
MODEL = ModelOrder("m", ORIGIN, "", (), "cpu", "model m", (), {})


def batch() -> Attempt:
    return Attempt([PlannedBatch(np.arange(2))], ["a", "b"])


def job(model: str, batches: int, *, is_open: bool = False) -> Job:
    order = msgspec.structs.replace(MODEL, key=model) if model else None
    made = Job(order, print, left=batches, is_open=is_open)
    made.pending.extend(batch() for _ in range(batches))
    return made


def ready(number: int = 1, model: str = "") -> Slot:
    return Slot(number, state="ready", model=model)


def search(*places: int) -> Job:
    made = Job(None, print)
    made.pending.extend(Call("search", place=place) for place in places)
    return made


def test_a_worker_keeps_its_model_while_there_is_work_for_it() -> None:
    slot, first, second = ready(model="b"), job("a", 9), job("b", 9)
    assert choose_work(slot, [slot], [first, second]) == (second, second.pending[0])
    second.pending.clear()
    second.is_open = True  # its run submits more
    assert choose_work(slot, [slot], [first, second]) is None
    second.close()
    assert choose_work(slot, [slot], [first, second]) == (first, None)


def test_a_worker_waits_a_second_for_the_next_stage_of_its_run() -> None:
    slot, other = ready(model="b"), job("a", 9)
    slot.last_work = time.monotonic()
    assert choose_work(slot, [slot], [other]) is None
    slot.last_work -= 2
    assert choose_work(slot, [slot], [other]) == (other, None)


def test_another_model_is_loaded_after_the_last_batch() -> None:
    slot, own, other = ready(model="b"), job("b", 1), job("a", 9)
    slot.running[own.pending.popleft()] = own
    assert choose_work(slot, [slot], [other]) is None
    slot.running.clear()
    assert choose_work(slot, [slot], [other]) == (other, None)


def test_a_model_is_loaded_on_as_many_workers_as_it_has_batches() -> None:
    slots, work = [ready(1, "a"), ready(2), ready(3)], job("a", 2)
    assert choose_work(slots[1], slots, [work]) == (work, None)
    slots[1].state, slots[1].loading = "loading", "a"
    assert choose_work(slots[2], slots, [work]) is None


def test_a_refused_model_is_not_loaded_again() -> None:
    slot, work = ready(), job("a", 9)
    slot.refused.add("a")
    assert choose_work(slot, [slot], [work]) is None


def test_the_last_batches_are_left_to_workers_without_work() -> None:
    slots, work = [ready(1, "a"), ready(2, "a")], job("a", 3)
    slots[0].running[work.pending.popleft()] = work
    assert choose_work(slots[0], slots, [work]) is not None  # 2 wait, and 1 worker is idle
    slots[0].running[work.pending.popleft()] = work
    assert choose_work(slots[0], slots, [work]) is None
    assert choose_work(slots[1], slots, [work]) == (work, work.pending[0])


def test_a_suspect_batch_gets_a_worker_to_itself() -> None:
    slots, work = [ready(1, "a")], job("a", 9)
    slots[0].running[work.pending.popleft()] = work
    assert choose_work(slots[0], slots, [work]) is not None
    work.pending[0].after_death(in_company=True)
    assert choose_work(slots[0], slots, [work]) is None
    slots[0].running.clear()
    suspect = work.pending[0]
    assert choose_work(slots[0], slots, [work]) == (work, suspect)
    slots[0].running[suspect] = work
    assert not slots[0].has_room(3)


def test_calls_come_before_batches() -> None:
    slot, work, labels = ready(model="a"), job("a", 9), job("a", 0)
    labels.pending.append(Call("labels"))
    assert choose_work(slot, [slot], [work, labels]) == (labels, labels.pending[0])


def test_parts_of_a_search_come_first_and_wait_for_the_worker() -> None:
    slot, work, parts = ready(1, "a"), job("a", 9), search(1)
    assert choose_work(slot, [slot], [work, parts]) == (parts, parts.pending[0])
    slot.running[work.pending.popleft()] = work
    assert choose_work(slot, [slot], [work, parts]) is None


def test_the_part_of_a_worker_that_is_not_ready_goes_to_another_one() -> None:
    slots, parts = [ready(1), ready(2)], search(2, 1)
    assert choose_work(slots[0], slots, [parts]) == (parts, parts.pending[1])
    parts.pending.pop()
    assert choose_work(slots[0], slots, [parts]) is None
    slots[1].state = "starting"
    assert choose_work(slots[0], slots, [parts]) == (parts, parts.pending[0])
