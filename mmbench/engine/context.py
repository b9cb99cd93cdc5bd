"""The context of a run: its settings, content keys, progress, costs and executor."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from time import perf_counter
from typing import NamedTuple

from mmbench.engine.execution.executor import Executor
from mmbench.engine.execution.in_process import InProcessExecutor
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress, Silent
from mmbench.engine.usage import Usage, sum_counts
from mmbench.search.executors import searching_by
from mmbench.storage.content_keys import ContentKeys, cache_folder


class Clock:
    """A stopwatch for the stages of a run; `seconds` maps stage names to durations."""

    def __init__(self) -> None:
        self.seconds: dict[str, float] = {}

    @contextmanager
    def stage(self, name: str) -> Iterator[None]:
        """Add the duration of the `with` block to the seconds of the stage."""
        start = perf_counter()
        try:
            yield
        finally:
            spent = perf_counter() - start
            self.seconds[name] = round(self.seconds.get(name, 0.0) + spent, 4)


class RunStats:
    """The costs of a run: seconds by stage, request counts, throughput, tokens and device.

    `server` holds facts about the server of a remote model; `notes` are remarks on that server and
    on forward passes. `other_usage` has the tokens of models other than the evaluated one, by role
    and name: a judge.
    """

    def __init__(self) -> None:
        self.clock = Clock()
        self.counts = {"requests": 0, "computed": 0, "cached": 0}
        self.throughput: dict[str, float] = {}
        self.device = "none"
        self.usage = Usage()
        self.server: dict[str, str] = {}
        self.notes: list[str] = []
        self.other_usage: dict[tuple[str, str], Usage] = {}

    def add_usage(self, role: str, name: str, usage: Usage) -> None:
        """Set the tokens that a model other than the evaluated one has used so far."""
        self.other_usage[role, name] = usage

    def tokens(self) -> dict[str, dict[str, int]]:
        """Return the token counts for the record by scope, such as `all` and `judge all`."""
        return self.usage.tokens() | {
            f"{role} {scope}": counts
            for role in sorted({role for role, _ in self.other_usage})
            for scope, counts in self._usage_of(role).tokens().items()
        }

    def _usage_of(self, role: str) -> Usage:
        several = [usage for (own, _), usage in self.other_usage.items() if own == role]
        computed, total = zip(*several, strict=True)
        return Usage(sum_counts(computed), sum_counts(total))


class RunContext(NamedTuple):
    """The values that all parts of one run share. `executor` runs the models."""

    options: RunSettings
    keys: ContentKeys
    progress: Progress
    costs: RunStats
    executor: Executor


@contextmanager
def run_context(
    options: RunSettings | None = None,
    progress: Progress | None = None,
    executor: Executor | None = None,
) -> Iterator[RunContext]:
    """Open the cache of content keys for one run, and yield the context of the run.

    An `executor` that is passed to several runs keeps the model loaded between them. It also runs
    the exact searches of the run.
    """
    progress, executor = progress or Silent(), executor or InProcessExecutor()
    with ContentKeys(cache_folder()) as keys, searching_by(executor.searches(progress.note)):
        yield RunContext(options or RunSettings(), keys, progress, RunStats(), executor)
