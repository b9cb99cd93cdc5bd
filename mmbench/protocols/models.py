"""The abilities of models as protocols: no base class, no stubs.

A model is a class with one or more of these methods. The class attribute `modalities` lists the
modalities of its inputs; it is read before any weight is loaded. The engine decodes: a model gets
str, PIL.Image (RGB), Audio and VideoFrames. A model of audio may have a `rate` (samples per second;
16,000 by default), a model of videos `frames`: both are attributes of the loaded model, because
they depend on the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.types import Array, Audio, GeneratedText, GenerationConfig, Modality, Role

if TYPE_CHECKING:
    from PIL.Image import Image

# A decoded item, or the result of the model's `prepare`; the type is up to the model.
Input = Any


class ModelClass(Protocol):
    """The registered class of a model, with the attributes that are read before loading weights.

    It is called with the local path of the checkpoint, or None, and with `device`, `dtype` and the
    options of the user as keywords.
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

    `modalities` is a class attribute. `embed` takes decoded items (text: str; image: PIL.Image in
    RGB) and returns float32 [n, d] on the CPU, normalised or not. A row depends on its own item
    alone.
    """

    modalities: frozenset[Modality]

    def embed(self, items: Sequence[Input], modality: Modality, role: Role) -> Array:
        """Map n items to [n, d]."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """A model that scores its own classes, with the names `labels`, which are known once loaded.

    `classify` takes decoded items (PIL.Image, Audio, VideoFrames) and returns logits [n, c] on the
    CPU, with the columns in the order of `labels`. float64 stays float64; other types become
    float32. A class that returns probabilities has the attribute `scores = "probabilities"`. A row
    depends on its own item alone.
    """

    modalities: frozenset[Modality]
    labels: list[str]

    def classify(self, items: Sequence[Input], modality: Modality) -> Array:
        """Map n items to scores [n, c]."""
        ...


@runtime_checkable
class Writes(Protocol):
    """A model that answers conversations with texts: captions, answers, transcripts.

    `write` takes n conversations with decoded parts. It returns a SampleError in the place of an
    answer that failed (the processor dropped a medium, the server failed). An answer depends on its
    own conversation alone.
    """

    modalities: frozenset[Modality]

    def write(
        self, conversations: Sequence[Input], options: GenerationConfig
    ) -> Sequence[GeneratedText | SampleError]:
        """Answer n conversations."""
        ...


@runtime_checkable
class Rates(Protocol):
    """A model that computes the likelihood of a text as the answer to a conversation.

    `loglikelihood` returns float32 [n, 2]: the sum of the natural log-probabilities of the text's
    tokens, and their number. A row of NaN stands for a failure.
    """

    modalities: frozenset[Modality]

    def loglikelihood(self, conversations: Sequence[Input], texts: Sequence[str]) -> Array:
        """Return the log-likelihoods of n texts, one for each conversation."""
        ...


@runtime_checkable
class Draws(Protocol):
    """A model that generates images. An image depends on its own prompt and seed alone."""

    modalities: frozenset[Modality]

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Image | SampleError]:
        """Return n images (PIL.Image in RGB), or a SampleError in the place of a failed one."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A model that speaks texts. The audio depends on its own text alone."""

    modalities: frozenset[Modality]

    def speak(self, texts: Sequence[Input]) -> Sequence[Audio | SampleError]:
        """Return the audio of n texts, or a SampleError in the place of a failed one."""
        ...
