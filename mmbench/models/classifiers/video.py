"""Video classifiers of transformers: VideoMAE, TimeSformer, ViViT, V-JEPA 2 ..."""

from __future__ import annotations

from pathlib import Path

from mmbench.models.classifiers.classifier import Classifier
from mmbench.models.support.arrays import Arrays, arrays_of, pictures
from mmbench.models.support.videos import load_video_processor
from mmbench.types import Clip, Frames, Modality

_FRAMES = ("num_frames", "frames_per_clip")  # how configurations call it


class VideoClassifier(Classifier):
    """Any model that AutoModelForVideoClassification loads; frames by its own processor.

    `stride` is the distance of frames: VideoMAE's 16 frames are 4 apart on Kinetics
    (MCG-NJU/VideoMAE, scripts/kinetics); without it they are spread over the whole video. Several
    views of a video are the task's matter.
    """

    modalities: frozenset[Modality] = frozenset({"video"})
    default_checkpoint: str | None = "MCG-NJU/videomae-base-finetuned-kinetics"

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, stride: int | None = None
    ) -> None:
        super().__init__(folder, "AutoModelForVideoClassification", device=device, dtype=dtype)
        assert folder is not None  # Classifier refuses it
        self._processor = load_video_processor(folder)
        config = self._model.config
        self.frames = Frames(
            next(getattr(config, n) for n in _FRAMES if hasattr(config, n)), stride
        )

    def prepare(self, item: Clip, modality: Modality) -> Arrays:  # noqa: ARG002
        """A clip to what the model takes, `pixel_values` float32 [t, 3, h, w]."""
        return arrays_of(self._processor, pictures(item.frames))
