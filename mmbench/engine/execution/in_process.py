"""The executor that runs models in this process."""

from __future__ import annotations

from collections.abc import Callable, Generator, Sequence
from functools import partial

import numpy as np

from mmbench.columns import Places
from mmbench.engine.dispatch import labels_of
from mmbench.engine.execution.batch_sizes import first_size, largest_batch
from mmbench.engine.execution.executor import ComputedBatch, RunServices
from mmbench.engine.execution.forward import Forward, ItemSelector, prepared_bytes
from mmbench.engine.execution.pinned import pin_files
from mmbench.engine.loading.models.model_cache import ModelCache
from mmbench.engine.loading.models.resolver import Model
from mmbench.search.executors import SearchHere
from mmbench.storage.content_keys import ContentKeys
from mmbench.types import Item, Requests
from mmbench.validation.devices import torch_device


def device_for(device: str) -> str:
    """Return the torch device for the setting `device`. Raises UserError like `torch_device`."""
    return torch_device(device, "--device")


class InProcessExecutor:
    """Runs models in this process; the model that was loaded last stays loaded."""

    workers: int | None = None

    def __init__(self) -> None:
        self._cache = ModelCache()

    def device_for(self, device: str) -> str:
        """Return the torch device for the setting `device`; see `device_for`."""
        return device_for(device)

    def open(self, model: Model, device: str, services: RunServices) -> InProcessModel:
        """Return the executor of one model in one run, without loading the model."""
        return InProcessModel(
            partial(_load, self._cache, model, device, services),
            services.keys,
            services.progress.note,
            device=device,
            name=f"model {model.info.name}",
            loaded=partial(_loaded, self._cache, model, device, services),
        )

    def searches(self, _report: Callable[[str], None], /) -> SearchHere:
        """Return the executor that searches in this process."""
        return SearchHere()

    def environment(self) -> dict[str, object]:
        """Return {}: the engine itself describes this process."""
        return {}


def _load(cache: ModelCache, model: Model, device: str, services: RunServices) -> object:
    if cache.holds(model, device):
        return cache.get(model, device, services.progress)
    with services.loading():
        return cache.get(model, device, services.progress)


def _loaded(cache: ModelCache, model: Model, device: str, services: RunServices) -> object:
    is_loaded = cache.holds(model, device)
    return cache.get(model, device, services.progress) if is_loaded else None


class InProcessModel:
    """The forward passes of one model in this process.

    `load` is called before the first forward pass and returns the model; `report` is called with a
    message when memory runs out. `name` is the model's name in errors.
    """

    def __init__(
        self,
        load: Callable[[], object],
        keys: ContentKeys,
        report: Callable[[str], None],
        *,
        device: str = "cpu",
        name: str = "the model",
        loaded: Callable[[], object] = lambda: None,
    ) -> None:
        self._load, self._keys, self._report = load, keys, report
        self._device, self._name = device, name
        self.loaded = loaded
        self.notes: list[str] = []

    def labels(self) -> list[str]:
        """Return the class names of a classifier. Raises ModelError if it does not list them."""
        return labels_of(self._load(), self._name)

    def batch_size(self, requests: Requests, longest: Item) -> int:
        """Return a batch size that fits the memory, given the longest item of the requests."""
        return batch_size(self._load(), requests, longest, self._device)

    def compute(
        self, requests: Requests, batches: Sequence[Places], select: ItemSelector, step: int
    ) -> Generator[ComputedBatch]:
        """Yield the outputs of all batches, in their order.

        A model that writes each answer on its own yields batches of one, as soon as they are ready.
        """
        model = self._load()
        if getattr(model, "remote", False):
            select = _pinned(batches, select, self._keys)
        forward = Forward(model, requests, step, self._device, self._name)
        seconds = 0.0
        for rows, outputs in forward.outputs(batches, select, self._report):
            yield ComputedBatch(rows, outputs, forward.step, forward.audio_seconds - seconds)
            seconds = forward.audio_seconds


def batch_size(model: object, requests: Requests, longest: Item, device: str) -> int:
    """Return a batch size of a loaded model that fits the memory of the device."""
    item = Forward(model, requests, 1).prepare(longest)
    return first_size(prepared_bytes(item), device, largest_batch(model, requests))


def _pinned(batches: Sequence[Places], select: ItemSelector, keys: ContentKeys) -> ItemSelector:
    """Return a function that selects items with pinned files; all files are pinned now."""
    items = {
        row: pin_files(item, keys)
        for rows in batches
        for row, item in zip(rows.tolist(), select(rows), strict=True)
    }
    return lambda rows: [items[row] for row in np.asarray(rows).tolist()]
