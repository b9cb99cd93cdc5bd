"""Types for objects of transformers and diffusers, which mypy does not see.

The protocols declare only the members that the adapters use. Objects that differ between families
of models have an alias of Any instead.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypedDict

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

Network = Any  # a model or a pipeline: its methods and their results depend on the family
Configuration = Any  # the settings of a model or a processor, which depend on the family too


class Batch(Protocol):
    """The tensors of a model's inputs by name (BatchEncoding, BatchFeature)."""

    def keys(self) -> Iterable[str]:
        """Return the names of the tensors."""
        ...

    def __getitem__(self, name: str, /) -> Tensor: ...

    def __setitem__(self, name: str, values: Tensor, /) -> None: ...

    def pop(self, name: str, /) -> Tensor:
        """Remove a tensor and return it."""
        ...

    def to(self, device: str, dtype: torch.dtype | None = None, /) -> Self:
        """Move the tensors to a device, floating ones to a dtype."""
        ...


class Tokenizer(Protocol):
    """A tokenizer: texts to ids and back."""

    bos_token: str
    eos_token: str | None
    pad_token: str | None
    eos_token_id: int | None
    pad_token_id: int | None
    boi_token_id: int  # Janus: the token that begins an image
    all_special_ids: list[int]
    model_max_length: int
    vocab_files_names: Mapping[str, str]

    def __call__(self, text: str, **options: object) -> Mapping[str, list[int]]:
        """Return the ids of a text."""
        ...

    def pad(self, ids: Mapping[str, object], **options: object) -> Batch:
        """Pad the ids of texts to one length."""
        ...

    def decode(self, ids: Sequence[int], **options: object) -> str:
        """Return the text of ids."""
        ...


class ImageProcessor(Protocol):
    """A processor of an image, or of the frames of a video, into arrays."""

    def __call__(self, item: object, /, **options: object) -> Mapping[str, NDArray[np.float32]]:
        """Return the arrays of one item, each with a first dimension of 1."""
        ...


class AudioFeatureExtractor(Protocol):
    """An extractor of arrays from a sound, float32 [n] at its `sampling_rate`."""

    sampling_rate: int
    model_input_names: list[str]
    return_attention_mask: bool
    chunk_length: float  # Whisper: seconds of a window
    nb_max_samples: int  # CLAP: samples of a window

    def __call__(self, item: object, /, **options: object) -> Mapping[str, NDArray[np.float32]]:
        """Return the arrays of one item, each with a first dimension of 1."""
        ...

    def pad(self, features: Mapping[str, object], **options: object) -> Batch:
        """Pad the arrays of sounds to one length."""
        ...


class Processor(Protocol):
    """A tokenizer and processors of media, as AutoProcessor returns them."""

    tokenizer: Tokenizer
    image_processor: ImageProcessor
    feature_extractor: AudioFeatureExtractor

    def __call__(self, **inputs: object) -> Batch:
        """Return the model inputs of texts and media."""
        ...

    def apply_chat_template(self, turns: Sequence[Mapping[str, object]], **options: object) -> str:
        """Return the text of a conversation."""
        ...

    def postprocess(
        self, pixels: Sequence[Tensor], **options: object
    ) -> Mapping[str, Sequence[Image]]:
        """Return the images of decoded pixels, each float [3, h, w]."""
        ...


class LoadingInfo(TypedDict):
    """The report of `from_pretrained` on the weights that it loaded: names of tensors."""

    missing_keys: Iterable[str]
    mismatched_keys: Iterable[tuple[str, ...]]
