"""Classifiers of transformers for images, videos and audio."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from mmbench.errors import ModelError
from mmbench.models.support.arrays import Arrays, float32_array, process_item, stack_batch
from mmbench.models.support.groups import map_groups, shape_key
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import (
    checkpoint_folder,
    load_feature_extractor,
    load_image_processor,
    load_model,
)
from mmbench.models.support.sounds import refuse_short
from mmbench.models.support.videos import frame_images, load_video_processor
from mmbench.types import Audio, Frames, Modality, VideoFrames

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.types import Array

_FRAMES = ("num_frames", "frames_per_clip")  # names of the frame count in configurations


class Classifier(TakesLora):
    """A model of transformers with a classification head, and the names of its classes.

    `folder` is a checkpoint folder, `device` cpu, cuda or cuda:N, and `dtype` the name of a torch
    dtype. A subclass sets `_name`, the registered name of the model, `_auto`, the class of
    transformers that loads it, and `_load_processor`, the function that loads its input processor.
    Only items of equal shapes share a batch, so nothing is padded. `lora` is the folder of a LoRA
    of peft. Raises ModelError if the folder does not hold such a model.
    """

    version = 1
    default_checkpoint: str | None = None
    _name: ClassVar[str]
    _auto: ClassVar[str]
    _load_processor: ClassVar[staticmethod[[Path], Any]]

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, lora: str | None = None
    ) -> None:
        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._device, self._dtype = device, dtype
        self._model = load_model(folder, device=device, dtype=dtype, auto=self._auto, lora=lora)
        names = self._model.config.id2label
        if sorted(names) != list(range(len(names))):
            raise ModelError(
                f"checkpoint {folder}: id2label in config.json must number the classes from 0"
                " without gaps; correct the file"
            )
        self.labels = [str(names[index]) for index in range(len(names))]
        self._processor = self._load_processor(folder)

    def classify(self, items: Sequence[Arrays], modality: Modality) -> Array:  # noqa: ARG002
        """Return the logits of n prepared items for c classes, float32 [n, c]."""
        import numpy as np

        return np.stack(map_groups(items, shape_key, self._forward))

    def _forward(self, items: list[Arrays]) -> Array:
        import torch

        with torch.inference_mode():
            output = self._model(**stack_batch(items, self._device, self._dtype))
        return float32_array(output.logits)


class ImageClassifier(Classifier):
    """An image classifier that AutoModelForImageClassification can load."""

    modalities: frozenset[Modality] = frozenset({"image"})
    default_checkpoint: str | None = "google/vit-base-patch16-224"
    _name = "image"
    _auto = "AutoModelForImageClassification"
    _load_processor = staticmethod(load_image_processor)

    def prepare(self, item: Image, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return the model inputs of an RGB image: `pixel_values`, float32 [3, h, w]."""
        return process_item(self._processor, item)


class VideoClassifier(Classifier):
    """A video classifier that AutoModelForVideoClassification can load.

    The number of frames comes from the checkpoint. `stride` is the step between frames: VideoMAE
    takes every fourth frame on Kinetics (MCG-NJU/VideoMAE, scripts/kinetics). Without it, the
    frames are spread over the whole video. Evaluation on several crops or clips per video is an
    option of the task, not of the model.
    """

    modalities: frozenset[Modality] = frozenset({"video"})
    default_checkpoint: str | None = "MCG-NJU/videomae-base-finetuned-kinetics"
    _name = "video"
    _auto = "AutoModelForVideoClassification"
    _load_processor = staticmethod(load_video_processor)

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        lora: str | None = None,
        stride: int | None = None,
    ) -> None:
        super().__init__(folder, device=device, dtype=dtype, lora=lora)
        config = self._model.config
        count = next(getattr(config, name) for name in _FRAMES if hasattr(config, name))
        self.frames = Frames(count, stride)

    def prepare(self, item: VideoFrames, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return the model inputs of a video: `pixel_values`, float32 [t, 3, h, w]."""
        return process_item(self._processor, frame_images(item.frames))


class AudioClassifier(Classifier):
    """An audio classifier that AutoModelForAudioClassification can load.

    For a model with a fixed window (AST: 1,024 frames, 10 seconds), the feature extractor truncates
    or pads audio to the window. Other models process the whole clip.
    """

    modalities: frozenset[Modality] = frozenset({"audio"})
    default_checkpoint: str | None = "MIT/ast-finetuned-audioset-10-10-0.4593"
    _name = "audio"
    _auto = "AutoModelForAudioClassification"
    _load_processor = staticmethod(load_feature_extractor)

    @property
    def rate(self) -> int:
        """The sampling rate of the model in Hz."""
        return int(self._processor.sampling_rate)

    def prepare(self, item: Audio, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return the model inputs of an audio clip: a spectrogram or samples, float32.

        Raises ContentError for audio that is too short for the model's first frame.
        """
        refuse_short(len(item.samples), self._model, self._processor)
        arrays = process_item(self._processor, item.samples, sampling_rate=item.rate)
        # All clips of a batch have the same length, so no mask is needed.
        return {name: values for name, values in arrays.items() if name != "attention_mask"}
