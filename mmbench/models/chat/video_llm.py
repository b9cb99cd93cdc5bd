"""Video-text-to-text models of transformers: LLaVA-NeXT-Video, Qwen-VL, VideoLLaVA ..."""

from __future__ import annotations

from pathlib import Path

from mmbench.models.chat.adapters import Chat
from mmbench.types import Frames, Modality


class VideoLlm(Chat):
    """Any model that AutoModelForImageTextToText loads and whose processor takes videos.

    `frames` are as many as are spread over the video. The processors of these folders need
    torchvision, for images too; where it is absent `frames+llava` asks an image model about frames.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image", "video"})
    default_checkpoint: str | None = "llava-hf/LLaVA-NeXT-Video-7B-hf"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        frames: int = 8,
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            "AutoModelForImageTextToText",
            ["image_processor", "video_processor"],
            device=device,
            dtype=dtype,
            template=template,
            trust_remote_code=trust_remote_code,
        )
        self.frames = Frames(frames)
