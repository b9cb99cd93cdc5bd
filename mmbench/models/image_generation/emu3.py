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

DEFAULT = ImageSampling(guidance=3.0, top_k=2048)  # from the authors' image_generation.py


def draw(model: Network, processor: Processor, prompt: str, drawing: ImageSampling) -> Image:
    """Generate a square RGB image for `prompt`.

    The image has about `drawing.area` pixels, or the processor's default number if `drawing.area`
    is None. For guidance, the model is run on the prompt and on the negative prompt, each followed
    by the tokens that start an image; guidance combines the two log-probabilities. Raises
    ModelError if the area is too small.
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
    # The decoder drops the three tokens that end an image; they are not generated, so pad.
    image_tokens = torch.nn.functional.pad(tokens[:, prompt_length:], (0, 3))
    pixels = model.decode_image_tokens(image_tokens=image_tokens, height=height, width=width)[0]
    return to_image(processor, pixels)


def _inputs(
    processor: Processor, text: str, drawing: ImageSampling
) -> tuple[Batch, tuple[int, int]]:
    """Tokenise a text followed by the start of an image.

    Also return the height and width of the image in tokens.
    """
    area = {"image_area": drawing.area} if drawing.area else {}
    inputs = processor(text=[text], return_for_image_generation=True, return_tensors="pt", **area)
    height, width = map(int, inputs.pop("image_sizes")[0])
    if not height * width:
        raise ModelError(
            f"an area of {drawing.area} pixels is smaller than one image token of Emu3; give a"
            " larger area"
        )
    return inputs, (height, width)


def _row_constraint(
    vocabulary: Network, prompt_length: int, width: int
) -> Callable[[int, Tensor], list[int]]:
    """Return a function for `generate` that returns the tokens allowed next.

    Each row of the image consists of `width` image tokens and an end-of-row token.
    """

    def allowed(_: int, ids: Tensor) -> list[int]:
        at_end = (len(ids) - prompt_length) % (width + 1) == width
        return [vocabulary.eol_token_id] if at_end else vocabulary.image_tokens

    return allowed
