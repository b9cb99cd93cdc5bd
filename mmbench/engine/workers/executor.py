"""The executor that runs models on Ray actors."""

from __future__ import annotations

import os
from collections.abc import Callable
from threading import Lock

import msgspec

from mmbench import registry
from mmbench.engine import identity
from mmbench.engine.execution.executor import ModelExecutor, RunServices
from mmbench.engine.execution.in_process import InProcessExecutor, device_for
from mmbench.engine.loading.models.adapters import without_frames_prefix
from mmbench.engine.loading.models.resolver import Model
from mmbench.engine.workers.cluster import RayCluster
from mmbench.engine.workers.messages import ModelOrder
from mmbench.engine.workers.plugin_files import plugin_packages, plugin_sources
from mmbench.engine.workers.ray_model import DEPTH, RayModel
from mmbench.engine.workers.scheduling.scheduler import Scheduler
from mmbench.engine.workers.search.ray_search import RaySearch
from mmbench.errors import UserError
from mmbench.storage.content_keys import digest


class WorkerOptions(msgspec.Struct, frozen=True):
    """The flags for workers: their number (None for `auto`), the cluster, and their resources."""

    workers: int | None = None
    address: str | None = None
    gpus: float | None = None
    cpus: int | None = None


class RayExecutor:
    """Runs models on Ray actors, which start with the first batch or call.

    Endpoints run in this process: the server does the work. Raises UserError if Ray is missing.
    """

    def __init__(self, options: WorkerOptions) -> None:
        self._options = options
        self.cluster = RayCluster(options.address)
        self._in_process = InProcessExecutor()
        self._lock = Lock()
        self._device = ""
        self._scheduler: Scheduler | None = None
        self._threads = 1
        self.workers: int | None = options.workers or 1

    def device_for(self, device: str) -> str:
        """Return the type of device of the workers, for the setting `device`.

        Raises UserError for a numbered device, and for CUDA without GPUs.
        """
        with self._lock:
            if not self._device:
                self._device = self._choose_device(device)
        return self._device

    def _choose_device(self, device: str) -> str:
        if ":" in device:
            raise UserError(
                f"--device {device}: Ray chooses the GPU of each worker; type --device cuda"
            )
        if self._options.address is None:
            return device_for("cpu" if self._options.gpus == 0 else device)
        self.cluster.connect(0, 0)
        has_gpus = self.cluster.total("GPU") > 0
        if device == "cuda" and not has_gpus:
            raise UserError(
                f"--device cuda: the cluster at {self._options.address} has no GPU; type"
                " --device cpu"
            )
        return "cuda" if has_gpus and device != "cpu" and self._options.gpus != 0 else "cpu"

    def open(self, model: Model, device: str, services: RunServices) -> ModelExecutor:
        """Return the executor of one model in one run, without loading the model.

        Raises UserError for a model that cannot be sent to workers.
        """
        if getattr(model.cls, "remote", False):
            return self._in_process.open(model, device, services)
        return RayModel(self.scheduler, _order(model, device), services)

    def searches(self, report: Callable[[str], None], /) -> RaySearch:
        """Return the executor of exact searches of one run."""
        return RaySearch(self, report)

    def has_gpus(self) -> bool:
        """Return whether the workers have GPUs, or will have them once they are started."""
        with self._lock:
            return (self._device or self._choose_device("auto")) == "cuda"

    def is_running(self) -> bool:
        """Return whether the workers have been started."""
        return self._scheduler is not None

    def has_one_worker(self) -> bool:
        """Return whether there is one worker, or will be one."""
        may_be_more = self._options.workers is None and not self.is_running() and self.has_gpus()
        return self.workers == 1 and not may_be_more

    def environment(self) -> dict[str, object]:
        """Return the number of workers, their threads and their nodes; {} if none was started."""
        if self._scheduler is None:
            return {}
        facts = self._scheduler.facts()
        return {
            "workers": self.workers,
            "threads": self._threads,
            "nodes": sorted({one.name for one in facts}),
            "device": ", ".join(sorted({one.device_name for one in facts})),
        }

    def scheduler(self) -> Scheduler:
        """Return the scheduler; connect to Ray and start the workers at the first call."""
        with self._lock:
            if self._scheduler is None:
                self._scheduler = self._start()
            return self._scheduler

    def _start(self) -> Scheduler:
        on_gpu = self._device == "cuda"
        gpus = (1.0 if self._options.gpus is None else self._options.gpus) if on_gpu else 0.0
        self._threads = self._options.cpus or (1 if on_gpu else own_threads())
        is_local = self._options.address is None
        if not is_local:
            self.cluster.connect(0, 0)
        available = 0
        if on_gpu:
            available = _visible_gpus() if is_local else int(self.cluster.total("GPU"))
        workers = self._options.workers or max(1, int(available / gpus) if gpus else 1)
        if is_local:
            self.cluster.connect(workers * self._threads, available)
        self.workers = workers
        self.cluster.prepare(self._device, self._threads, self._threads, gpus)
        scheduler = Scheduler(self.cluster, workers, DEPTH)
        scheduler.start()
        return scheduler

    def close(self) -> None:
        """End the workers, and the cluster if it was started here."""
        is_busy = self._scheduler is not None and self._scheduler.stop()
        self.cluster.close(is_busy=is_busy)


def own_threads() -> int:
    """Return the number of threads that torch uses in this process."""
    if (threads := os.environ.get("OMP_NUM_THREADS", "")).isdecimal():
        return int(threads)
    import torch

    return torch.get_num_threads()


def _visible_gpus() -> int:
    import torch

    return torch.cuda.device_count()


def _order(model: Model, device: str) -> ModelOrder:
    """Return what a worker needs to load a model. Raises UserError for a live object."""
    origin = model.origin
    assert origin is not None  # `find` sets it
    adapters = [part.adapter for part in origin.ref.late] or [origin.ref.adapter]
    for adapter in map(without_frames_prefix, adapters):
        plugin = registry.plugin("model", adapter)
        if plugin is not None and plugin.file is None and plugin.package is None:
            raise UserError(
                f"model {adapter} was registered by the running program and cannot be sent to"
                " workers; move it to a file and pass --plugin FILE.py"
            )
    return ModelOrder(
        digest(model.info.hash, origin.text, identity.canonical(origin.options)).hex(),
        origin,
        model.info.hash,
        model.parts,
        device,
        f"model {model.info.name}",
        plugin_sources(),
        plugin_packages(),
    )
