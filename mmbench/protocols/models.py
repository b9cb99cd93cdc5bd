"""What a model can do, as protocols: no base class, no stubs.

A model is a class with one method or more of these. `modalities` is a class attribute, readable
before any weight is loaded: what its inputs may be. The engine decodes; a model is given
str, PIL.Image (RGB), Audio and Clip. A model that takes sounds may say at which `rate` (samples a
second; 16,000 if it does not), one that takes videos which `frames`: both are attributes of the
loaded model, as the checkpoint has them.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.types import Array, Audio, GeneratedText, GenerationConfig, Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

# A decoded item, or what the model's own `prepare` made of it: each model says which it takes.
Input = Any


class ModelClass(Protocol):
    """The class of a model, as it is registered: what is known before any weight is loaded.

    It is called with the local path of the checkpoint, or None, and by name with `device`, `dtype`
    and the options that the user gives.
    """

    modalities: frozenset[Modality]
    __name__: str
    __qualname__: str
    __module__: str

    def __call__(self, *folder: object, **options: object) -> object:
        """Load the weights and return the model."""
        ...


@runtime_checkable
class Embeds(Protocol):
    """A model that maps items of a modality to vectors.

    `modalities` is a class attribute, readable before any weight is loaded. `embed` takes what the
    engine has decoded (text: str; image: PIL.Image in RGB) and returns float32 [n, d] on the CPU,
    normalised or not. A row depends on its own item alone.
    """

    modalities: frozenset[Modality]

    def embed(self, items: Sequence[Input], modality: Modality, role: Role) -> Array:
        """Map n items to [n, d]."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """A model with scores for classes of its own, whose names are `labels`, known once loaded.

    `classify` takes what the engine has decoded (PIL.Image, Audio, Clip) and returns logits [n, c]
    on the CPU, a column for each label, in the order of `labels`. float64 is kept, everything else
    becomes float32. A class that returns probabilities has the attribute
    `scores = "probabilities"`. A row depends on its own item alone.
    """

    modalities: frozenset[Modality]
    labels: list[str]

    def classify(self, items: Sequence[Input], modality: Modality) -> Array:
        """Map n items to scores [n, c]."""
        ...


@runtime_checkable
class Writes(Protocol):
    """A model that answers conversations with texts: captions, answers, transcripts.

    `write` takes n conversations with decoded parts. A conversation that it could not answer (a
    medium that its processor dropped, a server that failed) is a SampleError in its place.
    An answer depends on its own conversation alone.
    """

    modalities: frozenset[Modality]

    def write(
        self, conversations: Sequence[Input], options: GenerationConfig
    ) -> Sequence[GeneratedText | SampleError]:
        """Answer n conversations."""
        ...


@runtime_checkable
class Rates(Protocol):
    """A model that says how likely a text is as the answer to a conversation.

    `loglikelihood` returns float32 [n, 2]: the sum of the log-probabilities (natural) of the text's
    tokens, and how many these are. A row of NaN is one that could not be rated.
    """

    modalities: frozenset[Modality]

    def loglikelihood(self, conversations: Sequence[Input], texts: Sequence[str]) -> Array:
        """Rate n texts, one after each conversation."""
        ...


@runtime_checkable
class Draws(Protocol):
    """A model that draws images. An image depends on its own prompt and seed alone."""

    modalities: frozenset[Modality]

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Image | SampleError]:
        """Draw n images, PIL.Image in RGB; a SampleError where one could not be drawn."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A model that reads texts aloud. A sound depends on its own text alone."""

    modalities: frozenset[Modality]

    def speak(self, texts: Sequence[Input]) -> Sequence[Audio | SampleError]:
        """Speak n texts; a SampleError where one could not be spoken."""
        ...
