"""Requests to a model, and the model's outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.types.content import Array, Item, Modality, Role

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

# The scale of class scores. `similarities` (100 · cosine, in zero-shot classification) order the
# classes of a sample like logits, but have no threshold. "" marks scores of unknown origin.
ScoreScale = Literal["", "logits", "probabilities", "similarities"]


class GenerationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of text generation. A `temperature` of 0 means greedy decoding.

    `stop` holds strings that end the generation; they are not part of the returned text.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def seeded(self, seed: int) -> GenerationConfig:
        """Return the settings with `seed` added to their seed; greedy settings are unchanged."""
        return replace(self, seed=self.seed + seed) if self.temperature > 0 else self


class GeneratedText(Struct, frozen=True, omit_defaults=True):
    """A generated text: the answer, and the reasoning before it.

    `finish` is `stop` if the model ended the text and `length` if it reached the token limit.
    `tokens` is the number of generated tokens, including reasoning. `reasoning` is None if the
    model wrote none. An empty `text` after reasoning is not an answer and is scored as wrong.
    `reasoning_tokens` and `prompt_tokens` are the numbers that a server reports, 0 if it reports
    none.
    """

    text: str
    finish: Literal["stop", "length"] = "stop"
    tokens: int = 0
    reasoning: str | None = None
    reasoning_tokens: int = 0
    prompt_tokens: int = 0


class TokenMatches(Struct, frozen=True):
    """The best match of each token of a text among the tokens of each reference, and vice versa.

    `text` [t] and the arrays [r] in `references` are token ids, int32. The id -1 marks the tokens
    that begin, separate and end texts. For each reference, `text_best` has an array [t] with the
    highest cosine of each token of the text with the tokens of the reference, and `reference_best`
    an array [r] with the highest cosine of each token of the reference with the tokens of the text,
    float32. Two texts without tokens have no match: 0.
    """

    text: NDArray[np.int32]
    references: list[NDArray[np.int32]]
    text_best: list[Array]
    reference_best: list[Array]


Method = Literal[
    "embed",
    "embed_joint",
    "classify",
    "write",
    "loglikelihood",
    "relevance",
    "match_tokens",
    "draw",
    "speak",
    "detect",
]


class Requests(Struct, frozen=True):
    """Requests to a model, all for the same method.

    The type of `contents` depends on the method: Contents for embed, Conversations of one message
    for embed_joint, Contents or Views for classify, Conversations for write, ContinuationRequests
    for loglikelihood, Conversations of a query and a document for relevance, MatchRequests for
    match_tokens, SeededPrompts for draw, strings for speak, and images for detect. All contents
    have the same `modality` and `role`. If `normalise` is False, embeddings are not L2-normalised;
    the FID family needs such embeddings.
    `labels` are the class names that a classifier must have, or the classes that a detector looks
    for. `instruction` says what the embeddings are for; models without `embed_instructed` ignore
    it.
    """

    contents: Sequence[Item]
    modality: Modality
    role: Role = "document"
    normalise: bool = True
    method: Method = "embed"
    options: GenerationConfig = GenerationConfig()
    labels: Sequence[str] = ()
    instruction: str = ""


class VectorOutputs(Struct, frozen=True):
    """Vectors [n, d] float32 for n contents; `failures` maps failed rows to reasons.

    A failed row is zero. Embeddings are L2-normalised unless the request says otherwise. For
    classify, the vectors are class scores (float64 if the model returns float64), `labels` are the
    names of their columns, and `scores` is their scale. `model` is the name of the model for error
    messages.
    """

    vectors: Array
    failures: dict[int, str]
    labels: list[str] = field(default_factory=list)
    scores: ScoreScale = "logits"
    model: str = ""


class GeneratedOutputs(Struct, frozen=True):
    """Generated texts (GeneratedText), images or audio (Media), and the reasons of failed rows.

    For match_tokens, the values are TokenMatches, for detect lists of Detections. The value of a
    failed row is None.
    """

    values: list[Any]
    failures: dict[int, str]
