"""Jobs: the batches of one model and one type of request, submitted by the thread of a run."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from threading import Event

from mmbench.engine.workers.messages import Fault, ModelOrder
from mmbench.engine.workers.scheduling.batches import MOST_ERRORS, Attempt, PlannedBatch
from mmbench.engine.workers.scheduling.pace import Pace
from mmbench.errors import DataError, Missing, ModelError, SpecError, UserError
from mmbench.types import Requests

MOST_DEATHS = 3  # workers that die during a call end the run
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
    """A call of a worker's method by name, such as `labels`, with its arguments and reply.

    `place` is the number of the slot whose worker makes the call, unless it is not ready; None for
    a call that needs the job's model, which any worker makes.
    """

    method: str
    arguments: tuple[object, ...] = ()
    place: int | None = None
    reply: object = None
    errors: int = 0
    batches = 1  # as a part of the job's work
    deaths: int = 0

    def fails_after_error(self) -> bool:
        """Count an error; return whether the call raised errors on enough workers to give up."""
        self.errors += 1
        return self.errors >= MOST_ERRORS

    def fails_after_death(self) -> bool:
        """Count the death of a worker; return whether enough workers died to give up."""
        self.deaths += 1
        return self.deaths >= MOST_DEATHS

    def failure(self) -> UserError:
        """Return the error for a call on which workers died."""
        return UserError(
            f"{self.deaths} workers died during the call `{self.method}`; start fewer workers on"
            " each node if the memory is not enough"
        )


@dataclass(eq=False)
class Job:
    """The work of one run for one model, or without a model (None): the parts of a search.

    `pending` has the batches and calls that no worker has, in order. While `is_open`, the run may
    submit more, and workers with the model wait for them. `results` receives lists of planned
    batches, finished calls, and the exception that ends the job. `report` is called with notes.
    """

    model: ModelOrder | None
    report: Callable[[str], None]
    requests: Requests | None = None
    step: int = 0
    left: int = 1  # batches without outputs
    pace: Pace = field(default_factory=Pace)
    is_open: bool = True
    pending: deque[Attempt | Call] = field(default_factory=deque)
    results: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)
    is_loaded: Event = field(default_factory=Event)

    @property
    def key(self) -> str | None:
        """The key of the model; None without a model."""
        return self.model.key if self.model else None

    def _result(self) -> object:
        """Wait for the next planned batches or finished call. Raises the error of the job."""
        result = self.results.get()
        if isinstance(result, Exception):
            self.results.put(result)
            raise result
        return result

    def next_batches(self) -> list[PlannedBatch]:
        """Wait for the next planned batches. Raises the error of the job."""
        result = self._result()
        assert isinstance(result, list)  # the scheduler put it
        return result

    def finished_call(self) -> Call:
        """Wait for the next call that has its reply. Raises the error of the job."""
        result = self._result()
        assert isinstance(result, Call)  # the scheduler put it
        return result

    def fail(self, error: Exception) -> None:
        """End the job with an error, which the thread of the run raises."""
        self.is_open = False
        self.pending.clear()
        self.is_loaded.set()
        self.results.put(error)
