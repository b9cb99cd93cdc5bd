"""Models with one token sequence of images and texts: Janus, Emu3, Chameleon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError
from mmbench.models.chat.adapters import Chat
from mmbench.models.chat.inputs import RenderedConversation
from mmbench.models.chat.templates import checkpoint_template
from mmbench.models.image_generation import emu3, janus
from mmbench.models.image_generation.image_tokens import ImageSampling
from mmbench.models.support.generation import drop_none, seeded
from mmbench.models.support.library_messages import quiet
from mmbench.models.support.pretrained import checkpoint_folder, load_processor, model_type
from mmbench.types import GeneratedText, GenerationConfig, Message, Modality

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.models.image_generation.image_tokens import Draw

_PLAIN = Path(__file__).with_name("plain.jinja")


class _ImageGenerator(NamedTuple):
    """The drawing function of a family; with `templated` it takes a chat-template prompt."""

    draw: Draw
    default: ImageSampling
    templated: bool


class _FamilyTraits(NamedTuple):
    """Properties of a family.

    `unbatched`: generate one at a time, because images of a batch are padded to the largest, which
    changes the features of the others.
    """

    drawing: _ImageGenerator | None = None
    unbatched: bool = False


_FAMILIES = {
    "janus": _FamilyTraits(_ImageGenerator(janus.draw, janus.DEFAULT, templated=True)),
    "emu3": _FamilyTraits(
        _ImageGenerator(emu3.draw, emu3.DEFAULT, templated=False), unbatched=True
    ),
    "chameleon": _FamilyTraits(),  # transformers has no decoder of its images
}


class Unified(Chat):
    """Janus, Emu3 (texts and images) and Chameleon (texts), selected by the folder's config.json.

    Texts are generated as by any chat model; without a chat template (Chameleon, Emu3-Gen), texts
    and images are joined unchanged. Images are generated as tokens, one image at a time, sampled
    from torch's generator on the device with the seed of the sample. `guidance`, `temperature`,
    `top_k`, `negative` and `area` are those of `ImageSampling`; the defaults are the authors'
    settings. Raises ModelError for a checkpoint of another family and for missing parts.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    default_checkpoint: str | None = "deepseek-community/Janus-Pro-1B"
    _name = "unified"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        template: str | None = None,
        guidance: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        negative: str | None = None,
        area: int | None = None,
    ) -> None:
        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._family = _family(folder)
        super().__init__(folder, device=device, dtype=dtype, template=template or _template(folder))
        self._folder = folder
        self._settings = drop_none(
            guidance=guidance, temperature=temperature, top_k=top_k, negative=negative, area=area
        )

    def write(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Return answers to n prepared conversations."""
        if self._family.unbatched:
            return self._one_by_one(conversations, options)
        return super().write(conversations, options)

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Image]:
        """Return images of n prompts, PIL.Image in RGB. Raises ModelError if it cannot draw."""
        self.check(self._folder, ["draw"])
        return [self._draw_one(*pair) for pair in zip(prompts, seeds, strict=True)]

    def _draw_one(self, prompt: str, seed: int) -> Image:
        import torch

        method = self._family.drawing
        assert method is not None  # check refuses it
        if method.templated:
            prompt = self.prepare([Message("user", (prompt,))], "conversation").text
        config = method.default._replace(**self._settings)
        with quiet(), seeded(seed, self._device), torch.inference_mode():
            return method.draw(self._model, self._processor, prompt, config)

    @staticmethod
    def check(folder: Path, methods: Sequence[str]) -> None:
        """Raise ModelError if the checkpoint lacks one of `methods`; no weights are loaded."""
        if "draw" in methods and _family(folder).drawing is None:
            raise ModelError(
                f"checkpoint {folder} has no decoder of images in transformers and cannot draw;"
                f" give one of {', '.join(n for n, one in _FAMILIES.items() if one.drawing)}"
            )


def _family(folder: Path) -> _FamilyTraits:
    """Return the family that config.json names. Raises ModelError for another one."""
    kind = model_type(folder)
    if kind not in _FAMILIES:
        raise ModelError(
            f"checkpoint {folder} is of the family {kind}, but unified takes only"
            f" {', '.join(_FAMILIES)}: mmbench list models shows the other adapters"
        )
    return _FAMILIES[kind]


def _template(folder: Path) -> str | None:
    """Return a template for a folder without one, which joins texts and images unchanged."""
    return None if checkpoint_template(folder, load_processor(folder)) else str(_PLAIN)
