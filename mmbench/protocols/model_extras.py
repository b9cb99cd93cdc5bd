"""Optional protocols of models: preprocessing, sampling rates, frames, endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Literal, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.protocols.models import Input
from mmbench.types import Frames, GeneratedText, GenerationConfig, Modality


@runtime_checkable
class Prepares(Protocol):
    """A model with preprocessing per item that needs no weights (resizing, tokenising).

    The engine calls `prepare` ahead of time in other threads and passes the results to the model's
    method in place of the decoded items. `modality` is that of a content, or "conversation".
    """

    def prepare(self, item: Input, modality: Modality | Literal["conversation"]) -> Input:
        """Convert one decoded item to an input of the model's method."""
        ...


@runtime_checkable
class WritesEach(Protocol):
    """A model that yields answers as they arrive, in any order, such as an endpoint.

    It also needs `write`, by which the engine recognises it. `write_each` takes conversations as
    they are prepared and yields the number of a conversation, from 0, with its answer. Each answer
    is in the journal before the next one is requested.
    """

    def write_each(
        self, conversations: Iterable[Input], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield answers to conversations as they arrive."""
        ...


@runtime_checkable
class Probes(Protocol):
    """A model that `mmbench check` can test without a forward pass, such as an endpoint."""

    def probe(self) -> str:
        """Return a warning, "" for none. Raises ModelError if no request can succeed."""
        ...


@runtime_checkable
class TakesEncoded(Protocol):
    """A model that gets an EncodedImage in place of each PIL.Image."""

    encoded_images: bool


@runtime_checkable
class Hears(Protocol):
    """A model that takes audio at `rate` samples per second."""

    rate: int


@runtime_checkable
class Watches(Protocol):
    """A model that takes videos; `frames` selects their frames."""

    frames: Frames
