"""X-CLIP models of transformers, which embed videos and texts in a shared space."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.models.contrastive.dual_encoder import DualEncoder
from mmbench.models.support.arrays import process_item
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.models.support.videos import frame_images, load_video_processor
from mmbench.types import Frames, Modality, Role, VideoFrames

if TYPE_CHECKING:
    from mmbench.models.support.arrays import Arrays
    from mmbench.types import Array


class XClip(TakesLora):
    """An X-CLIP model (XCLIPModel of transformers).

    `folder` is a checkpoint folder written by `save_pretrained`. The embeddings come from
    `get_video_features` and `get_text_features`. X-CLIP's video-specific prompts are not used: they
    make the embedding of a text depend on the video, so it could not be stored in an index. `lora`
    is the folder of a LoRA of peft. Raises ModelError if the folder does not hold an X-CLIP model.
    """

    modalities: frozenset[Modality] = frozenset({"video", "text"})
    version = 1
    default_checkpoint: str | None = "microsoft/xclip-base-patch32"

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, lora: str | None = None
    ) -> None:
        folder = checkpoint_folder(folder, "xclip", self.default_checkpoint)
        self._encoder = DualEncoder(
            folder,
            "video",
            "xclip needs an X-CLIP model",
            device=device,
            dtype=dtype,
            limit=lambda config, _: int(config.text_config.max_position_embeddings),
            lora=lora,
        )
        self._processor = load_video_processor(folder)
        self.frames = Frames(int(self._encoder.model.config.vision_config.num_frames))

    def prepare(self, item: str | VideoFrames, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """Return a text's token ids, or a video's `pixel_values`, float32 [t, 3, h, w]."""
        if isinstance(item, str):
            return self._encoder.ids(item)
        return process_item(self._processor, frame_images(item.frames))

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the embeddings of n prepared items, float32 [n, d]."""
        return self._encoder.embed(items, modality)
