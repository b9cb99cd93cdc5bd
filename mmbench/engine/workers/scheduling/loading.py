"""The loading of models on workers, which may refuse a model."""

from __future__ import annotations

from concurrent.futures import Future
from functools import partial
from typing import Any

from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import Fault, ModelOrder
from mmbench.engine.workers.scheduling.crew import Crew
from mmbench.engine.workers.scheduling.job_list import JobList
from mmbench.engine.workers.scheduling.jobs import Job, as_error
from mmbench.engine.workers.scheduling.slots import Slot


class ModelLoader:
    """Loads models on workers, and ends the jobs whose model no worker can run."""

    def __init__(self, cluster: RayCluster, crew: Crew, jobs: JobList) -> None:
        self._cluster, self._crew, self._jobs = cluster, crew, jobs
        self._refusals: dict[str | None, Fault] = {}  # the last refusal of a model, by its key

    def load(self, slot: Slot, job: Job) -> None:
        """Load the model of a job on a worker, in place of the model that the worker has."""
        model = job.model
        assert model is not None  # only parts of a search need none
        if not any(model.key in (one.model, one.loading) for one in self._crew.slots):
            job.report(f"loading {model.name} on {self._cluster.device}")
        slot.state, slot.loading = "loading", model.key
        reply = partial(self._loaded, model=model, job=job)
        self._crew.call(slot, reply, "load", self._cluster.shared(model))

    def _loaded(self, slot: Slot, future: Future[Any], model: ModelOrder, job: Job) -> None:
        if future.exception():
            self._crew.died(slot)
            return
        reply: str | Fault = future.result()
        slot.state, slot.loading = "ready", ""
        if not reply:
            slot.model, slot.failed_starts = model.key, 0
            return
        fault = reply if isinstance(reply, Fault) else Fault("ModelError", reply, "")
        slot.refused.add(model.key)
        self._refusals[model.key] = Fault(fault.kind, f"{slot.name}: {fault.text}", fault.trace)
        if self._can_run(model.key):
            job.report(f"{slot.name} cannot run {model.name}: {fault.text}")

    def end_refused_jobs(self) -> None:
        """End the jobs whose model no worker can run, with the last refusal."""
        for job in [*self._jobs]:
            refusal = self._refusals.get(job.key)
            if refusal is not None and not self._can_run(job.key):
                self._jobs.fail(job, as_error(refusal))

    def _can_run(self, model: str | None) -> bool:
        return any(slot.can_run(model) for slot in self._crew.slots)
