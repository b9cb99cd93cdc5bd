"""The forward passes of a model on the workers: the batches of a run become calls of workers."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from itertools import islice

import numpy as np

from mmbench.columns import Places, are_texts
from mmbench.engine.execution.executor import ComputedBatch, RunServices
from mmbench.engine.execution.forward import ItemSelector
from mmbench.engine.workers.messages import ModelOrder, with_items
from mmbench.engine.workers.scheduling.batches import Attempt, PlannedBatch
from mmbench.engine.workers.scheduling.jobs import Call, Job
from mmbench.engine.workers.scheduling.scheduler import Scheduler
from mmbench.engine.workers.shipping import MediaSender, read_for_worker
from mmbench.types import Item, Media, Requests

DEPTH = 3  # calls at a worker: one is computed, the others are ready


class RayModel:
    """The forward passes of one model on the workers, for one run.

    `start` returns the scheduler, and starts the workers at its first call.
    """

    def __init__(
        self, start: Callable[[], Scheduler], order: ModelOrder, services: RunServices
    ) -> None:
        self._start, self._order, self._services = start, order, services
        self.notes: list[str] = []

    def labels(self) -> list[str]:
        """Return the class names of a classifier. Raises ModelError if it does not list them."""
        labels = self._call(Call("labels"))
        assert isinstance(labels, list)
        return labels

    def batch_size(self, requests: Requests, longest: Item) -> int:
        """Return a batch size that fits the memory of a worker, given the longest item."""
        media: dict[bytes, Media] = {}
        items = MediaSender(self._services.keys).ship([longest], media)
        arguments = with_items(requests, items), read_for_worker(media)
        size = self._call(Call("batch_size", arguments))
        assert isinstance(size, int)
        return size

    def loaded(self) -> None:
        """Return None: the model is loaded by the workers only."""

    def _job(self) -> Job:
        return Job(self._order, self._services.progress.note)

    def _call(self, call: Call) -> object:
        scheduler, job = self._start(), self._job()
        scheduler.add(job)
        try:
            scheduler.submit(job, call)
            self._wait_for_model(job)
            return job.finished_call().reply
        finally:
            scheduler.remove(job)

    def _wait_for_model(self, job: Job) -> None:
        if not job.is_loaded.is_set():
            with self._services.loading():
                job.is_loaded.wait()

    def compute(
        self, requests: Requests, batches: Sequence[Places], select: ItemSelector, step: int
    ) -> Generator[ComputedBatch]:
        """Yield the outputs of all batches, in the order in which workers finish them."""
        scheduler, job = self._start(), self._job()
        job.requests, job.step, job.left = with_items(requests, ()), step, len(batches)
        most = scheduler.workers * (DEPTH + 1) - 1  # calls that wait while another is submitted
        submitted = finished = 0
        scheduler.add(job)
        try:
            while finished < len(batches):
                size = job.pace.size(len(batches) - submitted, scheduler.workers)
                if submitted < len(batches) and submitted - finished <= most * size:
                    rows = batches[submitted : submitted + size]
                    scheduler.submit(job, self._attempt(rows, select))
                    submitted += size
                    if submitted == len(batches):
                        scheduler.close(job)
                    self._wait_for_model(job)
                    continue
                for planned in job.next_batches():
                    finished += 1
                    yield self._computed(planned)
        finally:
            scheduler.remove(job)

    def _attempt(self, batches: Sequence[Places], select: ItemSelector) -> Attempt:
        """Return the attempt to compute several batches in one call."""
        items = select(np.concatenate(batches))
        planned = [PlannedBatch(rows) for rows in batches]
        if are_texts(items):
            return Attempt(planned, items)
        left, sender = iter(items), MediaSender(self._services.keys)
        shipped = [
            item
            for batch in planned
            for item in sender.ship(islice(left, len(batch.rows)), batch.media)
        ]
        return Attempt(planned, shipped)

    def _computed(self, batch: PlannedBatch) -> ComputedBatch:
        if batch.was_split:
            self.notes.append(
                f"a batch of {len(batch.rows)} was split because workers died; its outputs may"
                " differ in the last bit"
            )
        return ComputedBatch(batch.rows, batch.outputs, batch.step, batch.audio_seconds)
