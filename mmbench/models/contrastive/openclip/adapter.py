"""The adapter of open_clip models, which embed texts and images."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from mmbench.checkpoints.layouts import OPEN_CLIP
from mmbench.errors import ContentError, ModelError
from mmbench.models.contrastive.dual_encoder import refuse_mismatched
from mmbench.models.contrastive.openclip.parts import create_model, load_tokenizer
from mmbench.models.contrastive.openclip.source import (
    ModelSource,
    find_source,
    is_config_file,
    library,
    named_config,
    refuse_bare_file,
)
from mmbench.models.contrastive.openclip.weights import FILES, SUFFIXES, is_averaged, load_weights
from mmbench.models.support.arrays import Arrays, float32_array, stack_batch
from mmbench.models.support.generation import drop_none
from mmbench.models.support.library_messages import loading
from mmbench.types import Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

    from mmbench.types import Array


class OpenClip:
    """Any model that open_clip 3.3 creates: CLIP, SigLIP, CoCa, also with image towers of timm.

    `folder` is a folder with open_clip_config.json, weights and, if the configuration names a
    tokenizer of transformers, its files. It may also be a weights file in such a folder. For any
    other weights file, `architecture` decides preprocessing, tokenizer and activation: a name of
    `open_clip.list_models()`, or the path of an architecture's JSON file. With `ema`, the
    moving average of the weights in a training checkpoint is preferred. `quick_gelu`, `image_size`
    in pixels, `context_length` in tokens, `image_mean`, `image_std`, `image_interpolation`
    (bicubic, bilinear) and `image_resize_mode` (shortest, longest, squash) replace values of the
    configuration, as in open_clip.create_model. Raises MissingExtra without open_clip, and
    ModelError if a part is missing or weights do not fit.
    """

    modalities: frozenset[Modality] = frozenset({"text", "image"})
    version = 1
    default_checkpoint: str | None = "laion/CLIP-ViT-B-32-laion2B-s34B-b79K"
    checkpoints = (*FILES, *SUFFIXES)
    configuration = OPEN_CLIP
    variant = "architecture"

    def __init__(
        self,
        folder: Path | None,
        *,
        device: str,
        dtype: str,
        architecture: str | None = None,
        ema: bool = True,
        quick_gelu: bool | None = None,
        image_size: int | None = None,
        context_length: int | None = None,
        image_mean: list[float] | None = None,
        image_std: list[float] | None = None,
        image_interpolation: str | None = None,
        image_resize_mode: str | None = None,
    ) -> None:
        source = find_source(folder, architecture).with_overrides(
            quick_gelu, image_size, context_length
        )
        preprocessing = drop_none(
            mean=image_mean,
            std=image_std,
            interpolation=image_interpolation,
            resize_mode=image_resize_mode,
        )
        self._device, self._dtype = device, dtype
        self._tokenizer = load_tokenizer(source)  # may fail quickly, unlike the network
        self._model = create_model(source, preprocessing, dtype)
        load_weights(self._model, source, ema=ema)
        self._model = self._model.eval().to(device)
        with loading(source.weights.parent, "model of open_clip"):
            transform = library().transform
            config = transform.PreprocessCfg(**self._model.visual.preprocess_cfg)
            self._transform = transform.image_transform_v2(config, is_train=False)
        self._lock = threading.Lock()
        refuse_mismatched(self, source.weights.parent)

    @staticmethod
    def check_name(place: str, *, architecture: str | None = None, **others: Any) -> None:  # noqa: ARG004
        """Raise ModelError for a tag of open_clip, and if weights or architecture are missing.

        Raises UnknownName for an unknown architecture.
        """
        path = Path(place).expanduser()
        if path.is_dir():
            return
        open_clip = library()
        if architecture is not None and not is_config_file(architecture):
            named_config(architecture)
        if path.is_file():
            refuse_bare_file(path, architecture)
            return
        if place.replace("/", "-") in open_clip.list_models():
            raise ModelError(
                f"model openclip: {place} is an architecture of open_clip; type"
                f" openclip:{place}@FILE with its weights file"
            )
        tagged = open_clip.get_pretrained_cfg((architecture or "").replace("/", "-"), place)
        if name := str(tagged.get("hf_hub") or "").rstrip("/"):
            raise ModelError(
                f"model openclip: {place} is a tag of open_clip, not a weights file;"
                f" type openclip@{name}"
            )

    @staticmethod
    def notes(
        folder: Path | None,
        *,
        architecture: str | None = None,
        ema: bool = True,
        quick_gelu: bool | None = None,
        image_size: int | None = None,
        context_length: int | None = None,
        **image_options: Any,
    ) -> list[str]:
        """Return notes on facts that the checkpoint does not contain, and on averaged weights.

        Raises the errors of the constructor, except errors about names and shapes of weights.
        """
        source = find_source(folder, architecture).with_overrides(
            quick_gelu, image_size, context_length
        )
        notes = []
        if source.architecture:
            preprocessing = {k.removeprefix("image_"): v for k, v in image_options.items()}
            notes.append(_describe_assumed(source, drop_none(**preprocessing)))
        if source.text_tower:
            notes.append(
                f"the text tower uses the configuration of {source.text_tower}, which is outside"
                " the checkpoint"
            )
        if is_averaged(source.weights, ema=ema):
            notes.append(
                f"{source.weights.name}: the moving average of the weights is used;"
                " --model-arg ema=false selects the trained weights"
            )
        return notes

    def prepare(self, item: str | Image, modality: Modality) -> Arrays:  # noqa: ARG002
        """Return the model inputs of a text or an RGB image.

        A text becomes `ids`, int64 [context length]. An image becomes `pixels`, float32 [3, h, w].
        Raises ContentError for an image that open_clip cannot resize, such as 100 x 1 pixels with
        the longest side resized to 32.
        """
        if isinstance(item, str):
            with self._lock:  # truncation and padding are state of a tokenizer of transformers
                return {"ids": self._tokenizer([item])[0].numpy()}
        try:
            return {"pixels": self._transform(item).numpy()}
        except ValueError as error:
            width, height = item.size
            raise ContentError(
                f"open_clip cannot resize an image of {width} x {height} pixels: {error}"
            ) from error

    def embed(self, items: Sequence[Any], modality: Modality, role: Role) -> Array:  # noqa: ARG002
        """Return the embeddings of n prepared items, float32 [n, d], not normalised."""
        import torch

        batch = stack_batch(items, self._device, self._dtype)
        with torch.inference_mode():
            if modality == "text":
                features = self._model.encode_text(batch["ids"], normalize=False)
            else:
                features = self._model.encode_image(batch["pixels"], normalize=False)
        return float32_array(features)


def _describe_assumed(source: ModelSource, preprocessing: dict[str, Any]) -> str:
    """Return a note on the properties that the architecture decides for a weights file."""
    open_clip = library()
    image = open_clip.transform.PreprocessCfg(**{**source.preprocess_cfg, **preprocessing})
    size = source.model_cfg["vision_cfg"].get("image_size", image.size)
    activation = "QuickGELU" if source.quick_gelu else "GELU"
    advice = "" if source.quick_gelu else "; OpenAI weights need --model-arg quick_gelu=true"
    return (
        f"{source.weights.name} holds only weights; from the architecture {source.architecture}:"
        f" preprocessing ({size} px,"
        f" {image.interpolation}, {image.resize_mode}, mean {_numbers(image.mean)}, std"
        f" {_numbers(image.std)}), tokenizer ({source.tokenizer or 'BPE of open_clip'},"
        f" {source.context_length} tokens), activation ({activation}){advice}"
    )


def _numbers(values: Sequence[float]) -> str:
    return " ".join(f"{value:.4g}" for value in values)
