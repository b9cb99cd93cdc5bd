"""CLIP and similar models of transformers that embed texts and images."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.models.contrastive.dual_encoder import DualEncoder, refuse_mismatched
from mmbench.models.support.arrays import process_item
from mmbench.models.support.lora import TakesLora
from mmbench.models.support.pretrained import checkpoint_folder, load_image_processor
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.support.arrays import Arrays
    from mmbench.models.support.library_types import Configuration, Tokenizer
    from mmbench.types import Array

# ALIGN's processor truncates texts at 64 tokens, although its BERT has 512 positions.
_MAX_TOKENS = {"align": 64}

_REQUIREMENT = (
    "clip needs a model with get_text_features and get_image_features"
    " (clip, siglip, siglip2, align, chinese_clip ...)"
)


class Clip(TakesLora):
    """Any image-text model of transformers with `get_text_features` and `get_image_features`.

    Among them are CLIP, SigLIP, SigLIP 2 (fixed resolution and NaFlex), ALIGN and Chinese-CLIP.
    `folder` is a checkpoint folder written by `save_pretrained`, with the tokenizer and the image
    processor that prepare the inputs. `device` is cpu, cuda or cuda:N. `dtype`, the precision of
    the weights, is float32, bfloat16 or float16; embeddings are always float32. Code in the folder
    runs only with `trust_remote_code`. `lora` is the folder of a LoRA of peft. Raises ModelError if
    the folder holds another kind of model or lacks a part.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    version = 1
    default_checkpoint: str | None = "openai/clip-vit-base-patch32"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        lora: str | None = None,
        trust_remote_code: bool = False,
    ) -> None:
        folder = checkpoint_folder(folder, "clip", self.default_checkpoint)
        self._encoder = DualEncoder(
            folder,
            "image",
            _REQUIREMENT,
            device=device,
            dtype=dtype,
            limit=_token_limit,
            trust_remote_code=trust_remote_code,
            lora=lora,
        )
        self._images = load_image_processor(folder, trust_remote_code=trust_remote_code)
        refuse_mismatched(self, folder)

    def prepare(self, item: str | Image, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """Return the model inputs of a text or an RGB image.

        A text becomes its token ids, truncated to the model's limit with the end token kept. An
        image becomes `pixel_values`, float32 [3, h, w]; for NaFlex, these have the shape [patches,
        values], next to `pixel_attention_mask` and `spatial_shapes`.
        """
        if isinstance(item, str):
            return self._encoder.ids(item)
        return process_item(self._images, item)

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the embeddings of n prepared items, float32 [n, d], not normalised."""
        return self._encoder.embed(items, modality)


def _token_limit(config: Configuration, tokenizer: Tokenizer) -> int:
    """Return the maximum number of tokens per text, including start and end tokens."""
    texts: Configuration = getattr(config, "text_config", config)
    positions = texts.max_position_embeddings
    own = _MAX_TOKENS.get(config.model_type, positions)
    return int(min(tokenizer.model_max_length, positions, own))
