"""Requests sent by several threads, with answers yielded as they arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Failed(NamedTuple):
    """An error in place of the answer to an item."""

    error: BaseException


def stream_answers(
    request: Callable[[Item], Answer],
    items: Iterable[tuple[int, Item]],
    threads: int,
    stop: threading.Event,
) -> Iterator[tuple[int, Answer]]:
    """Yield the index and the answer of each numbered item, as the answers arrive.

    Items are read in the caller's thread, at most `threads` ahead of the requests. If `request` or
    the iterator of items raises, no new request starts, pending answers are awaited and yielded,
    and then the error is raised. Ctrl-C does not wait: answers that have arrived are yielded, and
    the daemon threads end with the process. `stop` is set in each case, so that `request` can end
    its waits.
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
    """A request that was not sent because the run stops."""


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
    """Return the items in a queue without waiting for more."""
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
