"""Static types for objects of transformers and diffusers, which mypy cannot infer.

The protocols declare only the members that the adapters use. Objects that differ between model
families are aliases of Any.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Protocol, Self, TypedDict, overload

if TYPE_CHECKING:
    import numpy as np
    import torch
    from numpy.typing import NDArray
    from PIL.Image import Image
    from torch import Tensor

Network = Any  # a model or a pipeline, with methods that depend on the family
Configuration = Any  # the settings of a model or processor, which depend on the family


class Batch(Protocol):
    """Model inputs as tensors by name (BatchEncoding or BatchFeature)."""

    def keys(self) -> Iterable[str]:
        """Return the names of the tensors."""
        ...

    def __getitem__(self, name: str, /) -> Tensor: ...

    def __setitem__(self, name: str, values: Tensor, /) -> None: ...

    def pop(self, name: str, /) -> Tensor:
        """Remove a tensor and return it."""
        ...

    def to(self, device: str, dtype: torch.dtype | None = None, /) -> Self:
        """Move the tensors to a device and convert floating-point tensors to `dtype`."""
        ...


class Tokenizer(Protocol):
    """A tokenizer, which converts between texts and token ids."""

    bos_token: str
    eos_token: str | None
    pad_token: str | None
    eos_token_id: int | None
    pad_token_id: int | None
    boi_token_id: int  # Janus: the token that begins an image
    all_special_ids: list[int]
    added_tokens_decoder: Mapping[int, object]  # id → the added token, whose str is its text
    model_max_length: int
    vocab_files_names: Mapping[str, str]

    # A mapping with the token ids of a text, or of each of several texts, under "input_ids".
    @overload
    def __call__(self, text: str, **options: object) -> Mapping[str, list[int]]: ...

    @overload
    def __call__(self, text: list[str], **options: object) -> Mapping[str, list[list[int]]]: ...

    def pad(self, ids: Mapping[str, object], **options: object) -> Batch:
        """Pad the token ids of several texts to the same length."""
        ...

    def decode(self, ids: Sequence[int], **options: object) -> str:
        """Return the text of token ids."""
        ...


class ImageProcessor(Protocol):
    """A processor that converts an image or the frames of a video to arrays."""

    def __call__(self, item: object, /, **options: object) -> Mapping[str, NDArray[np.float32]]:
        """Return the arrays of one item by name, each with a batch dimension of 1."""
        ...


class AudioFeatureExtractor(Protocol):
    """A processor that converts audio, float32 [n] at `sampling_rate` in Hz, to arrays."""

    sampling_rate: int
    model_input_names: list[str]
    return_attention_mask: bool
    chunk_length: float  # Whisper: seconds of a window
    nb_max_samples: int  # CLAP: samples of a window

    def __call__(self, item: object, /, **options: object) -> Mapping[str, NDArray[np.float32]]:
        """Return the arrays of one item by name, each with a batch dimension of 1."""
        ...

    def pad(self, features: Mapping[str, object], **options: object) -> Batch:
        """Pad the arrays of several audio clips to the same length."""
        ...


class Processor(Protocol):
    """A tokenizer with image or audio processors, as returned by AutoProcessor."""

    tokenizer: Tokenizer
    image_processor: ImageProcessor
    video_processor: ImageProcessor
    feature_extractor: AudioFeatureExtractor

    def __call__(self, **inputs: object) -> Batch:
        """Return the model inputs of texts with images, videos or audio."""
        ...

    def apply_chat_template(self, turns: Sequence[Mapping[str, object]], **options: object) -> str:
        """Render a conversation as a prompt."""
        ...

    def postprocess(
        self, pixels: Sequence[Tensor], **options: object
    ) -> Mapping[str, Sequence[Image]]:
        """Convert decoded pixels, float [3, h, w] each, to images."""
        ...


class LoadingInfo(TypedDict):
    """The names of weights that `from_pretrained` did not load.

    They are missing in the checkpoint, or have another shape there.
    """

    missing_keys: Iterable[str]
    mismatched_keys: Iterable[tuple[str, ...]]
