"""What the classifiers of transformers share: their labels, and one forward."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.support.arrays import Arrays, float32_array, stacked
from mmbench.models.support.groups import map_groups, shapes_of
from mmbench.models.support.pretrained import load_model
from mmbench.types import Modality

if TYPE_CHECKING:
    from mmbench.types import Array


class Classifier:
    """A model of transformers with a classification head, and the names of its classes.

    Items of equal shapes share a forward, so that nothing is padded. Raises ModelError when the
    folder is not such a model.
    """

    version = 1
    default_checkpoint: str | None = None

    def __init__(self, folder: Path | None, auto: str, *, device: str, dtype: str) -> None:
        if folder is None:
            raise ModelError("a classifier needs a checkpoint: type NAME@CHECKPOINT")
        self._device, self._dtype = device, dtype
        self._model = load_model(folder, device=device, dtype=dtype, auto=auto)
        names = self._model.config.id2label
        if sorted(names) != list(range(len(names))):
            raise ModelError(
                f"checkpoint {folder}: id2label in its config.json does not count from 0"
            )
        self.labels = [str(names[index]) for index in range(len(names))]

    def classify(self, items: Sequence[Arrays], modality: Modality) -> Array:  # noqa: ARG002
        """Logits [n, c] float32 of n prepared items."""
        import numpy as np

        return np.stack(map_groups(items, shapes_of, self._forward))

    def _forward(self, items: list[Arrays]) -> Array:
        import torch

        with torch.inference_mode():
            found = self._model(**stacked(items, self._device, self._dtype))
        return float32_array(found.logits)
