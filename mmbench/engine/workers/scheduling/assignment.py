"""The choice of the next work of a worker.

Parts of searches come first, because a search ends a run. A worker then gets work for the model
that it has loaded, and another model once no run has or submits work for the loaded one. The last
batches of a job go to workers that have nothing to do, so that all workers end at the same time.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from mmbench.engine.workers.scheduling.jobs import Call, Job, Work
from mmbench.engine.workers.scheduling.slots import Slot

Choice = tuple[Job, Work | None]


def choose_work(slot: Slot, slots: Sequence[Slot], jobs: Iterable[Job]) -> Choice | None:
    """Return the next work of a worker that is ready, and its job; None if the worker waits.

    The work is None if the worker loads the model of the job. `slots` has all workers.
    """
    jobs = [*jobs]
    choice = _part_of_search(slot, slots, jobs) or _work_for_model(slot, slots, jobs)
    if choice is None or (slot.running and _needs_idle_worker(choice, slots)):
        return None
    return choice


def _part_of_search(slot: Slot, slots: Sequence[Slot], jobs: Sequence[Job]) -> Choice | None:
    """Return the next part of a search for a worker: its own, or one without a worker."""
    searches = [job for job in jobs if job.model is None]
    if not searches:
        return None
    others = {one.number for one in slots if one.state == "ready" and one is not slot}
    for job in searches:
        for work in job.pending:
            if isinstance(work, Call) and work.place not in others:
                return job, work
    return None


def _work_for_model(slot: Slot, slots: Sequence[Slot], jobs: Sequence[Job]) -> Choice | None:
    """Return work for the loaded model, as long as there is some; otherwise a model to load."""
    same_model = [job for job in jobs if job.model is not None and job.key == slot.model]
    if with_work := [job for job in same_model if job.pending]:
        job = next((job for job in with_work if isinstance(job.pending[0], Call)), with_work[0])
        return job, job.pending[0]
    if any(job.is_open for job in same_model) or slot.lingers():  # the run submits more
        return None
    others = (job for job in jobs if job.pending and _can_use(slot, slots, job))
    return next(((job, None) for job in others), None)


def _can_use(slot: Slot, slots: Sequence[Slot], job: Job) -> bool:
    """Return whether a job has enough batches for one more worker with its model."""
    if job.model is None or not slot.can_run(job.key):
        return False
    with_model = [one for one in slots if job.key in (one.model, one.loading)]
    return len(with_model) < job.left


def _needs_idle_worker(choice: Choice, slots: Sequence[Slot]) -> bool:
    """Return whether a worker must finish its other work first."""
    job, work = choice
    if work is None or job.model is None:
        return True
    return work.is_suspect or _is_for_idle_workers(job, slots)


def _is_for_idle_workers(job: Job, slots: Sequence[Slot]) -> bool:
    """Return whether the last batches of a job are left to workers without work."""
    running = (pair for slot in slots for pair in slot.running.items())
    waiting = job.left - sum(work.batches for work, its_job in running if its_job is job)
    idle = [one for one in slots if not one.running and one.can_run(job.key)]
    return waiting <= len(idle)
