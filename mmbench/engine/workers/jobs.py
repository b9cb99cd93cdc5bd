"""Jobs: the batches of one model and one type of request, submitted by the thread of a run."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from mmbench.engine.workers.batches import MOST_ERRORS, Attempt, PlannedBatch
from mmbench.engine.workers.messages import Fault, ModelOrder
from mmbench.engine.workers.pace import Pace
from mmbench.errors import DataError, Missing, ModelError, SpecError, UserError
from mmbench.types import Requests

_ERRORS = {cls.__name__: cls for cls in (UserError, ModelError, DataError, SpecError, Missing)}


class WorkersStopped(Exception):
    """The executor was closed while a job was waiting for outputs."""


class WorkerBug(Exception):
    """An unexpected error on a worker; the message is its traceback."""


def as_error(fault: Fault) -> Exception:
    """Return the error of a worker as an error of this process."""
    if not fault.kind:
        return WorkerBug(f"{fault.text}\n{fault.trace}")
    return _ERRORS.get(fault.kind, UserError)(fault.text)


@dataclass(eq=False)
class Call:
    """A call of a worker's method by name, such as `labels`, with its arguments and result."""

    method: str
    arguments: tuple[object, ...] = ()
    errors: int = 0
    batches = 1  # as a part of the job's work

    def fails_after_error(self) -> bool:
        """Count an error; return whether the call raised errors on enough workers to give up."""
        self.errors += 1
        return self.errors >= MOST_ERRORS


@dataclass(eq=False)
class Job:
    """The work of one run for one model.

    `pending` has the batches and calls that no worker has, in order. While `is_open`, the run may
    submit more, and workers with the model wait for them. `results` receives lists of planned
    batches, results of calls, and the exception that ends the job. `report` is called with notes.
    """

    model: ModelOrder
    report: Callable[[str], None]
    requests: Requests | None = None
    step: int = 0
    left: int = 1  # batches without outputs
    pace: Pace = field(default_factory=Pace)
    is_open: bool = True
    pending: deque[Attempt | Call] = field(default_factory=deque)
    results: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)
    is_loaded: Event = field(default_factory=Event)

    def result(self) -> object:
        """Wait for the next planned batches or result of a call. Raises the error of the job."""
        result = self.results.get()
        if isinstance(result, Exception):
            self.results.put(result)
            raise result
        return result

    def next_batches(self) -> list[PlannedBatch]:
        """Wait for the next planned batches. Raises the error of the job."""
        result = self.result()
        assert isinstance(result, list)  # the scheduler put it
        return result

    def fail(self, error: Exception) -> None:
        """End the job with an error, which the thread of the run raises."""
        self.is_open = False
        self.pending.clear()
        self.is_loaded.set()
        self.results.put(error)
