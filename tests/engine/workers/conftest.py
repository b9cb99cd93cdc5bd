"""A real Ray cluster on this machine, started once, and workers on it."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest

from mmbench import registry
from mmbench.engine.execution.executor import Executor
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.engine.workers.executor import RayExecutor, WorkerOptions
from mmbench.storage.records import arrow_rows
from mmbench.types import RunRecord
from tests.support.logged_model import write_plugin


class Outcome(NamedTuple):
    """The record of a run, and its stored rows."""

    record: RunRecord
    rows: Any  # pyarrow.Table


@pytest.fixture(scope="session")
def ray_address() -> Iterator[str]:
    """Start Ray, and return its address."""
    import ray

    os.environ["RAY_USAGE_STATS_ENABLED"] = "0"
    ray.init(
        address="local",
        num_cpus=16,
        include_dashboard=False,
        log_to_driver=False,
        logging_level="ERROR",
        object_store_memory=200 << 20,
    )
    yield ray.get_runtime_context().gcs_address
    ray.shutdown()


@pytest.fixture(scope="session")
def workers(ray_address: str) -> Iterator[Callable[[int], RayExecutor]]:
    """Return a function that returns the executor with a number of workers."""
    executors: dict[int, RayExecutor] = {}

    def get(number: int) -> RayExecutor:
        if number not in executors:
            executors[number] = RayExecutor(WorkerOptions(number, cpus=1))
        return executors[number]

    yield get
    for executor in executors.values():
        executor.close()


@pytest.fixture
def outcome(
    tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Outcome]:
    """Return a function that runs a model on a task with an empty cache."""

    def compute(
        model: str,
        task: str,
        executor: Executor | None,
        *,
        cache: Path | None = None,
        **options: Any,
    ) -> Outcome:
        folder = cache or tmp_path_factory.mktemp("cache")
        monkeypatch.setenv("MMBENCH_CACHE", str(folder))
        settings = RunSettings(**{"device": "cpu", "batch_size": 8, **options})
        finished = run(model, task, settings, executor=executor)
        return Outcome(finished.record, arrow_rows(finished.rows))

    return compute


@pytest.fixture(scope="session")
def plugin_file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write the plugin with the model `logged`; workers keep a plugin that they have loaded."""
    return write_plugin(tmp_path_factory.mktemp("plugin"))


@pytest.fixture
def plugin(own_plugins: None, plugin_file: Path) -> Path:
    """Load the plugin with the model `logged`, and return its file."""
    registry.load_plugin(str(plugin_file))
    return plugin_file
