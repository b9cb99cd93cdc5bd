"""How images are drawn as tokens, and how decoded pixels become an image."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.support.library_types import Network, Processor, Tokenizer

    Draw = Callable[[Network, Processor, str, "ImageSampling"], Image]


class ImageSampling(NamedTuple):
    """How the tokens of an image are sampled.

    At a `temperature` above 0 from the `top_k` likeliest (0: from all), else the likeliest, with
    classifier-free guidance (arXiv 2207.12598): logits u + `guidance` · (c - u), where c are those
    after the prompt and u those after `negative` (nothing, where the family takes no other). `area`
    is the number of pixels of the image, where the family draws several sizes.
    """

    guidance: float
    top_k: int
    temperature: float = 1.0
    negative: str = ""
    area: int | None = None

    def settings(self) -> dict[str, object]:
        """Return the arguments of GenerationConfig."""
        options = {"guidance_scale": self.guidance, "num_beams": 1}
        if self.temperature == 0:
            return {**options, "do_sample": False}
        sampling = {"temperature": self.temperature, "top_k": self.top_k, "top_p": 1.0}
        return {**options, **sampling, "do_sample": True}


def special_token_ids(tokenizer: Tokenizer) -> dict[str, int | None]:
    """Return the ids of the tokens that begin, end and pad a text, as GenerationConfig has them."""
    names = ("bos_token_id", "eos_token_id", "pad_token_id")
    return {name: getattr(tokenizer, name) for name in names}


def to_image(processor: Processor, pixels: Tensor) -> Image:
    """Return a PIL.Image in RGB of decoded pixels float [3, h, w], by the processor's own scale."""
    images = processor.postprocess([pixels.float().cpu()], return_tensors="PIL.Image.Image")
    return images["pixel_values"][0].convert("RGB")
