"""The crew: the workers of a run, which are started, checked, and started again if they die."""

from __future__ import annotations

import queue
import time
from collections.abc import Callable
from concurrent.futures import Future
from functools import partial
from typing import Any

from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import NodeFacts
from mmbench.engine.workers.scheduling.job_list import JobList
from mmbench.engine.workers.scheduling.slots import Slot, version_differences
from mmbench.errors import UserError

_PATIENCE = 600.0  # seconds without any worker, after which the run ends: clusters may add nodes
_REPORT_AFTER = 15.0  # seconds without any worker, after which the run says so
_SILENCE = 60.0  # seconds without an answer, after which a worker is asked whether it runs
_MOST_SILENCE = 600.0  # seconds without an answer, after which another worker is started
_MOST_DEATHS = 30  # deaths in a row without an output; three for each worker, if that is more

Events = queue.SimpleQueue[Callable[[], object]]
Reply = Callable[[Slot, "Future[Any]"], None]


def _no_reply(_slot: Slot, _future: Future[Any]) -> None:
    """Do nothing: an answer counts, whatever it is; a death is reported by other calls."""


class Crew:
    """The workers of a run, each in its slot. All methods run in the thread of the scheduler."""

    def __init__(self, cluster: RayCluster, workers: int, events: Events, jobs: JobList) -> None:
        self._cluster, self._events, self._jobs = cluster, events, jobs
        self.slots = [Slot(number) for number in range(1, workers + 1)]
        self._waiting_since = time.monotonic()
        self._has_reported = False
        self._deaths: list[float] = []

    def start(self, slot: Slot) -> None:
        """Start a worker in a slot."""
        slot.generation += 1
        slot.state = "starting"
        slot.actor = self._cluster.start()
        self.call(slot, self._started, "facts")

    def call(self, slot: Slot, reply: Reply, method: str, *arguments: object) -> None:
        """Call a method of a worker; `reply` is called unless the worker was replaced since."""
        receive = partial(self._receive, slot, slot.generation, reply)
        # The callback has no reference to the future, so that the outputs are freed after use.
        future = self._cluster.call(slot.actor, method, *arguments)
        future.add_done_callback(lambda done: self._events.put(partial(receive, done)))

    def _receive(self, slot: Slot, generation: int, reply: Reply, future: Future[Any]) -> None:
        if generation == slot.generation:
            slot.answered, slot.is_asked, slot.is_silent = time.monotonic(), False, False
            reply(slot, future)

    def _started(self, slot: Slot, future: Future[Any]) -> None:
        if error := future.exception():
            self._failed_to_start(slot, error)
            return
        facts: NodeFacts = future.result()
        slot.facts = facts
        if reason := version_differences(facts, self._cluster.device):
            self._lose(slot, f"{slot.name} is refused: {reason}")
            return
        slot.state, self._has_reported = "ready", False

    def _failed_to_start(self, slot: Slot, error: BaseException) -> None:
        if reason := self._cluster.start_fault(error):
            self._lose(slot, reason)
        else:
            self.died(slot)

    def _lose(self, slot: Slot, reason: str) -> None:
        """Give up a slot; end all jobs if it was the last one."""
        slot.state = "lost"
        slot.generation += 1
        self._cluster.kill(slot.actor)
        if all(one.state == "lost" for one in self.slots):
            self._jobs.fail_all(UserError(f"no worker can be started: {reason}"))
        else:
            self._jobs.report(reason)

    def died(self, slot: Slot, event: str = "died") -> None:
        """Start another worker in place of one that died, and have its work repeated.

        `event` is what happened to the worker, for the report. End all jobs if too many workers
        died in a row.
        """
        if fault := self._fault_of_deaths(slot):
            self._jobs.fail_all(UserError(fault))
        else:
            self._jobs.report(f"{slot.name} {event}; its batches are computed again")
        self._cluster.kill(slot.actor)  # it may only be out of reach, and keep its resources
        lost, can_restart = slot.clear(), slot.can_restart()
        self._jobs.repeat_after_death(lost)
        if can_restart:
            self.start(slot)
        else:
            self._lose(slot, f"{slot.name} died {slot.failed_starts} times before it had a model")

    def _fault_of_deaths(self, slot: Slot) -> str:
        """Count the death of a worker; return a message if too many died since the last output."""
        last_output = max(one.last_work for one in self.slots)
        self._deaths = [when for when in self._deaths if when > last_output] + [time.monotonic()]
        number = len(self._deaths)
        if number < max(_MOST_DEATHS, 3 * len(self.slots)):
            return ""
        self._deaths.clear()
        return (
            f"{number} workers died in a row without an output, {slot.name} last; type the command"
            " without --workers, and with --limit 8, to see why"
        )

    def replace(self, slot: Slot) -> None:
        """Start another worker in place of one that raised an error, and put its work back."""
        self._jobs.put_back(slot.clear())
        self._cluster.kill(slot.actor)
        self.start(slot)

    def broadcast(self, method: str, *arguments: object) -> None:
        """Call a method of all workers that are ready, without waiting for the replies."""
        for slot in self.slots:
            if slot.state == "ready":
                self._cluster.call(slot.actor, method, *arguments)

    def check(self) -> None:
        """Check whether there are workers, and whether they answer."""
        self._check_patience()
        self._check_answers()

    def _check_patience(self) -> None:
        """Report that there is no worker; after ten minutes, end all jobs."""
        if not self._jobs or any(slot.state in ("ready", "loading") for slot in self.slots):
            self._waiting_since = time.monotonic()
            return
        waited = time.monotonic() - self._waiting_since
        if waited > _PATIENCE:
            error = UserError(f"no worker was started: {self._cluster.shortage()}")
            self._jobs.fail_all(error)
        elif waited > _REPORT_AFTER and not self._has_reported:
            self._has_reported = True
            self._jobs.report(f"waiting for a worker: {self._cluster.shortage()}")

    def _check_answers(self) -> None:
        """Ask workers that have not answered for a minute; replace those that do not answer.

        A worker answers while it computes, unless its process is stopped or its machine hangs.
        """
        for slot in self.slots:
            if slot.state not in ("ready", "loading"):
                continue
            silence = time.monotonic() - slot.answered
            if silence > _MOST_SILENCE:
                self.died(slot, "was ended, because it does not answer")
            elif silence > _SILENCE and not slot.is_asked:
                slot.is_asked = True
                self.call(slot, _no_reply, "facts")
            elif silence > 2 * _SILENCE and not slot.is_silent:
                slot.is_silent = True
                self._jobs.report(
                    f"{slot.name} has not answered for {silence:.0f} s; another one is started"
                    f" after {_MOST_SILENCE:.0f} s"
                )

    def stop(self) -> None:
        """End all workers."""
        for slot in self.slots:
            if slot.actor is not None:
                self._cluster.kill(slot.actor)
