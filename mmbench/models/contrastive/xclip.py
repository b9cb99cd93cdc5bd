"""X-CLIP in transformers: videos and texts in one space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.models.contrastive.dual_encoder import DualEncoder
from mmbench.models.support.arrays import process_item
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.models.support.videos import frame_images, load_video_processor
from mmbench.types import Frames, Modality, Role, VideoFrames

if TYPE_CHECKING:
    from mmbench.models.support.arrays import Arrays
    from mmbench.types import Array


class XClip:
    """XCLIPModel; `folder` as `save_pretrained` writes it.

    Features are those of `get_video_features` and `get_text_features`. The video-specific prompts
    of X-CLIP are left out: with them the feature of a text would depend on the video, and an index
    of a corpus could not hold it. Raises ModelError if the folder is not such a model.
    """

    modalities: frozenset[Modality] = frozenset({"video", "text"})
    version = 1
    default_checkpoint: str | None = "microsoft/xclip-base-patch32"

    def __init__(self, folder: Path | None, *, device: str, dtype: str) -> None:
        folder = checkpoint_folder(folder, "xclip", self.default_checkpoint)
        self._encoder = DualEncoder(
            folder,
            "video",
            "xclip needs an X-CLIP",
            device=device,
            dtype=dtype,
            limit=lambda config, _: int(config.text_config.max_position_embeddings),
        )
        self._processor = load_video_processor(folder)
        self.frames = Frames(int(self._encoder.model.config.vision_config.num_frames))

    def prepare(self, item: str | VideoFrames, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """Return the token ids of a text, or `pixel_values` float32 [t, 3, h, w] of a video."""
        if isinstance(item, str):
            return self._encoder.ids(item)
        return process_item(self._processor, frame_images(item.frames))

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the features of n prepared items, float32 [n, d]."""
        return self._encoder.embed(items, modality)
