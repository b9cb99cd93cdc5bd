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

# Output fields in which safety checkers of Stable Diffusion and DeepFloyd IF flag blanked images.
_SAFETY_FLAGS = ("nsfw_content_detected", "nsfw_detected", "watermark_detected")


class _PipelineOutput(Protocol):
    """The output of a pipeline: images, float [n, h, w, 3], and safety checker flags."""

    images: NDArray[np.float32]


class Diffusion:
    """A text-to-image pipeline that AutoPipelineForText2Image of diffusers can load.

    Each image is generated in a batch of one, with a random generator on the CPU that has the seed
    of the sample. Larger batches are not used, because the last bits of matrix products would
    differ, and some pipelines would pad prompts to the longest prompt. `steps`, `guidance`,
    `height`, `width` (both in pixels) and `negative` set the pipeline's num_inference_steps,
    guidance_scale, height, width and negative_prompt; None keeps the default. The pipeline
    truncates prompts at the limit of its text encoder (CLIP: 77 tokens). Raises MissingExtra if
    diffusers is not installed, and ModelError if the folder holds no pipeline, weights are missing
    or the pipeline does not take an option.
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
        """Generate an image for each of n prompts with its seed.

        Images are PIL images in RGB, of the requested size. For an image that contains NaN or was
        blanked by a safety checker, a ContentError is returned. Raises ModelError if the pipeline
        refuses the requested size or generates another size.
        """
        return [self._draw_one(*pair) for pair in zip(prompts, seeds, strict=True)]

    def _draw_one(self, prompt: str, seed: int) -> Image | ContentError:
        output = self._run_pipeline(prompt, seed)
        if any(any(getattr(output, name, None) or ()) for name in _SAFETY_FLAGS):
            return ContentError("the safety checker blanked the image")
        image = _to_image(output.images[0])
        if not isinstance(image, ContentError):
            self._refuse_other_size(image)
        return image

    def _refuse_other_size(self, image: Image) -> None:
        """Raise ModelError if the image does not have the requested size.

        A pipeline may round the size, or ignore a height that is given without a width.
        """
        requested = (
            self._options.get("width", image.width),
            self._options.get("height", image.height),
        )
        if image.size != requested:
            raise ModelError(
                f"{_name(self._pipeline)} generated {image.width} x {image.height} pixels instead"
                f" of {requested[0]} x {requested[1]}; give width and height, both multiples of 16"
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
            raise ModelError(
                f"{_name(self._pipeline)} cannot generate the image: {reason(error)}"
            ) from error
        return output


def _name(pipeline: Network) -> str:
    return type(pipeline).__name__


def _refuse_unknown(pipeline: Network, options: Mapping[str, object]) -> None:
    unknown = options.keys() - inspect.signature(pipeline.__call__).parameters.keys()
    if unknown:
        raise ModelError(
            f"{_name(pipeline)} takes no option {', '.join(sorted(unknown))}; leave it out"
        )


def _to_image(pixels: NDArray[np.float32]) -> Image | ContentError:
    """Convert pixels, float [h, w, 3] from 0 to 1, to an RGB image.

    Values are rounded in the same way as by the pipelines of diffusers.
    """
    import numpy as np
    from PIL.Image import fromarray

    if not np.isfinite(pixels).all():
        return ContentError("the image contains NaN; pass --dtype float32 or bfloat16")
    return fromarray((pixels * 255).round().astype(np.uint8)).convert("RGB")
