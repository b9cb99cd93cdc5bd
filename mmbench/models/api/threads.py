"""Questions asked by several threads, and their answers as they arrive."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from queue import Empty, SimpleQueue
from typing import NamedTuple, TypeVar

Item = TypeVar("Item")
Answer = TypeVar("Answer")


class _Failed(NamedTuple):
    """Stands for the answer to an item that was not given."""

    error: BaseException


def stream_answers(
    request: Callable[[Item], Answer],
    items: Iterable[tuple[int, Item]],
    threads: int,
    stop: threading.Event,
) -> Iterator[tuple[int, Answer]]:
    """Yield the number and the answer of each numbered item, as the answers arrive.

    Items are taken in the caller's thread, at most `threads` more than are being asked. Where
    `request` raises, or what gives the items, nothing new is asked, what is under way is awaited
    and yielded, and the error is raised. Ctrl-C waits for nothing: what has arrived is yielded, and
    the threads, which are daemons, end with the process. `stop` is set in each case, so that
    `request` can end its waits.
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
    """An item that was not asked any more."""


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
    """Take what is in a queue, and wait for nothing."""
    items = []
    while True:
        try:
            items.append(queue.get_nowait())
        except Empty:
            return items
