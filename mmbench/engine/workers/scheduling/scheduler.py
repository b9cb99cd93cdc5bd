"""The scheduler: hands batches and calls to workers, in one thread.

The thread receives events (a job has work, a worker has replied, a worker has died), and looks
after each of them for workers that have room. `assignment` chooses the work of a worker, `replies`
handles its reply, and `crew` starts workers in place of dead ones.
"""

from __future__ import annotations

import queue
from functools import partial
from threading import Thread

from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import NodeFacts
from mmbench.engine.workers.scheduling.assignment import choose_work
from mmbench.engine.workers.scheduling.crew import Crew, Events
from mmbench.engine.workers.scheduling.job_list import JobList
from mmbench.engine.workers.scheduling.jobs import Job, Work, WorkersStopped
from mmbench.engine.workers.scheduling.loading import ModelLoader
from mmbench.engine.workers.scheduling.replies import ReplyHandler
from mmbench.engine.workers.scheduling.sending import Sender
from mmbench.engine.workers.scheduling.slots import Slot

_TICK = 1.0  # seconds
_LAST_CALL = 3.0  # seconds that the end waits for a call of Ray


class Scheduler:
    """Hands the work of jobs to workers of a cluster, at most `depth` calls to each.

    The methods may be called in any thread. They put events into the queue of the scheduler's
    thread, which alone changes jobs and slots.
    """

    def __init__(self, cluster: RayCluster, workers: int, depth: int) -> None:
        self.workers, self._cluster, self._depth = workers, cluster, depth
        self._events: Events = queue.SimpleQueue()
        self._jobs = JobList()
        self._crew = Crew(cluster, workers, self._events, self._jobs)
        self._loader = ModelLoader(cluster, self._crew, self._jobs)
        self._replies = ReplyHandler(cluster, self._crew, self._jobs)
        self._sender = Sender(cluster, self._crew, self._events, self._jobs.fail_all)
        self._is_stopped = False
        self._thread = Thread(target=self._run, name="scheduler", daemon=True)

    def start(self) -> None:
        """Start the workers and the thread of the scheduler."""
        for slot in self._crew.slots:
            self._events.put(partial(self._crew.start, slot))
        self._thread.start()

    def add(self, job: Job) -> None:
        """Add a job; its work follows with `submit`."""
        self._events.put(partial(self._jobs.add, job))

    def submit(self, job: Job, work: Work) -> None:
        """Add a batch or a call to a job."""
        self._events.put(partial(job.pending.append, work))

    def close(self, job: Job) -> None:
        """Announce that a job gets no further work, so that its workers may load other models."""
        self._events.put(job.close)

    def remove(self, job: Job) -> None:
        """Forget a job, and what its workers still compute."""
        self._events.put(partial(self._jobs.remove, job))

    def broadcast(self, method: str, *arguments: object) -> None:
        """Call a method of all workers that are ready, without waiting for the replies."""
        self._events.put(partial(self._crew.broadcast, method, *arguments))

    def facts(self) -> list[NodeFacts]:
        """Return the facts about the nodes of the workers that were started."""
        return [slot.facts for slot in self._crew.slots if slot.facts is not None]

    def stop(self) -> bool:
        """End all jobs and workers; return whether the scheduler still waits for Ray."""
        self._is_stopped = True
        self._events.put(lambda: None)  # so that the thread does not wait for an event
        if self._thread.is_alive():
            self._thread.join(_LAST_CALL)
        self._jobs.fail_all(WorkersStopped("the workers were stopped"))
        self._sender.stop()
        is_busy = self._thread.is_alive()
        if not is_busy:
            self._crew.stop()
        return is_busy

    def _run(self) -> None:
        while not self._is_stopped:
            try:
                event = self._events.get(timeout=_TICK)
            except queue.Empty:
                event = self._crew.check
            try:
                event()
                self._loader.end_refused_jobs()
                self._assign()
            except Exception as error:
                if self._is_stopped:
                    return
                self._jobs.fail_all(error)

    def _assign(self) -> None:
        """Give work to all workers that have room, one call for each before further ones."""
        slots = self._crew.slots
        for depth in range(1, self._depth + 1):
            for slot in slots:
                if slot.has_room(depth) and (choice := choose_work(slot, slots, self._jobs)):
                    self._give(slot, *choice)

    def _give(self, slot: Slot, job: Job, work: Work | None) -> None:
        if work is None:
            self._loader.load(slot, job)
            return
        job.is_loaded.set()
        job.pending.remove(work)
        slot.running[work] = job
        self._sender.send(slot, job, work, partial(self._replies.receive, work=work))
