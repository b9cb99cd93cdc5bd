"""The jobs that have not ended, and the repetition of their work."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

from mmbench.engine.workers.messages import BatchReply
from mmbench.engine.workers.scheduling.jobs import Call, Job, Work


class JobList:
    """The jobs of all runs, in the order in which they were added."""

    def __init__(self) -> None:
        self._jobs: list[Job] = []

    def __len__(self) -> int:
        return len(self._jobs)

    def __iter__(self) -> Iterator[Job]:
        return iter(self._jobs)

    def add(self, job: Job) -> None:
        """Add a job."""
        self._jobs.append(job)

    def remove(self, job: Job) -> None:
        """Forget a job and its pending work."""
        if job in self._jobs:
            self._jobs.remove(job)
        job.pending.clear()

    def fail(self, job: Job, error: Exception) -> None:
        """End a job with an error."""
        self.remove(job)
        job.fail(error)

    def fail_all(self, error: Exception) -> None:
        """End all jobs with an error."""
        for job in [*self._jobs]:
            self.fail(job, error)

    def report(self, line: str) -> None:
        """Report an event in one line, through a run that waits for outputs."""
        for job in self._jobs[:1]:
            job.report(line)

    def put_back(self, lost: Mapping[Work, Job]) -> None:
        """Return work that a worker has not computed to the front of its jobs."""
        for work, job in reversed([*lost.items()]):
            if job in self._jobs:
                job.pending.appendleft(work)

    def repeat_after_death(self, lost: Mapping[Work, Job]) -> None:
        """Repeat the work of a worker that died before other work, split or given up if needed."""
        for work, job in reversed([*lost.items()]):
            if job in self._jobs:
                self._repeat(job, work, in_company=len(lost) > 1)

    def _repeat(self, job: Job, work: Work, *, in_company: bool) -> None:
        if again := work.after_death(in_company=in_company):
            job.pending.extendleft(reversed(again))
        elif isinstance(work, Call):
            self.fail(job, work.failure())
        else:
            job.add_outputs(work, [(BatchReply(step=job.step), work.failure())])
