"""Image classifiers of transformers: ViT, ConvNeXt, ResNet, DeiT, Swin ..."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from mmbench.models.classifiers.classifier import Classifier
from mmbench.models.support.arrays import Arrays, arrays_of
from mmbench.models.support.pretrained import load_image_processor
from mmbench.types import Modality

if TYPE_CHECKING:
    from PIL.Image import Image


class ImageClassifier(Classifier):
    """Any model that AutoModelForImageClassification loads; images by its own processor."""

    modalities: frozenset[Modality] = frozenset({"image"})
    default_checkpoint: str | None = "google/vit-base-patch16-224"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        super().__init__(folder, "AutoModelForImageClassification", device=device, dtype=dtype)
        assert folder is not None  # Classifier refuses it
        self._processor = load_image_processor(folder)

    def prepare(self, item: Image, modality: Modality) -> Arrays:  # noqa: ARG002
        """An RGB image to what the model takes, `pixel_values` float32 [3, h, w]."""
        return arrays_of(self._processor, item)
