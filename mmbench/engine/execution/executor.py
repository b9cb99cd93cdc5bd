"""The interface of executors, which load models and run forward passes for the engine.

The engine plans batches, reads the journal, and hands the missing batches to an executor. It alone
appends to the journal.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from contextlib import AbstractContextManager
from typing import NamedTuple, Protocol

from mmbench.columns import Places
from mmbench.engine.dispatch import StoredRow
from mmbench.engine.execution.forward import ItemSelector
from mmbench.engine.loading.models.resolver import Model
from mmbench.engine.progress import Progress
from mmbench.search.executors import SearchExecutor
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Item, Requests


class ComputedBatch(NamedTuple):
    """The outputs of some rows, encoded for the journal.

    `step` is the number of items in one forward pass, which shrinks when memory runs out.
    `audio_seconds` is the duration of the audio that was decoded since the last batch.
    """

    rows: Places
    outputs: Sequence[StoredRow]
    step: int
    audio_seconds: float


class RunServices(NamedTuple):
    """The parts of a run that an executor uses.

    `loading` returns a context manager, which measures the time for loading the model.
    """

    keys: ContentKeys
    progress: Progress
    loading: Callable[[], AbstractContextManager[None]]


class ModelExecutor(Protocol):
    """The forward passes of one model on one type of device; the model is loaded on demand.

    `notes` are remarks on the forward passes for the record of the run.
    """

    notes: list[str]

    def labels(self) -> list[str]:
        """Return the class names of a classifier. Raises ModelError if it does not list them."""
        ...

    def batch_size(self, requests: Requests, longest: Item) -> int:
        """Return a batch size that fits the memory, given the longest item of the requests."""
        ...

    def compute(
        self, requests: Requests, batches: Sequence[Places], select: ItemSelector, step: int
    ) -> Generator[ComputedBatch]:
        """Yield the outputs of all batches, in any order.

        `select` returns the items of a batch. `step` is the number of items in a forward pass.
        """
        ...

    def loaded(self) -> object:
        """Return the model if it is loaded in this process, else None."""
        ...


class Executor(Protocol):
    """Runs the forward passes of models, in this process or in others.

    `workers` is the number of processes that run models, or None for this process.
    """

    workers: int | None

    def device_for(self, device: str) -> str:
        """Return the torch device for the setting `device`: `cpu`, `cuda` or `cuda:N`.

        Raises UserError if there is no such device.
        """
        ...

    def open(self, model: Model, device: str, services: RunServices) -> ModelExecutor:
        """Return the executor of one model in one run, without loading the model."""
        ...

    def searches(self, report: Callable[[str], None], /) -> SearchExecutor:
        """Return the executor of exact searches; `report` is called with notes for the user."""
        ...

    def environment(self) -> dict[str, object]:
        """Return facts about the processes that ran models, for the record of a run."""
        ...
