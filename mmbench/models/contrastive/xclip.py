"""X-CLIP in transformers: videos and texts in one space."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import ModelError
from mmbench.models.support.arrays import arrays_of, pictures, stacked
from mmbench.models.support.pretrained import load_model, load_tokenizer
from mmbench.models.support.videos import load_video_processor
from mmbench.types import Clip, Frames, Modality, Role

if TYPE_CHECKING:
    from mmbench.models.support.arrays import Arrays
    from mmbench.types import Array


class XClip:
    """XCLIPModel; `folder` as `save_pretrained` writes it.

    Features are those of `get_video_features` and `get_text_features`. The prompts that X-CLIP
    makes of a video for the classes it is compared with are left out: they would make the feature
    of a text depend on the video, which no index of a corpus can hold. Raises ModelError when the
    folder is not such a model.
    """

    modalities: frozenset[Modality] = frozenset({"video", "text"})
    version = 1
    default_checkpoint: str | None = "microsoft/xclip-base-patch32"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        import torch

        if folder is None:
            raise ModelError(f"xclip needs a checkpoint: type xclip@{self.default_checkpoint}")
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = load_model(folder, device=device, dtype=dtype)
        if not hasattr(self._model, "get_video_features"):
            kind = self._model.config.model_type
            raise ModelError(f"checkpoint {folder} is a {kind} model, and xclip needs an X-CLIP")
        self._tokenizer = load_tokenizer(folder)
        self._processor = load_video_processor(folder)
        self.frames = Frames(int(self._model.config.vision_config.num_frames))
        self._limit = int(self._model.config.text_config.max_position_embeddings)
        self._lock = threading.Lock()

    def prepare(self, item: str | Clip, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """A text to its token ids; a clip to `pixel_values` float32 [t, 3, h, w]."""
        if isinstance(item, str):
            with self._lock:  # tokenizers keep the truncation as a state of theirs
                coded = self._tokenizer(item, truncation=True, max_length=self._limit)
            return list(coded["input_ids"])
        return arrays_of(self._processor, pictures(item.frames))

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """What `prepare` returned for n items to their features, float32 [n, d]."""
        import numpy as np
        import torch

        with torch.inference_mode():
            if modality == "text":
                coded = self._tokenizer.pad({"input_ids": list(items)}, return_tensors="pt")
                features = self._model.get_text_features(**coded.to(self._device))
            else:
                inputs = stacked(items, self._device, self._dtype)
                features = self._model.get_video_features(**inputs)
        # transformers 5 returns all of a tower's outputs, the projected feature among them.
        return np.asarray(getattr(features, "pooler_output", features).float().cpu())
