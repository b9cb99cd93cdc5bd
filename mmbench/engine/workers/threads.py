"""Runs of several models and tasks at the same time, which share the workers."""

from __future__ import annotations

import queue
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from threading import Thread
from typing import TypeVar

T = TypeVar("T")

AT_A_TIME = 16  # runs at the same time; each has its data in memory


def as_finished(calls: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T | BaseException]]:
    """Make calls in threads, and yield the number and the result or error of each that finishes.

    At most 16 calls run at a time, in order. The threads end with the process, so that an
    interruption does not wait for them.
    """
    results: queue.SimpleQueue[tuple[int, T | BaseException]] = queue.SimpleQueue()

    def make(number: int) -> None:
        try:
            results.put((number, calls[number]()))
        except BaseException as error:
            results.put((number, error))

    threads = [
        Thread(target=partial(make, number), name=f"run {number}", daemon=True)
        for number in range(len(calls))
    ]
    for thread in threads[:AT_A_TIME]:
        thread.start()
    for finished in range(len(calls)):
        yield results.get()
        if finished + AT_A_TIME < len(threads):
            threads[finished + AT_A_TIME].start()
