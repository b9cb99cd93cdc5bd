"""One exact search in parts: each worker searches a part, and the driver adds the counts.

The parts have the ranks of the whole corpus, bit for bit (`mmbench.search.parts`). A part whose
worker dies is searched again by another one.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import numpy as np

from mmbench.columns import Texts, pack
from mmbench.columns.vectors import Vectors
from mmbench.engine.workers.messages import PartOrder
from mmbench.engine.workers.scheduling.jobs import Call, Job
from mmbench.engine.workers.scheduling.scheduler import Scheduler
from mmbench.engine.workers.search.vector_files import SharedVectors, VectorsNeeded, share_vectors
from mmbench.search.checks import Ids
from mmbench.search.part_search import CorpusPart
from mmbench.search.parts import Division, RunOnParts
from mmbench.text import count
from mmbench.types import Array

if TYPE_CHECKING:
    from mmbench.engine.workers.executor import RayExecutor


class DividedSearch:
    """One exact search, in as many parts as there are workers."""

    def __init__(self, executor: RayExecutor, report: Callable[[str], None]) -> None:
        self._executor, self._report = executor, report
        self._cluster = executor.cluster
        self._id = uuid4().hex
        self._server: object = None

    @contextmanager
    def divide(
        self, queries: Array | Vectors, corpus: Array | Vectors, ids: Ids, device: str
    ) -> Iterator[Division]:
        """Share the vectors, and yield a part of the corpus for each worker.

        `ids` are those of the corpus, and `device` is that of the workers. Raises OSError if the
        vectors cannot be written to a temporary file.
        """
        self._executor.device_for(device)  # that of the workers, if they must be started
        with share_vectors(queries, corpus) as (asking, searched):
            scheduler = self._executor.scheduler()
            parts = self._parts(searched, ids, device)
            self._report(f"searching {len(corpus):,} vectors in {count(len(parts), 'part')}")
            try:
                yield Division(asking, parts, self._runner(scheduler, parts))
            finally:
                if self._server is not None:
                    scheduler.broadcast("forget", self._id)
                    self._cluster.kill(self._server)

    def _parts(self, corpus: SharedVectors, ids: Ids, device: str) -> list[CorpusPart]:
        """Divide the corpus into as many parts as there are workers."""
        number = min(self._executor.workers or 1, max(1, len(corpus)))
        bounds = [len(corpus) * nth // number for nth in range(number + 1)]
        return [
            CorpusPart(
                corpus.part(start, stop),
                start,
                len(corpus),
                None if ids is None else ids[start:stop],
                device,
            )
            for start, stop in pairwise(bounds)
        ]

    def _runner(self, scheduler: Scheduler, parts: Sequence[CorpusPart]) -> RunOnParts:
        """Return the function that calls a function for each part on the worker of the part."""
        sent = {part.start: self._cluster.put(_with_own_ids(part)) for part in parts}
        places = {part.start: nth for nth, part in enumerate(parts, start=1)}

        def run(
            function: Callable[..., Any],
            queries: Any,
            some: Sequence[CorpusPart],
            arguments: Sequence[Any],
        ) -> Iterable[Any]:
            order = PartOrder(function.__name__, self._id, queries)
            stored = {id(one): self._cluster.put(one) for one in arguments}  # a common one once
            calls = [
                Call("search", (order, sent[part.start], stored[id(one)]), places[part.start])
                for part, one in zip(some, arguments, strict=True)
            ]
            return self._replies(scheduler, calls)

        return run

    def _replies(self, scheduler: Scheduler, calls: list[Call]) -> list[object]:
        """Make calls, and return their replies.

        Workers that do not see a file get the server that sends its vectors, and are called again.
        """
        job = Job(None, self._report)
        scheduler.add(job)
        try:
            for call in calls:
                scheduler.submit(job, call)
            waiting = len(calls)
            while waiting:
                call = job.finished_call()
                if isinstance(call.reply, VectorsNeeded):
                    call.arguments = (*call.arguments[:3], self._started_server())
                    scheduler.submit(job, call)
                else:
                    waiting -= 1
            return [call.reply for call in calls]
        finally:
            scheduler.remove(job)

    def _started_server(self) -> object:
        if self._server is None:
            self._server = self._cluster.start_server()
        return self._server


def _with_own_ids(part: CorpusPart) -> CorpusPart:
    """Return a part with a copy of its ids, so that those of other parts are not sent."""
    ids = part.ids
    if ids is None:
        return part
    return replace(
        part, ids=ids.take(np.arange(len(ids))) if isinstance(ids, Texts) else pack(list(ids))
    )
