"""Settings for sampling image tokens, and the conversion of decoded pixels to an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.support.library_types import Network, Processor, Tokenizer

    Draw = Callable[[Network, Processor, str, "ImageSampling"], Image]


class ImageSampling(NamedTuple):
    """Settings for sampling the tokens of an image.

    With a `temperature` above 0, a token is sampled from the `top_k` most likely tokens (0: from
    all tokens); with 0, decoding is greedy. Classifier-free guidance (arXiv 2207.12598) uses the
    logits u + `guidance` · (c - u), where c is computed after the prompt and u after the negative
    prompt `negative`, which must be empty for some model families. `area` is the number of pixels
    of the image, for model families that can generate several sizes; None means the family's
    default.
    """

    guidance: float
    top_k: int
    temperature: float = 1.0
    negative: str = ""
    area: int | None = None

    def settings(self) -> dict[str, object]:
        """Return the settings as arguments of GenerationConfig."""
        options = {"guidance_scale": self.guidance, "num_beams": 1}
        if self.temperature == 0:
            return {**options, "do_sample": False}
        sampling = {"temperature": self.temperature, "top_k": self.top_k, "top_p": 1.0}
        return {**options, **sampling, "do_sample": True}


def special_token_ids(tokenizer: Tokenizer) -> dict[str, int | None]:
    """Return the ids of the start, end and padding tokens as arguments of GenerationConfig."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: getattr(tokenizer, name) for name in names}


def to_image(processor: Processor, pixels: Tensor) -> Image:
    """Convert decoded pixels, float [3, h, w] in the processor's range, to a PIL image in RGB."""
    images = processor.postprocess([pixels.float().cpu()], return_tensors="PIL.Image.Image")
    return images["pixel_values"][0].convert("RGB")
