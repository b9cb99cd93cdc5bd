"""One model in memory at a time, kept from one task of a command to the next."""

from __future__ import annotations

from typing import Any

from mmbench.engine.models import Model
from mmbench.engine.progress import Progress


class Held:
    """Holds the model that was asked for last. Another one takes its place."""

    def __init__(self) -> None:
        self._of: tuple[str, str] | None = None
        self._model: Any = None

    def get(self, model: Model, device: str, progress: Progress) -> Any:
        """The model with its weights on the device, loaded if it is not the one held."""
        wanted = model.info.hash, device
        if self._of != wanted:
            self.drop()
            progress.note(f"loading {model.info.name} on {device}")
            self._model = model.load(device)
            self._of = wanted
        return self._model

    def holds(self, model: Model, device: str) -> bool:
        """Whether this is the model that is held."""
        return self._of == (model.info.hash, device)

    def drop(self) -> None:
        """Let the held model go, and its memory with it."""
        if self._of is None:
            return
        import gc

        on_gpu = self._of[1] != "cpu"
        self._of = self._model = None
        gc.collect()
        if on_gpu:
            import torch

            torch.cuda.empty_cache()
