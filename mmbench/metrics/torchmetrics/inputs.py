"""Texts and images as inputs of torchmetrics metrics."""

from __future__ import annotations

import inspect
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

import numpy as np

from mmbench.errors import DataError, SampleError
from mmbench.media import decode_image, read_bytes
from mmbench.types import InvalidContent, Media, Prediction

Parameters = Mapping[str, inspect.Parameter]


@dataclass
class Inputs(ABC):
    """The inputs of a torchmetrics metric: constructor options, and batches for `update`.

    `parameters` are the constructor parameters, `task_options` the options that the task sets, and
    `signature` is a description of the inputs for the signature of the score.
    """

    predictions: Sequence[Prediction]
    parameters: Parameters
    task_options: Mapping[str, Any]
    signature = ""

    def options(self) -> dict[str, Any]:
        """Return the constructor options that mmbench derives from the data."""
        return {}

    @abstractmethod
    def batches(self, update: Callable[..., None]) -> Iterator[tuple[Any, ...]]:
        """Yield the arguments of each call of `update`. Raises DataError for wrong inputs."""


class TextInputs(Inputs):
    """Texts with their references: a list of references per sample, or a single reference.

    The type hints of `update` decide between the two forms.
    """

    def batches(self, update: Callable[..., None]) -> Iterator[tuple[Any, ...]]:
        """Yield all texts and all references. Raises DataError if the class takes no texts."""
        hints = [_nesting(one.annotation) for one in _accepted(update)]
        if len(hints) != 2 or None in hints:
            raise DataError("the metric takes other inputs than texts and references")
        texts = [_text(one) for one in self.predictions]
        references = [_references(one) for one in self.predictions]
        if hints[1] == 2:
            yield texts, references
            return
        for one, own in zip(self.predictions, references, strict=True):
            if len(own) > 1:
                raise DataError(
                    f"the metric takes one reference, but sample {one.id} has {len(own)}"
                )
        yield texts, [own[0] for own in references]


def _accepted(update: Callable[..., None]) -> list[inspect.Parameter]:
    hints = get_type_hints(update)
    _, *accepted = inspect.signature(update).parameters.values()  # without self
    return [one.replace(annotation=hints.get(one.name, Any)) for one in accepted]


def _nesting(hint: Any) -> int | None:
    """Return how deeply a type hint nests strings in lists: 0 for str, None without a string."""
    if hint is str:
        return 0
    depths = [depth for arg in get_args(hint) if (depth := _nesting(arg)) is not None]
    origin = get_origin(hint)
    is_list = inspect.isclass(origin) and issubclass(origin, Sequence)
    if not depths or not (is_list or origin is Union):
        return None
    return max(depths) + is_list


def _text(prediction: Prediction) -> str:
    if isinstance(prediction.value, str):
        return prediction.value
    kind = type(prediction.value).__name__
    raise DataError(f"the metric takes texts, but the output of sample {prediction.id} is a {kind}")


def _references(prediction: Prediction) -> list[str]:
    target = prediction.target
    texts = [target] if isinstance(target, str) else target
    if isinstance(texts, list | tuple) and texts and all(isinstance(t, str) for t in texts):
        return list(texts)
    raise DataError(f"sample {prediction.id} has no reference texts")


class ImageInputs(Inputs):
    """Generated images, with their real images if needed.

    Images are float32 [1, 3, h, w] in [0, 1] and are passed one by one.
    """

    signature = "images=[0;1]"

    def options(self) -> dict[str, Any]:
        """Return the options for the range of the images, if the class has them."""
        filled = {"data_range": 1.0} if "data_range" in self.parameters else {}
        normalize = self.parameters.get("normalize")  # in MS-SSIM it has another meaning
        return filled | ({"normalize": True} if normalize and normalize.annotation is bool else {})

    def batches(self, update: Callable[..., None]) -> Iterator[tuple[Any, ...]]:
        """Yield one generated image at a time, with its real image if the metric needs it.

        Raises DataError if the metric takes no images or a sample has none, and SampleError for an
        image that cannot be decoded.
        """
        from torch import Tensor

        hints = [one.annotation for one in _accepted(update)]
        if hints not in ([Tensor], [Tensor, Tensor]):
            raise DataError("the metric takes other inputs than drawings and their real images")
        pairs = len(hints) == 2
        for one in self.predictions:
            drawn = _pixels(one.value, one.id, "drawing")
            yield (drawn, _real(one, drawn)) if pairs else (drawn,)


def _real(prediction: Prediction, drawn: Any) -> Any:
    real = _pixels(prediction.target, prediction.id, "real image")
    if real.shape != drawn.shape:
        sides = [f"{one.shape[3]} x {one.shape[2]}" for one in (drawn, real)]
        raise DataError(
            f"the drawing of sample {prediction.id} has {sides[0]} pixels and its real image"
            f" {sides[1]}; give the task a `size`"
        )
    return real


def _pixels(content: Any, sample: str, what: str) -> Any:
    """Return an image as a float32 tensor [1, 3, h, w] with values in [0, 1].

    `what` describes the image in error messages. Raises DataError if `content` is not an image, and
    SampleError for an image that cannot be decoded.
    """
    from torch import from_numpy

    if isinstance(content, InvalidContent):
        raise SampleError(f"sample {sample}: {content.reason}")
    if not isinstance(content, Media) or content.modality != "image":
        raise DataError(f"the metric takes images, but sample {sample} has no {what}")
    try:
        image = np.array(decode_image(read_bytes(content), content.name))
    except SampleError as error:
        raise type(error)(f"sample {sample}: {error}") from error
    return from_numpy(image).permute(2, 0, 1)[None].float() / 255
