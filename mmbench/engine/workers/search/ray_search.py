"""The executor of exact searches: in parts on the workers, or in this process."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from typing import TYPE_CHECKING

from mmbench.columns.vectors import Vectors
from mmbench.engine.workers.search.divided import DividedSearch
from mmbench.errors import UserError
from mmbench.search.checks import Ids
from mmbench.search.executors import FLAG
from mmbench.search.part_search import CPU
from mmbench.search.parts import Division, one_part
from mmbench.types import Array
from mmbench.validation.devices import torch_device

if TYPE_CHECKING:
    from mmbench.engine.workers.executor import RayExecutor

# Multiplications from which parts are faster than this process: with workers that are running (3 s
# on two cores), and with workers that must be started first (25 s).
_WORTH, _WORTH_A_START = 1 << 38, 1 << 41
_SPEED_OF_GPUS = 1 << 6  # how many more there must be if this process has a GPU, too: an estimate


class RaySearch:
    """Runs exact searches of one run, in parts on the workers or in this process.

    A search is divided if it has at least 2.7e11 multiplications (queries × documents × width), or
    2.2e12 while no worker is running, or if the workers have GPUs and this process has none.
    `report` is called with notes for the user.
    """

    def __init__(self, executor: RayExecutor, report: Callable[[str], None]) -> None:
        self._executor, self._report = executor, report

    def device_for(self, setting: str) -> str:
        """Return the type of device for the setting: that of the workers, or of this process.

        Raises UserError for a numbered device, and for CUDA without GPUs.
        """
        if ":" in setting:
            raise UserError(
                f"{FLAG} {setting}: Ray chooses the GPU of each worker; type {FLAG} cuda"
            )
        if setting in ("auto", "cuda") and self._executor.has_gpus():
            return "cuda"
        return torch_device(setting, FLAG)

    def device_here(self, device: str) -> str:
        """Return the device, or `cpu` if this process lacks it."""
        return device if device == CPU or torch_device("auto", FLAG) != CPU else CPU

    def divide(
        self, queries: Array | Vectors, corpus: Array | Vectors, ids: Ids, device: str, /
    ) -> AbstractContextManager[Division]:
        """Divide a corpus among the workers, or leave it to this process."""
        is_divided = self._is_divided(len(queries) * len(corpus) * queries.shape[1], device)
        return (self._divided if is_divided else one_part)(queries, corpus, ids, device)

    @contextmanager
    def _divided(
        self, queries: Array | Vectors, corpus: Array | Vectors, ids: Ids, device: str
    ) -> Iterator[Division]:
        """Yield the parts of the workers, or one part if the vectors cannot be shared."""
        divided = DividedSearch(self._executor, self._report)
        with ExitStack() as stack:
            try:
                division = stack.enter_context(divided.divide(queries, corpus, ids, device))
            except OSError as error:
                if self.device_here(device) != device:
                    raise UserError(f"the embeddings cannot be shared: {error}") from error
                self._report(f"searching without workers: {error}")
                division = stack.enter_context(one_part(queries, corpus, ids, device))
            yield division

    def _is_divided(self, work: int, device: str) -> bool:
        if work and self.device_here(device) != device:
            return True
        if self._executor.has_one_worker() or not (device == CPU or self._executor.has_gpus()):
            return False
        worth = _WORTH if self._executor.is_running() else _WORTH_A_START
        return work >= worth * (1 if device == CPU else _SPEED_OF_GPUS)
