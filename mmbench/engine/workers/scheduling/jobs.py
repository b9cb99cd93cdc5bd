"""Jobs: the work of one model and one type of request, which the thread of a run submits."""

from __future__ import annotations

import queue
from collections import deque
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from threading import Event

from mmbench.engine.dispatch import StoredRow
from mmbench.engine.workers.messages import BatchReply, Fault, ModelOrder
from mmbench.engine.workers.scheduling.batches import MOST_ERRORS, Attempt, PlannedBatch
from mmbench.engine.workers.scheduling.pace import Pace
from mmbench.errors import DataError, Missing, ModelError, SpecError, UserError
from mmbench.types import Requests

_MOST_DEATHS = 3  # workers that die during a call end the run
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
    deaths: int = 0
    is_suspect: bool = False  # after a death, its worker has no other work
    batches = 1  # as a part of the job's work

    def fails_after_error(self) -> bool:
        """Count an error; return whether the call raised errors on enough workers to give up."""
        self.errors += 1
        return self.errors >= MOST_ERRORS

    def after_death(self, *, in_company: bool) -> list[Call]:
        """Return the calls that follow the death of a worker; [] to give up.

        `in_company` says that the worker had other work, which may be the reason.
        """
        self.is_suspect = True
        self.deaths += not in_company
        return [self] if self.deaths < _MOST_DEATHS else []

    def failure(self) -> UserError:
        """Return the error for a call on which workers died."""
        return UserError(
            f"{self.deaths} workers died during the call `{self.method}`; start fewer workers on"
            " each node if the memory is not enough"
        )


Work = Attempt | Call


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
    pending: deque[Work] = field(default_factory=deque)
    results: queue.SimpleQueue[object] = field(default_factory=queue.SimpleQueue)
    is_loaded: Event = field(default_factory=Event)

    @property
    def key(self) -> str | None:
        """The key of the model; None without a model."""
        return self.model.key if self.model else None

    def add_outputs(
        self, work: Attempt, outputs: Iterable[tuple[BatchReply, Sequence[StoredRow]]]
    ) -> None:
        """Add the outputs of batches, and pass the complete batches to the run."""
        complete = []
        for planned, (reply, rows) in zip(work.planned, outputs, strict=False):
            for note in reply.notes:
                self.report(note)
            if rows and planned.add(work.start, rows, reply.step, reply.audio_seconds):
                complete.append(planned)
        self.left -= len(complete)
        if complete:
            self.results.put(complete)

    def close(self) -> None:
        """Announce that the run submits no further work."""
        self.is_open = False

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
        self.close()
        self.pending.clear()
        self.is_loaded.set()
        self.results.put(error)
