"""Sending of batches to workers, with the files that they cannot see."""

from __future__ import annotations

from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial

from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import BatchOrder, with_items
from mmbench.engine.workers.scheduling.batches import Attempt
from mmbench.engine.workers.scheduling.crew import Crew, Events, Reply
from mmbench.engine.workers.scheduling.jobs import Call, Job, Work
from mmbench.engine.workers.scheduling.slots import Slot
from mmbench.engine.workers.shipping import read_for_worker
from mmbench.types import Media

_THREADS = 4  # which read files


class Sender:
    """Sends batches and calls to workers.

    Threads read the files that a worker cannot see, and put them into Ray's object store. `fail` is
    called with the error if that is not possible, for example because the store is full.
    """

    def __init__(
        self, cluster: RayCluster, crew: Crew, events: Events, fail: Callable[[Exception], None]
    ) -> None:
        self._cluster, self._crew, self._events, self._fail = cluster, crew, events, fail
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="send")

    def send(self, slot: Slot, job: Job, work: Work, reply: Reply) -> None:
        """Send a batch or a call to a worker; `reply` receives the result."""
        if isinstance(work, Call):
            self._crew.call(slot, reply, work.method, *work.arguments)
            return
        assert job.requests is not None  # a job with batches has requests
        order = BatchOrder(with_items(job.requests, work.items), work.sizes(), job.step)
        media = work.to_send(slot.hidden)
        if media:
            call = partial(self._call, slot, slot.generation, work, reply, order)
            self._threads.submit(self._read, media, call).add_done_callback(self._check)
        else:
            self._crew.call(slot, reply, "compute", order, {})

    def _read(self, media: dict[bytes, Media], call: Callable[[object], None]) -> None:
        files = self._cluster.put(read_for_worker(media))
        self._events.put(partial(call, files))

    def _call(
        self,
        slot: Slot,
        generation: int,
        work: Attempt,
        reply: Reply,
        order: BatchOrder,
        files: object,
    ) -> None:
        """Send a batch with its files, unless the worker has died or the run has ended."""
        if generation == slot.generation and work in slot.running:
            self._crew.call(slot, reply, "compute", order, files)

    def _check(self, done: Future[None]) -> None:
        error = None if done.cancelled() else done.exception()
        if isinstance(error, Exception):
            self._events.put(partial(self._fail, error))

    def stop(self) -> None:
        """Stop reading files."""
        self._threads.shutdown(wait=False, cancel_futures=True)
