"""What follows the reply of a worker: outputs go to the run, and other work is repeated."""

from __future__ import annotations

import time
from concurrent.futures import Future
from typing import Any

from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import CallReply, Fault
from mmbench.engine.workers.scheduling.batches import Attempt
from mmbench.engine.workers.scheduling.crew import Crew
from mmbench.engine.workers.scheduling.job_list import JobList
from mmbench.engine.workers.scheduling.jobs import Call, Job, Work, as_error
from mmbench.engine.workers.scheduling.slots import Slot
from mmbench.errors import UserError


class ReplyHandler:
    """Handles the replies to batches and calls."""

    def __init__(self, cluster: RayCluster, crew: Crew, jobs: JobList) -> None:
        self._cluster, self._crew, self._jobs = cluster, crew, jobs

    def receive(self, slot: Slot, future: Future[Any], work: Work) -> None:
        """Handle the reply of a worker to `work`, or its death."""
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
            self._repeat_after_error(slot, job, work, reply)
        elif isinstance(work, Call):
            work.reply = reply
            job.results.put(work)
        else:
            self._computed(slot, job, work, reply)

    def _computed(self, slot: Slot, job: Job, work: Attempt, reply: CallReply) -> None:
        """Pass on the outputs of a call, and repeat the batches without outputs.

        A batch has no outputs if the worker needs files from the driver or raised an error; the
        batches after an error were not computed.
        """
        job.pace.learn(reply, work.items)
        job.add_outputs(work, zip(reply.batches, reply.outputs(), strict=True))
        if reply.fault is None and not any(one.missing for one in reply.batches):
            return
        parts = work.one_by_one()
        for part, one in zip(parts, reply.batches, strict=False):
            if one.missing:
                part.send |= {*one.missing}
                slot.hidden |= part.hidden_folders(one.missing)
                job.pending.appendleft(part)
        if reply.fault is not None:
            failed, *others = parts[len(reply.batches) :]
            job.pending.extendleft(reversed(others))
            self._repeat_after_error(slot, job, failed, reply.fault)

    def _repeat_after_error(self, slot: Slot, job: Job, work: Work, fault: Fault) -> None:
        """Repeat work that raised an error on a new worker; give up after the second error.

        Errors of the user, such as a wrong number of outputs, end the job at once.
        """
        error = as_error(Fault(fault.kind, f"{slot.name}: {fault.text}", fault.trace))
        is_of_user = isinstance(error, UserError) and fault.kind != "Exception"
        if is_of_user or work.fails_after_error():
            self._jobs.fail(job, error)
            return
        first = str(error).splitlines()[0]
        job.report(f"{first}; the batch is computed again on a new worker")
        job.pending.appendleft(work)
        self._crew.replace(slot)
