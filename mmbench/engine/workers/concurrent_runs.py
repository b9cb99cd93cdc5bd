"""Runs of several models and tasks at the same time, which share the workers."""

from __future__ import annotations

import queue
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from contextlib import nullcontext
from functools import partial
from threading import Thread
from typing import Generic, TypeVar

from mmbench.engine.execution.tries import NeedsModel, only_try

T = TypeVar("T")

AT_A_TIME = 16  # runs at the same time; each has its data in memory


def as_finished(calls: Sequence[Callable[[], T]]) -> Iterator[tuple[int, T | BaseException]]:
    """Make calls in threads, and yield the number and the result or error of each that finishes.

    At most 16 calls run at a time, in order. Meanwhile the others are tried, one after another:
    those whose outputs are cached finish, and those that need the model are repeated in their turn.
    The threads end with the process, so that an interruption does not wait for them.
    """
    return _Calls(calls).results()


class _Calls(Generic[T]):
    """Calls in threads; all methods but `_make` run in the thread that reads the results."""

    def __init__(self, calls: Sequence[Callable[[], T]]) -> None:
        self._calls = calls
        self._finished: queue.SimpleQueue[tuple[int, bool, T | BaseException]] = queue.SimpleQueue()
        self._left = [*range(len(calls))]  # ascending
        self._need_model: set[int] = set()
        self._running = 0
        self._is_trying = False

    def results(self) -> Iterator[tuple[int, T | BaseException]]:
        """Yield the number and the result or error of each call."""
        while self._left or self._running or self._is_trying:
            self._start()
            number, is_try, result = self._finished.get()
            if is_try:
                self._is_trying = False
            else:
                self._running -= 1
            if isinstance(result, NeedsModel):
                self._need_model.add(number)
                insort(self._left, number)
            else:
                yield number, result

    def _start(self) -> None:
        while self._left and self._running < AT_A_TIME:
            self._running += 1
            self._start_thread(self._left.pop(0), is_try=False)
        untried = next((one for one in self._left if one not in self._need_model), None)
        if untried is not None and not self._is_trying:
            self._is_trying = True
            self._left.remove(untried)
            self._start_thread(untried, is_try=True)

    def _start_thread(self, number: int, *, is_try: bool) -> None:
        target = partial(self._make, number, is_try=is_try)
        Thread(target=target, name=f"run {number}", daemon=True).start()

    def _make(self, number: int, *, is_try: bool) -> None:
        try:
            with only_try() if is_try else nullcontext():
                self._finished.put((number, is_try, self._calls[number]()))
        except BaseException as error:
            self._finished.put((number, is_try, error))
