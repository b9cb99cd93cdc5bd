"""The abilities of models as protocols; models need no base class.

A model is a class with one or more of these methods. The class attribute `modalities` lists the
modalities of its inputs; it is read before any weights are loaded. The engine decodes media: a
model gets str, PIL.Image (RGB), Audio and VideoFrames. A model of audio may have a `rate` (samples
per second; 16,000 by default), and a model of videos has `frames`. Both are attributes of the
loaded model, because they depend on the checkpoint.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Protocol, runtime_checkable

from mmbench.errors import SampleError
from mmbench.types import (
    Array,
    Audio,
    Detection,
    GeneratedText,
    GenerationConfig,
    MatchRequest,
    Modality,
    Role,
    TokenMatches,
)

if TYPE_CHECKING:
    from PIL.Image import Image

# A decoded item, or the result of the model's `prepare`; the type is up to the model.
Input = Any


class ModelClass(Protocol):
    """The registered class of a model. Its attributes are read before weights are loaded.

    The class is called with the local path of the checkpoint (None if there is none), and with
    `device`, `dtype` and the user's options as keyword arguments.
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
    RGB) and returns float32 [n, d] on the CPU; normalisation is optional. Each row depends only on
    its own item.
    """

    modalities: frozenset[Modality]

    def embed(self, items: Sequence[Input], modality: Modality, role: Role) -> Array:
        """Map n items to vectors [n, d]."""
        ...


@runtime_checkable
class EmbedsJointly(Protocol):
    """A model that also maps several contents together, such as an image and a text, to a vector.

    `embed_joint` takes n conversations of one message, whose decoded parts are the contents in the
    order of the task's fields. `instruction` is that of the task, "" without one. The vectors are
    in the space of those of `embed`. Each row depends only on its own item.
    """

    modalities: frozenset[Modality]

    def embed(self, items: Sequence[Input], modality: Modality, role: Role) -> Array:
        """Map n items to vectors [n, d], as in `Embeds`."""
        ...

    def embed_joint(self, conversations: Sequence[Input], role: Role, instruction: str) -> Array:
        """Map n items with several contents to vectors [n, d]."""
        ...


@runtime_checkable
class Classifies(Protocol):
    """A model that scores its own classes; their names, `labels`, are known once it is loaded.

    `classify` takes decoded items (PIL.Image, Audio, VideoFrames) and returns logits [n, c] on the
    CPU, with columns in the order of `labels`. float64 stays float64; other types are converted to
    float32. A class that returns probabilities has the attribute `scores = "probabilities"`. Each
    row depends only on its own item.
    """

    modalities: frozenset[Modality]
    labels: list[str]

    def classify(self, items: Sequence[Input], modality: Modality) -> Array:
        """Map n items to scores [n, c]."""
        ...


@runtime_checkable
class Writes(Protocol):
    """A model that answers conversations with text: captions, answers, transcripts.

    `write` takes n conversations with decoded parts. For an answer that failed, it returns a
    SampleError (for example if the processor dropped an image, or the server failed). Each answer
    depends only on its own conversation.
    """

    modalities: frozenset[Modality]

    def write(
        self, conversations: Sequence[Input], options: GenerationConfig
    ) -> Sequence[GeneratedText | SampleError]:
        """Answer n conversations; return one answer or SampleError for each."""
        ...


@runtime_checkable
class Rates(Protocol):
    """A model that computes the likelihood of a text as the answer to a conversation.

    `loglikelihood` returns float32 [n, 2]: the sum of the natural log-probabilities of the text's
    tokens, and the number of tokens. A row of NaN marks a failure.
    """

    modalities: frozenset[Modality]

    def loglikelihood(self, conversations: Sequence[Input], texts: Sequence[str]) -> Array:
        """Return the log-likelihoods of n texts, one for each conversation."""
        ...


@runtime_checkable
class Reranks(Protocol):
    """A model that scores how relevant documents are to queries: a cross-encoder.

    `relevance` takes n conversations of two turns, the query and the document, each with one
    decoded part. It returns float32 [n, 1], such as logits; only their order matters. A row of NaN
    marks a failure. Each row depends only on its own pair.
    """

    modalities: frozenset[Modality]

    def relevance(self, pairs: Sequence[Input]) -> Array:
        """Return the scores [n, 1] of n pairs, greater for more relevant documents."""
        ...


@runtime_checkable
class MatchesTokens(Protocol):
    """A model of texts that compares the vectors of their tokens, as BERTScore needs.

    `match_tokens` returns the best cosines instead of the vectors, which are a thousand times
    larger. Each result depends only on its own text and references.
    """

    modalities: frozenset[Modality]

    def match_tokens(self, items: Sequence[MatchRequest]) -> Sequence[TokenMatches]:
        """Match the tokens of n texts with the tokens of their references."""
        ...


@runtime_checkable
class Draws(Protocol):
    """A model that generates images. Each image depends only on its own prompt and seed."""

    modalities: frozenset[Modality]

    def draw(self, prompts: Sequence[str], seeds: Sequence[int]) -> Sequence[Image | SampleError]:
        """Return n images (PIL.Image in RGB), with a SampleError for each image that failed."""
        ...


@runtime_checkable
class Speaks(Protocol):
    """A text-to-speech model. Each audio clip depends only on its own text."""

    modalities: frozenset[Modality]

    def speak(self, texts: Sequence[Input]) -> Sequence[Audio | SampleError]:
        """Return n audio clips, with a SampleError for each text that failed."""
        ...


@runtime_checkable
class Detects(Protocol):
    """An object detector. The objects of an image depend only on this image and the labels."""

    modalities: frozenset[Modality]

    def detect(
        self, images: Sequence[Input], labels: Sequence[str]
    ) -> Sequence[Sequence[Detection] | SampleError]:
        """Return the objects of the classes `labels` in each of n images, in any order.

        Raises ModelError for a label that the detector does not know.
        """
        ...
