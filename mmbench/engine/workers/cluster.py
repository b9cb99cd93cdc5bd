"""The connection to Ray: starting or joining a cluster, and calls of actors.

Read in the sources of Ray 2.60: `ray.init` starts a cluster with the address "local"
(python/ray/_private/worker.py).
"""

from __future__ import annotations

import logging
import os
from concurrent.futures import Future
from pathlib import Path
from typing import Any

from mmbench.engine.workers.joining import connection_fault, first_line, head_address
from mmbench.engine.workers.messages import ModelOrder, WorkerSettings
from mmbench.engine.workers.session import RaySession
from mmbench.errors import MissingExtra, UserError
from mmbench.storage.content_keys import cache_folder

_STORE = 1 << 30  # bytes of the object store of a local cluster: only files that workers cannot see


class RayCluster:
    """A Ray cluster on which workers run: one on this machine, or the one at `address`.

    The local cluster is stopped by `close`. A cluster at an address, and one that the program has
    joined before, keep running.
    """

    def __init__(self, address: str | None) -> None:
        try:
            import ray
        except ImportError as error:
            raise MissingExtra("--workers", "ray", "mmbench[ray]") from error
        self._ray: Any = ray
        self._address = address
        self._session = RaySession(ray)
        self._models: dict[str, object] = {}
        self._actor: Any = None
        self._resources: dict[str, float] = {}
        self.device = "cpu"

    def connect(self, cpus: int, gpus: float) -> None:
        """Start a local cluster with these resources, or join the one at the address.

        Raises UserError if the cluster cannot be joined.
        """
        head = None if self._address is None else head_address(self._address, self._ray)
        if self._ray.is_initialized():
            return
        logging.getLogger("ray").setLevel(logging.ERROR)
        settings: dict[str, Any] = {"log_to_driver": False, "configure_logging": False}
        if head is None:
            os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
            settings |= {"address": "local", "num_cpus": cpus, "num_gpus": gpus}
            settings |= {"include_dashboard": False, "object_store_memory": _STORE}
        else:
            settings["address"] = head
        try:
            self._session.start(settings)
        except Exception as error:  # Ray raises many classes
            raise UserError(f"{self._what()}: {connection_fault(error)}") from error
        self._silence()

    def _what(self) -> str:
        return f"--ray {self._address}" if self._address else "Ray cannot be started"

    def _silence(self) -> None:
        """Stop Ray from printing deaths of workers to stdout, which belongs to the results.

        Ray has no setting for this. The scheduler reports deaths.
        """
        self._ray._private.worker.print_to_stdstream = lambda *_, **__: None

    def total(self, resource: str) -> float:
        """Return the total of a resource of the cluster, `CPU` or `GPU`."""
        return float(self._ray.cluster_resources().get(resource, 0.0))

    def prepare(self, device: str, threads: int, cpus: float, gpus: float) -> None:
        """Set the device, the threads and the resources of each worker."""
        from mmbench.engine.workers.worker import Worker

        self.device = device
        self._resources = {"CPU": cpus, "GPU": gpus}
        node = self._ray.get_runtime_context().get_node_id()
        self._settings = WorkerSettings(threads, str(Path.cwd()), node, str(cache_folder()))
        self._actor = self._ray.remote(Worker).options(
            num_cpus=cpus,
            num_gpus=gpus,
            max_restarts=0,
            max_task_retries=0,
            max_concurrency=8,
            enable_task_events=False,  # they would keep the arguments of calls in memory
            runtime_env={"env_vars": {"OMP_NUM_THREADS": str(threads)}},
        )

    def start(self) -> Any:
        """Start a worker, and return its actor. The worker may have to wait for resources."""
        return self._actor.remote(self._settings)

    def call(self, actor: Any, method: str, *arguments: object) -> Future[Any]:
        """Call a method of a worker."""
        future: Future[Any] = getattr(actor, method).remote(*arguments).future()
        return future

    def kill(self, actor: Any) -> None:
        """End a worker at once."""
        self._ray.kill(actor)

    def put(self, value: object) -> object:
        """Put a value into the object store, and return its reference."""
        return self._ray.put(value)

    def shared(self, model: ModelOrder) -> object:
        """Return the reference of a model order in the object store."""
        if model.key not in self._models:
            self._models[model.key] = self.put(model)
        return self._models[model.key]

    def start_server(self) -> object:
        """Start a VectorServer on the node of the driver, and return its actor."""
        from ray.util.scheduling_strategies import NodeAffinitySchedulingStrategy

        from mmbench.engine.workers.search.vector_copies import VectorServer

        node = self._ray.get_runtime_context().get_node_id()
        options = {"num_cpus": 0, "max_restarts": 2, "max_task_retries": 2, "max_concurrency": 4}
        strategy = NodeAffinitySchedulingStrategy(node, soft=False)
        server = self._ray.remote(VectorServer).options(scheduling_strategy=strategy, **options)
        return server.remote()

    def is_death(self, error: BaseException) -> bool:
        """Return whether an error means that the worker or its node died."""
        errors = self._ray.exceptions
        return isinstance(
            error,
            (
                errors.RayActorError,
                errors.WorkerCrashedError,
                errors.NodeDiedError,
                errors.OutOfMemoryError,
                errors.ObjectLostError,
            ),
        )

    def start_fault(self, error: BaseException) -> str:
        """Return why a worker cannot be started on a node at all; "" if it died."""
        text = str(error)
        if "ModuleNotFoundError" in text or "ImportError" in text:
            line = next(line for line in reversed(text.splitlines()) if "Error" in line)
            return f"a worker cannot import mmbench ({line.strip()}); install mmbench on each node"
        if "RuntimeEnvSetupError" in type(error).__name__ or not self.is_death(error):
            return f"a worker cannot be started: {first_line(error)}"
        return ""

    def shortage(self) -> str:
        """Return what the cluster has free, and what a worker needs.

        The cluster of this machine has what the workers need.
        """
        if self._address is None:
            return "its process has not started yet"
        free = self._ray.available_resources()
        parts = [
            f"{free.get(name, 0):g} of {self.total(name):g} {name}s free, a worker needs {need:g}"
            for name, need in self._resources.items()
            if need
        ]
        return f"the cluster has {'; '.join(parts)}"

    def close(self, *, is_busy: bool = False) -> None:
        """Leave the cluster; end it if it was started here. See `RaySession.stop`."""
        self._models.clear()
        self._session.stop(is_busy=is_busy)
