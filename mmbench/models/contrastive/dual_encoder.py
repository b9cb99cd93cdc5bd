"""The common part of contrastive models: two towers that share an embedding space."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

from mmbench.errors import ModelError
from mmbench.models.support.arrays import float32_array, stack_batch
from mmbench.models.support.library_messages import reason
from mmbench.models.support.pretrained import load_model, load_tokenizer
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.support.library_types import Batch, Configuration, Tokenizer
    from mmbench.types import Array

# SigLIP's text feature is the output at the last position, and padding is not masked. The models
# were trained on texts padded to the maximum length; less padding changes the features. All other
# models pool at the start or end token, which padding cannot influence: it comes later under a
# causal mask (CLIP) or is masked out (BERT in ALIGN and Chinese-CLIP).
_PADDED_TO_MAXIMUM = {"siglip", "siglip2"}


class DualEncoder:
    """A model of transformers with `get_text_features` and `get_MODALITY_features`.

    `folder` holds the model and its tokenizer, and `modality` is the modality of the non-text
    tower. `requirement` ends the error message about a checkpoint of another kind. `limit` returns
    the token limit at which texts are truncated, including start and end tokens; by default, the
    tokenizer's own limit applies. `device` is cpu, cuda or cuda:N. `dtype`, the precision of the
    weights, is float32, bfloat16 or float16; features are always float32. Code in the folder runs
    only with `trust_remote_code`. `lora` is the folder of a LoRA of peft. Raises ModelError if the
    folder holds another kind of model or lacks a part.
    """

    def __init__(
        self,
        folder: Path,
        modality: Modality,
        requirement: str,
        *,
        device: str,
        dtype: str,
        limit: Callable[[Configuration, Tokenizer], int] | None = None,
        trust_remote_code: bool = False,
        lora: str | None = None,
    ) -> None:
        self._device, self._dtype = device, dtype
        self.model = load_model(
            folder, device=device, dtype=dtype, trust_remote_code=trust_remote_code, lora=lora
        )
        config = self.model.config
        methods = ("get_text_features", f"get_{modality}_features")
        if not all(hasattr(self.model, name) for name in methods):
            raise ModelError(
                f"checkpoint {folder} is a {config.model_type} model, but {requirement}"
            )
        self.tokenizer = load_tokenizer(folder, trust_remote_code=trust_remote_code)
        self.limit = limit(config, self.tokenizer) if limit else None
        fixed = config.model_type in _PADDED_TO_MAXIMUM
        self._padding = {"padding": "max_length" if fixed else "longest", "max_length": self.limit}
        self._lock = threading.Lock()

    def ids(self, text: str) -> list[int]:
        """Return the token ids of a text, truncated to the limit with the end token kept."""
        # Truncation is a state of the tokenizer, which only one thread at a time may set.
        with self._lock:
            encoding = self.tokenizer(text, truncation=True, max_length=self.limit)
        return list(encoding["input_ids"])

    def pad_texts(self, items: Sequence[list[int]]) -> Batch:
        """Return the token ids of n texts as one padded batch on the device."""
        encoding = self.tokenizer.pad(
            {"input_ids": list(items)}, return_tensors="pt", **self._padding
        )
        return encoding.to(self._device)

    def embed(self, items: Sequence[Any], modality: Modality) -> Array:
        """Return the features of n prepared items, float32 [n, d], not normalised.

        An item is a list of token ids (text) or a dictionary of arrays (any other modality).
        """
        import torch

        with torch.inference_mode():
            if modality == "text":
                features = self.model.get_text_features(**self.pad_texts(items))
            else:
                forward = getattr(self.model, f"get_{modality}_features")
                features = forward(**stack_batch(items, self._device, self._dtype))
        # transformers 5 returns all outputs of a tower, among them the projected feature.
        return float32_array(getattr(features, "pooler_output", features))


class _TextImageModel(Protocol):
    """A model that embeds texts and images."""

    def prepare(self, item: str | Image, modality: Modality) -> Any:
        """Convert a text or an image to an item for `embed`."""
        ...

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:
        """Map n items to embeddings [n, d]."""
        ...


def refuse_mismatched(model: _TextImageModel, folder: Path) -> None:
    """Embed a text and an image, and raise ModelError if the parts do not fit together."""
    from PIL.Image import new

    samples: dict[Modality, str | Image] = {"text": "a photo", "image": new("RGB", (64, 64))}
    try:
        shapes = [
            model.embed([model.prepare(item, modality)], modality, "document").shape
            for modality, item in samples.items()
        ]
    except (ValueError, RuntimeError, IndexError, TypeError) as error:
        raise ModelError(
            f"checkpoint {folder}: the model fails on the outputs of its tokenizer and image"
            f" processor; copy those of the same model ({reason(error)})"
        ) from error
    if len(shapes[0]) != 2 or shapes[0] != shapes[1]:
        raise ModelError(
            f"checkpoint {folder} has no common embedding space (a text has features of shape"
            f" {shapes[0]}, an image of shape {shapes[1]}); give a contrastive model"
        )
