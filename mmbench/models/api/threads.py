"""Requests sent by several threads, with responses yielded as they arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Failed(NamedTuple):
    """An error raised while an item was processed."""

    error: BaseException


def stream_answers(
    request: Callable[[Item], Answer],
    items: Iterable[tuple[int, Item]],
    threads: int,
    stop: threading.Event,
) -> Iterator[tuple[int, Answer]]:
    """Yield (index, `request(item)`) for each (index, item) pair, as the results arrive.

    Up to `threads` requests run at a time. Items are read in the caller's thread, at most `threads`
    ahead of the requests. If `request` or the iterator of items raises, no new request starts,
    pending results are awaited and yielded, and then the error is raised. On Ctrl-C, only results
    that have already arrived are yielded, and the daemon threads end with the process. `stop` is
    set in each case, so that `request` can end its waits.
    """
    todo: SimpleQueue[tuple[int, Item] | None] = SimpleQueue()
    done: SimpleQueue[tuple[int, Answer] | _Failed] = SimpleQueue()
    for _ in range(threads):
        work = request, todo, done, stop
        threading.Thread(target=_run_worker, args=work, name="api", daemon=True).start()
    source = iter(items)
    failure: BaseException | None = None
    pending = 0
    try:
        while True:
            try:
                while not stop.is_set() and pending < 2 * threads and (task := next(source, None)):
                    todo.put(task)
                    pending += 1
            except Exception as failed:
                failure = failed
                stop.set()
            if not pending:
                break
            result = done.get()
            pending -= 1
            if not isinstance(result, _Failed):
                yield result
            elif not isinstance(result.error, _Skipped):
                failure = result.error
    except KeyboardInterrupt:
        stop.set()
        yield from (result for result in _drain(done) if not isinstance(result, _Failed))
        raise
    finally:
        stop.set()
        _drain(todo)
        for _ in range(threads):
            todo.put(None)
    if failure is not None:
        raise failure


class _Skipped(Exception):
    """Raised for a request that is not sent because `stop` is set."""


def _run_worker(
    request: Callable[[Item], Answer],
    todo: SimpleQueue[tuple[int, Item] | None],
    done: SimpleQueue[tuple[int, Answer] | _Failed],
    stop: threading.Event,
) -> None:
    while (task := todo.get()) is not None:
        number, item = task
        try:
            if stop.is_set():
                raise _Skipped
            done.put((number, request(item)))
        except BaseException as error:
            stop.set()
            done.put(_Failed(error))


def _drain(queue: SimpleQueue[Item]) -> list[Item]:
    """Remove and return the items in a queue without waiting for more."""
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
