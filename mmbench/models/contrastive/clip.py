"""CLIP and its relatives in transformers: models with features of a text and of an image."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.errors import ModelError
from mmbench.models.support.arrays import arrays_of, stacked
from mmbench.models.support.pretrained import (
    load_image_processor,
    load_model,
    load_tokenizer,
    reason,
)
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.models.support.arrays import Arrays
    from mmbench.models.support.library_types import Batch, Configuration, Tokenizer
    from mmbench.types import Array

# SigLIP's text feature is the output at the last position, and padding is not masked: its models
# were trained on texts padded to the maximum, and give other features for any other length. All
# others pool at the start or at the end token, which padding cannot reach: it comes later under a
# causal mask (CLIP), or is masked out (BERT in ALIGN and Chinese-CLIP).
_PADDED_TO_MAXIMUM = {"siglip", "siglip2"}

# ALIGN's processor cuts texts at 64 tokens, although its BERT has 512 positions.
_TOKENS = {"align": 64}

_NEEDED = ("get_text_features", "get_image_features")


class Clip:
    """Any image-text model of transformers with `get_text_features` and `get_image_features`.

    Among them CLIP, SigLIP, SigLIP 2 (of fixed resolution and NaFlex), ALIGN and Chinese-CLIP.
    `folder` holds the model, its tokenizer and its preprocessor, as `save_pretrained` writes them;
    images and texts are prepared by the checkpoint's own. `device` is cpu, cuda or cuda:N; `dtype`
    float32, bfloat16 or float16, of the weights and not of the vectors. Code in the folder runs
    only with `trust_remote_code`. Raises ModelError when the folder is not such a model, or lacks a
    part of it.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    version = 1
    default_checkpoint: str | None = "openai/clip-vit-base-patch32"

    def __init__(
        self, folder: Path | None, *, device: str, dtype: str, trust_remote_code: bool = False
    ) -> None:
        import torch

        if folder is None:
            raise ModelError(f"clip needs a checkpoint: type clip@{self.default_checkpoint}")
        self._device, self._dtype = device, getattr(torch, dtype)
        self._model = load_model(
            folder, device=device, dtype=dtype, trust_remote_code=trust_remote_code
        )
        config = self._model.config
        if not all(hasattr(self._model, name) for name in _NEEDED):
            raise ModelError(
                f"checkpoint {folder} is a {config.model_type} model, and clip needs one with"
                f" {' and '.join(_NEEDED)}: clip, siglip, siglip2, align, chinese_clip ..."
            )
        self._tokenizer = load_tokenizer(folder, trust_remote_code=trust_remote_code)
        self._images = load_image_processor(folder, trust_remote_code=trust_remote_code)
        self._lock = threading.Lock()
        self._limit = _token_limit(config, self._tokenizer)
        fixed = config.model_type in _PADDED_TO_MAXIMUM
        self._padding = {"padding": "max_length" if fixed else "longest", "max_length": self._limit}
        self._try_out(folder)

    def prepare(self, item: str | Image, modality: Modality) -> list[int] | Arrays:  # noqa: ARG002
        """A text to its token ids, cut to the model's limit with the end token kept.

        An RGB image to the arrays that the model takes: `pixel_values` float32 [3, h, w], or for
        NaFlex [patches, values] with `pixel_attention_mask` and `spatial_shapes`.
        """
        return self._ids(item) if isinstance(item, str) else arrays_of(self._images, item)

    def _ids(self, text: str) -> list[int]:
        # Tokenizers keep the truncation as a state of theirs, and two threads may not set it.
        with self._lock:
            coded = self._tokenizer(text, truncation=True, max_length=self._limit)
        return list(coded["input_ids"])

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """What `prepare` returned for n items to their features, float32 [n, d], not normalised."""
        import torch

        with torch.inference_mode():
            if modality == "text":
                features = self._model.get_text_features(**self._padded(items))
            else:
                features = self._model.get_image_features(
                    **stacked(items, self._device, self._dtype)
                )
            # transformers 5 returns all of a tower's outputs, the projected feature among them.
            vectors = getattr(features, "pooler_output", features)
            array: NDArray[np.float32] = vectors.float().cpu().numpy()
        return array

    def _padded(self, items: Sequence[list[int]]) -> Batch:
        coded = self._tokenizer.pad({"input_ids": items}, return_tensors="pt", **self._padding)
        return coded.to(self._device)

    def _try_out(self, folder: Path) -> None:
        """One text and one image, so that parts of different models are noticed before the run."""
        from PIL.Image import new

        samples: dict[Modality, str | Image] = {"text": "a photo", "image": new("RGB", (64, 64))}
        try:
            shapes = [
                self.embed([self.prepare(item, modality)], modality, "document").shape
                for modality, item in samples.items()
            ]
        except (ValueError, RuntimeError, IndexError, TypeError) as error:
            raise ModelError(
                f"checkpoint {folder}: the model fails on what its own tokenizer and preprocessor"
                f" give it, are they of another model? {reason(error)}"
            ) from error
        if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
            raise ModelError(
                f"checkpoint {folder} has no common space: the features of one text have the shape"
                f" {shapes[0]}, those of one image {shapes[1]}; give a contrastive model"
            )


def _token_limit(config: Configuration, tokenizer: Tokenizer) -> int:
    """How many tokens a text may have, start and end included."""
    texts: Configuration = getattr(config, "text_config", config)
    positions = texts.max_position_embeddings
    own = _TOKENS.get(config.model_type, positions)
    return int(min(tokenizer.model_max_length, positions, own))
