"""Optional parts of a model: work ahead of time, rates, frames, an endpoint."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.protocols.models import Input
from mmbench.types import Frames, GeneratedText, GenerationConfig, Modality


@runtime_checkable
class Prepares(Protocol):
    """A model with work per item that needs no weights (resizing, tokenising).

    The engine calls `prepare` ahead of time in other threads and hands its results to the model's
    method in place of the decoded items. `modality` is that of a content, or "conversation".
    """

    def prepare(self, item: Input, modality: Modality | Literal["conversation"]) -> Input:
        """Turn one decoded item into what the model's method takes."""
        ...


@runtime_checkable
class WritesEach(Protocol):
    """A model that gives each answer when it has it, in any order, such as an endpoint.

    It also has `write`, by which it is recognised. `write_each` takes conversations as they are
    prepared and yields the number of a conversation, from 0, with its answer. Each answer is in the
    journal before the next one is asked for.
    """

    def write_each(
        self, conversations: Iterable[Input], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Answer conversations, each as soon as possible."""
        ...


@runtime_checkable
class Probes(Protocol):
    """A model that `mmbench check` can try without a forward pass, such as an endpoint."""

    def probe(self) -> str:
        """Return what is odd, "" for nothing. Raises ModelError where no request can succeed."""
        ...


@runtime_checkable
class TakesEncoded(Protocol):
    """A model that is given an EncodedImage in the place of each PIL.Image."""

    encoded_images: bool


@runtime_checkable
class Hears(Protocol):
    """A model that takes sounds at `rate` samples a second."""

    rate: int


@runtime_checkable
class Watches(Protocol):
    """A model that takes videos, of which it looks at these frames."""

    frames: Frames
