"""The scheduler: hands the batches of jobs to free workers, and starts workers again that died.

All decisions are made in one thread, which receives events: a job has work, a worker has replied, a
worker has died.
"""

from __future__ import annotations

import queue
import time
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import Future
from functools import partial
from threading import Thread
from typing import Any

from mmbench.engine.dispatch import StoredRow
from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import BatchReply, CallReply, Fault, NodeFacts
from mmbench.engine.workers.scheduling.batches import Attempt
from mmbench.engine.workers.scheduling.crew import Crew, Events
from mmbench.engine.workers.scheduling.jobs import Call, Job, WorkersStopped, as_error
from mmbench.engine.workers.scheduling.sending import Sender
from mmbench.engine.workers.scheduling.slots import Slot
from mmbench.errors import UserError

_TICK = 1.0  # seconds
_LAST_CALL = 3.0  # seconds that the end waits for a call of Ray


class Scheduler:
    """Hands the batches of jobs to workers of a cluster, at most `depth` calls to each."""

    def __init__(self, cluster: RayCluster, workers: int, depth: int) -> None:
        self.workers, self._cluster, self._depth = workers, cluster, depth
        self._jobs: list[Job] = []
        self._events: Events = queue.SimpleQueue()
        self._crew = Crew(cluster, workers, self._events, self)
        self._sender = Sender(cluster, self._crew, self._events, self.fail_all)
        self._faults: dict[str, Fault] = {}  # why workers refused a model, by its key
        self._stopped = False
        self._thread = Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the workers and the thread of the scheduler."""
        for slot in self._crew.slots:
            self._events.put(partial(self._crew.start, slot))
        self._thread.start()

    def add(self, job: Job) -> None:
        """Add a job; its batches follow with `submit`."""
        self._events.put(partial(self._jobs.append, job))

    def submit(self, job: Job, work: Attempt | Call) -> None:
        """Add a batch or a call to a job."""
        job.pending.append(work)
        self.wake()

    def wake(self) -> None:
        """Look for work again, for example after a job was closed."""
        self._events.put(lambda: None)

    def remove(self, job: Job) -> None:
        """Forget a job, and what its workers still compute."""
        self._events.put(partial(self._remove, job))

    def stop(self) -> bool:
        """End all jobs and workers; return whether the scheduler still waits for Ray."""
        self._stopped = True
        self.wake()
        if self._thread.is_alive():
            self._thread.join(_LAST_CALL)
        self.fail_all(WorkersStopped("the workers were stopped"))
        self._sender.stop()
        is_busy = self._thread.is_alive()
        if not is_busy:
            self._crew.stop()
        return is_busy

    def broadcast(self, method: str, *arguments: object) -> None:
        """Call a method of all workers that are ready, without waiting for the replies."""

        def call() -> None:
            for slot in self._crew.slots:
                if slot.state == "ready":
                    self._cluster.call(slot.actor, method, *arguments)

        self._events.put(call)

    def facts(self) -> list[NodeFacts]:
        """Return the facts about the nodes of the workers that were started."""
        return [slot.facts for slot in self._crew.slots if slot.facts is not None]

    def report(self, line: str) -> None:
        """Report an event in one line, through a run that waits for outputs."""
        for job in self._jobs[:1]:
            job.report(line)

    def fail_all(self, error: Exception) -> None:
        """End all jobs with an error."""
        for job in list(self._jobs):
            self._fail(job, error)

    def repeat(self, lost: Mapping[Attempt | Call, Job]) -> None:
        """Repeat the work of a worker that died, before other work."""
        for work, job in reversed([*lost.items()]):
            if job in self._jobs:
                self._repeat(job, work, in_company=len(lost) > 1)

    def _repeat(self, job: Job, work: Attempt | Call, *, in_company: bool) -> None:
        if isinstance(work, Call):
            if work.fails_after_death():
                self._fail(job, work.failure())
            else:
                job.pending.appendleft(work)
            return
        attempts = work.after_death(in_company=in_company)
        job.pending.extendleft(reversed(attempts))
        if not attempts:
            self._finish(job, work, [(BatchReply(step=job.step), work.failure())])

    def _run(self) -> None:
        while not self._stopped:
            try:
                event = self._events.get(timeout=_TICK)
            except queue.Empty:
                event = partial(self._crew.check, has_work=bool(self._jobs))
            try:
                event()
                self._assign()
            except Exception as error:
                if self._stopped:
                    return
                self.fail_all(error)

    def _remove(self, job: Job) -> None:
        if job in self._jobs:
            self._jobs.remove(job)
        job.pending.clear()

    def _fail(self, job: Job, error: Exception) -> None:
        self._remove(job)
        job.fail(error)

    def _assign(self) -> None:
        for job in [job for job in self._jobs if job.key in self._faults]:
            self._fail_if_refused(job)
        for depth in range(1, self._depth + 1):  # a batch for each worker, then further ones
            for slot in self._crew.slots:
                if slot.has_room(depth):
                    self._give(slot)

    def _give(self, slot: Slot) -> None:
        """Give a part of a search, a batch or a model to a worker, if there is work for it.

        A search ends a run, so it comes before batches, and waits for those that were given.
        """
        if part := self._part_for(slot):
            if not slot.running:
                self._send(slot, *part)
            return
        job = self._job_for(slot)
        if job is None:
            return
        if job.key != slot.model:
            if not slot.running:
                self._load(slot, job)
            return
        work = job.pending[0]
        is_suspect = isinstance(work, Attempt) and work.is_suspect
        if slot.running and (is_suspect or self._is_for_others(job)):
            return
        job.is_loaded.set()
        self._send(slot, job, work)

    def _send(self, slot: Slot, job: Job, work: Attempt | Call) -> None:
        job.pending.remove(work)
        slot.running[work] = job
        self._sender.send(slot, job, work, partial(self._received, work=work))

    def _part_for(self, slot: Slot) -> tuple[Job, Call] | None:
        """Return the next part of a search for a worker: its own, or one without a worker."""
        searches = [job for job in self._jobs if job.model is None]
        if not searches:
            return None
        ready = {one.number for one in self._crew.slots if one.state == "ready"}
        parts = ((job, one) for job in searches for one in job.pending if isinstance(one, Call))
        return next(
            (p for p in parts if p[1].place == slot.number or p[1].place not in ready), None
        )

    def _is_for_others(self, job: Job) -> bool:
        """Return whether the last batches of a job are left to workers without a batch."""
        slots = self._crew.slots
        running = (pair for slot in slots for pair in slot.running.items())
        waiting = job.left - sum(work.batches for work, its_job in running if its_job is job)
        idle = [one for one in slots if not one.running and one.can_run(job.key)]
        return waiting <= len(idle)

    def _job_for(self, slot: Slot) -> Job | None:
        """Return the next job of a worker: one with the loaded model, as long as there is one."""
        own = [job for job in self._jobs if job.key == slot.model]
        if ready := [job for job in own if job.pending]:
            return min(ready, key=lambda job: isinstance(job.pending[0], Attempt))  # calls first
        if any(job.is_open for job in own) or slot.lingers():  # its run submits more
            return None
        others = (job for job in self._jobs if job.pending and self._is_useful(slot, job))
        return next(others, None)

    def _is_useful(self, slot: Slot, job: Job) -> bool:
        """Return whether a job has enough batches for another worker with its model."""
        model = job.key
        if model is None:
            return False
        with_model = [one for one in self._crew.slots if model in (one.model, one.loading)]
        return model not in slot.refused and len(with_model) < job.left

    def _load(self, slot: Slot, job: Job) -> None:
        assert job.model is not None  # only parts of a search need none
        model = job.model.key
        if not any(model in (one.model, one.loading) for one in self._crew.slots):
            job.report(f"loading {job.model.name} on {self._cluster.device}")
        slot.state, slot.loading = "loading", model
        self._crew.call(
            slot, partial(self._loaded, job=job), "load", self._cluster.shared(job.model)
        )

    def _loaded(self, slot: Slot, future: Future[Any], job: Job) -> None:
        if future.exception():
            self._crew.died(slot)
            return
        reply: str | Fault = future.result()
        slot.state, model = "ready", slot.loading
        slot.loading = ""
        if not reply:
            slot.model, slot.failed_starts = model, 0
            return
        fault = reply if isinstance(reply, Fault) else Fault("ModelError", reply, "")
        slot.refused[model] = fault.text
        self._faults[model] = Fault(fault.kind, f"{slot.name}: {fault.text}", fault.trace)
        if job.model is not None and not self._fail_if_refused(job):
            job.report(f"{slot.name} cannot run {job.model.name}: {fault.text}")

    def _fail_if_refused(self, job: Job) -> bool:
        """End a job if no worker can run its model; return whether that is so."""
        model = job.key
        assert model is not None
        if any(one.can_run(model) for one in self._crew.slots):
            return False
        self._fail(job, as_error(self._faults[model]))
        return True

    def _received(self, slot: Slot, future: Future[Any], work: Attempt | Call) -> None:
        if work not in slot.running:
            return
        error = future.exception()
        if error is not None and self._cluster.is_death(error):
            self._crew.died(slot)
            return
        job = slot.running.pop(work)
        slot.last_work = time.monotonic()
        if job not in self._jobs:
            return
        reply = future.result() if error is None else Fault("", str(error), str(error))
        if isinstance(reply, Fault):
            self._erred(slot, job, work, reply)
        elif isinstance(work, Call):
            work.reply = reply
            job.results.put(work)
        else:
            self._computed(slot, job, work, reply)

    def _computed(self, slot: Slot, job: Job, work: Attempt, reply: CallReply) -> None:
        """Take the outputs of a call, and repeat the batches without outputs."""
        job.pace.learn(reply, work.items)
        self._finish(job, work, zip(reply.batches, reply.outputs(), strict=True))
        if reply.fault is None and not any(one.missing for one in reply.batches):
            return
        parts = work.one_by_one()
        for part, one in zip(parts, reply.batches, strict=False):
            if one.missing:
                part.send |= {*one.missing}
                slot.hidden |= part.hidden_folders(one.missing)
                job.pending.appendleft(part)
        if reply.fault is not None:
            erred, *others = parts[len(reply.batches) :]
            job.pending.extendleft(reversed(others))
            self._erred(slot, job, erred, reply.fault)

    def _finish(
        self, job: Job, work: Attempt, outputs: Iterable[tuple[BatchReply, Sequence[StoredRow]]]
    ) -> None:
        """Add the outputs of batches, and pass the complete batches to the run."""
        complete = []
        for planned, (reply, rows) in zip(work.planned, outputs, strict=False):
            for note in reply.notes:
                job.report(note)
            if rows and planned.add(work.start, rows, reply.step, reply.audio_seconds):
                complete.append(planned)
        job.left -= len(complete)
        if complete:
            job.results.put(complete)

    def _erred(self, slot: Slot, job: Job, work: Attempt | Call, fault: Fault) -> None:
        """Repeat a batch that raised an error on a new worker; give up after the second error.

        Errors of the user, such as a wrong number of outputs, end the job at once.
        """
        fault = Fault(fault.kind, f"{slot.name}: {fault.text}", fault.trace)
        error = as_error(fault)
        if (isinstance(error, UserError) and fault.kind != "Exception") or work.fails_after_error():
            self._fail(job, error)
        else:
            first = fault.text.splitlines()[0]
            job.report(f"{first}; the batch is computed again on a new worker")
            job.pending.appendleft(work)
            for other, its_job in reversed([*self._crew.replace(slot).items()]):
                its_job.pending.appendleft(other)
