"""Text-to-image pipelines of diffusers."""

from __future__ import annotations

import inspect
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Protocol

from mmbench.errors import ContentError, MissingExtra, ModelError
from mmbench.models.image_generation.pipelines import INDEX, load_pipeline, silent
from mmbench.models.support.generation import drop_none, seeded
from mmbench.models.support.library_messages import reason
from mmbench.models.support.pretrained import checkpoint_folder
from mmbench.types import Modality

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray
    from PIL.Image import Image

    from mmbench.models.support.library_types import Network

# Output fields in which the safety checkers of Stable Diffusion and IF mark blanked images.
_SAFETY_FLAGS = ("nsfw_content_detected", "nsfw_detected", "watermark_detected")


class _PipelineOutput(Protocol):
    """The output of a pipeline: images float [n, h, w, 3], and the flags of its safety checkers."""

    images: NDArray[np.float32]


class Diffusion:
    """Any pipeline that AutoPipelineForText2Image loads from its folder.

    Each image is drawn in a batch of one, from a generator on the CPU with the seed of its sample:
    in larger batches the last bits of matrix products differ, and some pipelines pad prompts to the
    longest. `steps`, `guidance`, `height`, `width` (pixels) and `negative` are the pipeline's
    num_inference_steps, guidance_scale, height, width and negative_prompt; others keep its
    defaults. The pipeline cuts a prompt at the limit of its text encoder (CLIP: 77 tokens). Raises
    MissingExtra without diffusers, ModelError for another folder, missing weights and options that
    the pipeline does not take.
    """

    modalities: frozenset[Modality] = frozenset({"text"})
    version = 1
    default_checkpoint: str | None = "stabilityai/stable-diffusion-2-1-base"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        steps: int | None = None,
        guidance: float | None = None,
        height: int | None = None,
        width: int | None = None,
        negative: str | None = None,
    ) -> None:
        if find_spec("diffusers") is None:
            raise MissingExtra("model diffusers", "diffusers", "mmbench[draw]")
        folder = checkpoint_folder(folder, "diffusers", self.default_checkpoint, INDEX)
        self._device = device
        self._pipeline = load_pipeline(folder, dtype=dtype).to(device)
        self._pipeline.set_progress_bar_config(disable=True)
        self._options = drop_none(
            num_inference_steps=steps,
            guidance_scale=guidance,
            height=height,
            width=width,
            negative_prompt=negative,
        )
        _refuse_unknown(self._pipeline, self._options)

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Image | ContentError]:
        """Return images of n prompts, PIL.Image in RGB.

        An image that the safety checker blanked, or that holds NaN, is a ContentError. Raises
        ModelError if the pipeline refuses the requested size or draws another one.
        """
        return [self._draw_one(*pair) for pair in zip(prompts, seeds, strict=True)]

    def _draw_one(self, prompt: str, seed: int) -> Image | ContentError:
        output = self._run_pipeline(prompt, seed)
        if any(any(getattr(output, name, None) or ()) for name in _SAFETY_FLAGS):
            return ContentError("the safety checker refused the image and blanked it")
        image = _to_image(output.images[0])
        if not isinstance(image, ContentError):
            self._refuse_other_size(image)
        return image

    def _refuse_other_size(self, image: Image) -> None:
        """Raise ModelError for another size: pipelines round sizes, or ignore a lone height."""
        requested = (
            self._options.get("width", image.width),
            self._options.get("height", image.height),
        )
        if image.size != requested:
            raise ModelError(
                f"{_name(self._pipeline)} drew {image.width} x {image.height} pixels where"
                f" {requested[0]} x {requested[1]} were asked: give width and height, in multiples"
                " of 16"
            )

    def _run_pipeline(self, prompt: str, seed: int) -> _PipelineOutput:
        import torch

        generator = torch.Generator("cpu").manual_seed(seed)
        try:
            # A few pipelines also draw numbers from torch's global generators.
            with silent(), seeded(seed, self._device), torch.inference_mode():
                output: _PipelineOutput = self._pipeline(
                    prompt, generator=generator, output_type="np", **self._options
                )
        except ValueError as error:
            raise ModelError(f"{_name(self._pipeline)} cannot draw: {reason(error)}") from error
        return output


def _name(pipeline: Network) -> str:
    return type(pipeline).__name__


def _refuse_unknown(pipeline: Network, options: Mapping[str, object]) -> None:
    unknown = options.keys() - inspect.signature(pipeline.__call__).parameters.keys()
    if unknown:
        raise ModelError(f"{_name(pipeline)} takes no {', '.join(sorted(unknown))}: leave it out")


def _to_image(pixels: NDArray[np.float32]) -> Image | ContentError:
    """Return an image of pixels float [h, w, 3] from 0 to 1, rounded as in the pipelines."""
    import numpy as np
    from PIL.Image import fromarray

    if not np.isfinite(pixels).all():
        return ContentError("the image holds NaN: choose --dtype float32 or bfloat16")
    return fromarray((pixels * 255).round().astype(np.uint8)).convert("RGB")
