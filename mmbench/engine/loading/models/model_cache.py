"""One model in memory at a time, kept from one task of a command to the next."""

from __future__ import annotations

from mmbench.engine.loading.models.resolver import Model
from mmbench.engine.progress import Progress


class ModelCache:
    """Holds the model that was asked for last. Another one takes its place.

    Two models are the same if their hashes are, and with them the contents of their files. One
    whose answers are not kept has no hash that says so: it is the same only if it was found once.
    """

    def __init__(self) -> None:
        self._loaded: tuple[Model, str] | None = None
        self._model: object = None

    def get(self, model: Model, device: str, progress: Progress) -> object:
        """Return the model with its weights on the device, loaded if it is not the one held."""
        if not self.holds(model, device):
            self.drop()
            progress.note(f"loading {model.info.name} on {device}")
            self._model = model.load(device)
            self._loaded = model, device
        return self._model

    def holds(self, model: Model, device: str) -> bool:
        """Return whether this is the model that is held."""
        if self._loaded is None or self._loaded[1] != device:
            return False
        cached = self._loaded[0]
        if cached.uncached or model.uncached:
            return cached is model
        return cached.info.hash == model.info.hash

    def drop(self) -> None:
        """Let the held model go, and its memory with it."""
        if self._loaded is None:
            return
        import gc

        on_gpu = self._loaded[1] != "cpu"
        self._loaded = self._model = None
        gc.collect()
        if on_gpu:
            import torch

            torch.cuda.empty_cache()
