"""Models that represent images and texts in one token sequence: Janus, Emu3, Chameleon."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from mmbench.errors import ModelError, SampleError
from mmbench.models.chat.adapters import Chat, ChatOptions
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
    """The image generation function of a model family and its default settings.

    If `templated` is true, the prompt must be rendered by the chat template before the call.
    """

    draw: Draw
    default: ImageSampling
    templated: bool


class _FamilyTraits(NamedTuple):
    """Properties of a model family.

    `drawing` is None if the family cannot generate images. If `unbatched` is true, texts are
    generated one at a time: images in a batch would be padded to the largest image, which would
    change the features of smaller images.
    """

    drawing: _ImageGenerator | None = None
    unbatched: bool = False


_FAMILIES = {
    "janus": _FamilyTraits(_ImageGenerator(janus.draw, janus.DEFAULT, templated=True)),
    "emu3": _FamilyTraits(
        _ImageGenerator(emu3.draw, emu3.DEFAULT, templated=False), unbatched=True
    ),
    "chameleon": _FamilyTraits(),  # transformers has no decoder for its images
}


class Unified(Chat):
    """A unified model that generates texts and, except for Chameleon, images.

    The config.json of `folder` selects the family: Janus, Emu3 or Chameleon. Texts are generated as
    by other chat models; without a chat template (Chameleon, Emu3-Gen), the parts of a conversation
    are joined into a prompt. Images are generated token by token, one image at a time, with torch's
    generator on the device and the seed of the sample. `guidance`, `temperature`, `top_k`,
    `negative` and `area` set the fields of `ImageSampling`; None means the setting of the model's
    authors. Raises ModelError for a checkpoint of another family and for missing parts.
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
        lora: str | None = None,
        template: str | None = None,
        guidance: float | None = None,
        temperature: float | None = None,
        top_k: int | None = None,
        negative: str | None = None,
        area: int | None = None,
    ) -> None:
        folder = checkpoint_folder(folder, self._name, self.default_checkpoint)
        self._family = _family(folder)
        super().__init__(
            folder,
            device=device,
            dtype=dtype,
            options=ChatOptions(lora=lora, template=template or _template(folder)),
        )
        self._folder = folder
        self._settings = drop_none(
            guidance=guidance, temperature=temperature, top_k=top_k, negative=negative, area=area
        )

    def write(
        self, conversations: Sequence[RenderedConversation], options: GenerationConfig
    ) -> list[GeneratedText | SampleError]:
        """Generate a text for each of n prepared conversations.

        The result for a conversation that fails is its error.
        """
        if self._family.unbatched:
            return self._one_by_one(conversations, options)
        return super().write(conversations, options)

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> list[Image]:
        """Generate an RGB image for each of n prompts with its seed.

        Raises ModelError if the family cannot generate images.
        """
        self.check(self._folder, ["draw"])
        return [self._draw_one(*pair) for pair in zip(prompts, seeds, strict=True)]

    def _draw_one(self, prompt: str, seed: int) -> Image:
        import torch

        method = self._family.drawing
        assert method is not None  # `check` has raised an error otherwise
        if method.templated:
            prompt = self.prepare([Message("user", (prompt,))], "conversation").text
        config = method.default._replace(**self._settings)
        with quiet(), seeded(seed, self._device), torch.inference_mode():
            return method.draw(self._model, self._processor, prompt, config)

    @staticmethod
    def check(folder: Path, methods: Sequence[str]) -> None:
        """Raise ModelError if the checkpoint does not support a method, without loading weights."""
        if "draw" in methods and _family(folder).drawing is None:
            raise ModelError(
                f"checkpoint {folder} cannot generate images, since transformers has no image"
                " decoder for its family; give a checkpoint of the family"
                f" {' or '.join(n for n, one in _FAMILIES.items() if one.drawing)}"
            )


def _family(folder: Path) -> _FamilyTraits:
    """Read the model family from config.json. Raises ModelError if it is not supported."""
    kind = model_type(folder)
    if kind not in _FAMILIES:
        raise ModelError(
            f"checkpoint {folder} is a {kind} model, but unified takes only"
            f" {', '.join(_FAMILIES)}; run `mmbench list models` for adapters of other families"
        )
    return _FAMILIES[kind]


def _template(folder: Path) -> str | None:
    """Return the path of a plain chat template, or None if the folder has its own template.

    The plain template joins the parts of a conversation without changes.
    """
    return None if checkpoint_template(folder, load_processor(folder)) else str(_PLAIN)
