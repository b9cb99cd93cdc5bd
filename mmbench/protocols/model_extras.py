"""Optional protocols of models: preprocessing, sampling rates, frames, endpoints."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Literal, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.protocols.models import Input
from mmbench.types import Array, Frames, GeneratedText, GenerationConfig, Modality, Role


@runtime_checkable
class Prepares(Protocol):
    """A model with preprocessing (resizing, tokenising) of each item that needs no weights.

    The engine calls `prepare` ahead of time in other threads and passes the results to the model's
    method in place of the decoded items. `modality` is the modality of the item, or "conversation".
    """

    def prepare(self, item: Input, modality: Modality | Literal["conversation"]) -> Input:
        """Convert one decoded item to an input for the model's method."""
        ...


@runtime_checkable
class EmbedsInstructed(Protocol):
    """A model that embeds items for a purpose, which the task states as an instruction.

    The model must also have the method `embed`, by which the engine recognises an embedding model.
    The engine calls `embed_instructed` instead if a task has an instruction, for queries only.
    """

    def embed_instructed(
        self, items: Sequence[Input], modality: Modality, role: Role, instruction: str
    ) -> Array:
        """Map n items to vectors [n, d], as `embed` does."""
        ...


@runtime_checkable
class WritesEach(Protocol):
    """A model that yields answers in any order, as soon as they are ready, such as an API endpoint.

    The model must also have the method `write`, by which the engine recognises a model that writes.
    `write_each` takes conversations while they are being prepared, and yields pairs: the number of
    a conversation, from 0, and its answer. Each answer is stored in the journal before the next
    answer is requested.
    """

    def write_each(
        self, conversations: Iterable[Input], options: GenerationConfig
    ) -> Iterator[tuple[int, GeneratedText | SampleError]]:
        """Yield (conversation number, answer) as soon as each answer is ready."""
        ...


@runtime_checkable
class Probes(Protocol):
    """A model that `mmbench check` can test without a forward pass, such as an API endpoint."""

    def probe(self) -> str:
        """Return a warning, or "" if there is none. Raises ModelError if no request can succeed."""
        ...


@runtime_checkable
class DescribesServer(Protocol):
    """A model on a server that can report facts about the server, and remarks, for the run record.

    `server` returns texts by name (model, version), `server_notes` remarks of one line each. Both
    methods are called after the requests of a run, and never fail.
    """

    def server(self) -> dict[str, str]:
        """Return facts about the server."""
        ...

    def server_notes(self) -> list[str]:
        """Return remarks for the notes of the record."""
        ...


@runtime_checkable
class TakesEncoded(Protocol):
    """A model that gets an EncodedImage instead of each PIL.Image."""

    encoded_images: bool


@runtime_checkable
class TakesEncodedVideos(Protocol):
    """A model that gets an EncodedVideo in place of VideoFrames, if `encoded_videos` is true."""

    encoded_videos: bool


@runtime_checkable
class SplitsReasoning(Protocol):
    """A model that itself separates the reasoning in an output from the answer.

    The texts of other models are split at the known markers (`<think>…</think>`).
    """

    splits_reasoning: bool


@runtime_checkable
class Hears(Protocol):
    """A model that takes audio with the sampling rate `rate`, in samples per second."""

    rate: int


@runtime_checkable
class Watches(Protocol):
    """A model that takes videos; `frames` says which frames to select."""

    frames: Frames
