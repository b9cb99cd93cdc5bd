"""Drawing with Emu3 (arXiv 2409.18869)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.image_generation.image_tokens import ImageSampling, picture, special_token_ids

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.support.library_types import Batch, Network, Processor

DEFAULT = ImageSampling(guidance=3.0, top_k=2048)  # of the authors' image_generation.py


def draw(model: Network, processor: Processor, prompt: str, how: ImageSampling) -> Image:
    """Draw `prompt`: a square image of `how.area` pixels, or as many as the processor says.

    Both logits of the guidance are log-probabilities, and both stand at the beginning of an image.
    """
    import torch
    from transformers import GenerationConfig

    inputs, (height, width) = _inputs(processor, prompt, how)
    against, _ = _inputs(processor, how.negative, how)
    begun, asked = inputs["input_ids"].shape[1], height * (width + 1)
    config = GenerationConfig(
        **how.settings(), **special_token_ids(processor.tokenizer), max_new_tokens=asked
    )
    tokens = model.generate(
        **inputs.to(model.device),
        generation_config=config,
        negative_prompt_ids=against["input_ids"].to(model.device),
        negative_prompt_attention_mask=against["attention_mask"].to(model.device),
        prefix_allowed_tokens_fn=_rows(model.vocabulary_mapping, begun, width),
    )
    # Decoding takes the three tokens that close an image off; none of them was generated.
    drawn = torch.nn.functional.pad(tokens[:, begun:], (0, 3))
    pixels = model.decode_image_tokens(image_tokens=drawn, height=height, width=width)[0]
    return picture(processor, pixels)


def _inputs(processor: Processor, text: str, how: ImageSampling) -> tuple[Batch, tuple[int, int]]:
    """Return the tokens of a text and of the beginning of an image, and its size in tokens."""
    area = {"image_area": how.area} if how.area else {}
    inputs = processor(text=[text], return_for_image_generation=True, return_tensors="pt", **area)
    height, width = map(int, inputs.pop("image_sizes")[0])
    if not height * width:
        raise ModelError(f"an area of {how.area} pixels is less than one token of Emu3 draws")
    return inputs, (height, width)


def _rows(vocabulary: Network, begun: int, width: int) -> Callable[[int, Tensor], list[int]]:
    """Return which tokens may come next: `width` of the image, then the one that ends a row."""

    def allowed(_: int, ids: Tensor) -> list[int]:
        at_end = (len(ids) - begun) % (width + 1) == width
        return [vocabulary.eol_token_id] if at_end else vocabulary.image_tokens

    return allowed
