"""Image generation with Janus and Janus-Pro (arXiv 2410.13848, 2501.17811)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from mmbench.errors import ModelError
from mmbench.models.image_generation.image_tokens import ImageSampling, special_token_ids, to_image

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.support.library_types import Network, Processor

DEFAULT = ImageSampling(guidance=5.0, top_k=0)  # from the authors' generation_inference.py


def draw(model: Network, processor: Processor, prompt: str, drawing: ImageSampling) -> Image:
    """Generate an RGB image for `prompt`, which a chat template has rendered.

    All images have the same size. The model's own sampling loop applies the guidance; for the
    unconditional logits, it replaces the prompt by padding. Raises ModelError for settings that
    Janus does not support.
    """
    from transformers import GenerationConfig

    if drawing.guidance <= 1 or drawing.negative or drawing.area:
        raise ModelError(
            "Janus needs guidance above 1 and takes no negative prompt and no area; change or leave"
            " out these options"
        )
    words = processor.tokenizer
    inputs = processor(
        text=prompt,
        generation_mode="image",
        return_tensors="pt",
        add_special_tokens=not prompt.startswith(words.bos_token),  # the template may have added it
    )
    config = GenerationConfig(
        **drawing.settings(),
        **special_token_ids(words),
        generation_kwargs={"boi_token_id": words.boi_token_id},
    )
    tokens = model.generate(
        **inputs.to(model.device), generation_mode="image", generation_config=config
    )
    return to_image(processor, model.decode_image_tokens(tokens)[0].permute(2, 0, 1))
