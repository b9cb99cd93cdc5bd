"""The place where exact searches run: this process, or other processes that a run has started.

A run sets the executor with `searching_by`; code that searches calls `search_executor`. A context
variable holds it, because the kinds of tasks, which search, do not know how a run is executed.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from contextvars import ContextVar
from typing import Protocol

from mmbench.columns.vectors import Vectors
from mmbench.search.checks import Ids
from mmbench.search.parts import Division, one_part
from mmbench.types import Array
from mmbench.validation.devices import torch_device

FLAG = "--search-device"


class SearchExecutor(Protocol):
    """Runs exact searches."""

    def device_for(self, setting: str) -> str:
        """Return the torch device for the setting `--search-device`.

        Raises UserError if there is no such device.
        """
        ...

    def device_here(self, device: str) -> str:
        """Return the device for searches that stay in this process: `device`, or `cpu` without it.

        `device` is the result of `device_for`.
        """
        ...

    def divide(
        self, queries: Array | Vectors, corpus: Array | Vectors, ids: Ids, device: str, /
    ) -> AbstractContextManager[Division]:
        """Divide the corpus of a search into parts, for the argument `divide` of `exact.search`.

        `ids` are those of the corpus.
        """
        ...


class SearchHere:
    """Runs exact searches in this process."""

    divide = staticmethod(one_part)

    def device_for(self, setting: str) -> str:
        """Return the torch device for the setting. Raises UserError like `torch_device`."""
        return torch_device(setting, FLAG)

    def device_here(self, device: str) -> str:
        """Return the device itself."""
        return device


_CURRENT: ContextVar[SearchExecutor] = ContextVar("search executor")


def search_executor() -> SearchExecutor:
    """Return the executor of the current run; outside a run, this process."""
    return _CURRENT.get(None) or SearchHere()


@contextmanager
def searching_by(executor: SearchExecutor) -> Iterator[None]:
    """Run the exact searches in the `with` block by this executor."""
    token = _CURRENT.set(executor)
    try:
        yield
    finally:
        _CURRENT.reset(token)
