"""A cache of one loaded model, shared by the tasks of a command."""

from __future__ import annotations

from mmbench.engine.loading.models.resolver import Model
from mmbench.engine.progress import Progress


class ModelCache:
    """A cache of the model that was loaded last; loading another model replaces it.

    Two models are the same if their hashes are equal, since a hash covers the contents of the
    model's files. The hash of an `uncached` model is incomplete, so such a model is the same only
    if it is the same object.
    """

    def __init__(self) -> None:
        self._loaded: tuple[Model, str] | None = None
        self._model: object = None

    def get(self, model: Model, device: str, progress: Progress) -> object:
        """Return the model with its weights on the device; load it if it is not in the cache."""
        if not self.holds(model, device):
            self.drop()
            progress.note(f"loading {model.info.name} on {device}")
            self._model = model.load(device)
            self._loaded = model, device
        return self._model

    def holds(self, model: Model, device: str) -> bool:
        """Return whether this model is in the cache."""
        if self._loaded is None or self._loaded[1] != device:
            return False
        cached = self._loaded[0]
        if cached.uncached or model.uncached:
            return cached is model
        return cached.info.hash == model.info.hash

    def drop(self) -> None:
        """Remove the model from the cache and free its memory."""
        if self._loaded is None:
            return
        import gc

        on_gpu = self._loaded[1] != "cpu"
        self._loaded = self._model = None
        gc.collect()
        if on_gpu:
            import torch

            torch.cuda.empty_cache()
