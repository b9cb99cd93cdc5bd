"""Image-text-to-text models of transformers: LLaVA, Idefics, Qwen-VL, SmolVLM, Gemma ..."""

from __future__ import annotations

from pathlib import Path

from mmbench.models.chat.adapters import Chat
from mmbench.types import Modality


class Llava(Chat):
    """Any model that AutoModelForImageTextToText loads, through its chat template.

    A conversation may hold several images, in their places between texts.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    default_checkpoint: str | None = "llava-hf/llava-1.5-7b-hf"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        template: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        super().__init__(
            folder,
            "AutoModelForImageTextToText",
            ["image_processor"],
            device=device,
            dtype=dtype,
            template=template,
            trust_remote_code=trust_remote_code,
        )
