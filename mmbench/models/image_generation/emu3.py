"""Image generation with Emu3 (arXiv 2409.18869)."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.image_generation.image_tokens import ImageSampling, special_token_ids, to_image

if TYPE_CHECKING:
    from PIL.Image import Image
    from torch import Tensor

    from mmbench.models.support.library_types import Batch, Network, Processor

DEFAULT = ImageSampling(guidance=3.0, top_k=2048)  # of the authors' image_generation.py


def draw(model: Network, processor: Processor, prompt: str, drawing: ImageSampling) -> Image:
    """Draw `prompt`: a square image of `drawing.area` pixels, or of the processor's default.

    Both logits of the guidance are log-probabilities, and both stand at the beginning of an image.
    """
    import torch
    from transformers import GenerationConfig

    inputs, (height, width) = _inputs(processor, prompt, drawing)
    negative_inputs, _ = _inputs(processor, drawing.negative, drawing)
    prompt_length, length = inputs["input_ids"].shape[1], height * (width + 1)
    config = GenerationConfig(
        **drawing.settings(), **special_token_ids(processor.tokenizer), max_new_tokens=length
    )
    tokens = model.generate(
        **inputs.to(model.device),
        generation_config=config,
        negative_prompt_ids=negative_inputs["input_ids"].to(model.device),
        negative_prompt_attention_mask=negative_inputs["attention_mask"].to(model.device),
        prefix_allowed_tokens_fn=_row_constraint(model.vocabulary_mapping, prompt_length, width),
    )
    # The decoder removes the three tokens that close an image; none of them was generated.
    image_tokens = torch.nn.functional.pad(tokens[:, prompt_length:], (0, 3))
    pixels = model.decode_image_tokens(image_tokens=image_tokens, height=height, width=width)[0]
    return to_image(processor, pixels)


def _inputs(
    processor: Processor, text: str, drawing: ImageSampling
) -> tuple[Batch, tuple[int, int]]:
    """Return the tokens of a text and of the beginning of an image, and its size in tokens."""
    area = {"image_area": drawing.area} if drawing.area else {}
    inputs = processor(text=[text], return_for_image_generation=True, return_tensors="pt", **area)
    height, width = map(int, inputs.pop("image_sizes")[0])
    if not height * width:
        raise ModelError(f"an area of {drawing.area} pixels is less than one token of Emu3 draws")
    return inputs, (height, width)


def _row_constraint(
    vocabulary: Network, prompt_length: int, width: int
) -> Callable[[int, Tensor], list[int]]:
    """Return a function of the allowed next tokens: `width` image tokens, then an end of row."""

    def allowed(_: int, ids: Tensor) -> list[int]:
        at_end = (len(ids) - prompt_length) % (width + 1) == width
        return [vocabulary.eol_token_id] if at_end else vocabulary.image_tokens

    return allowed
