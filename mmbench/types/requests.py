"""Requests to a model, and its outputs."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.types.content import Array, Item, Modality, Role

# The scale of class scores. `similarities` (100 · cosine, of zero-shot classification) order the
# classes of a sample like logits, and have no threshold. "" is for scores of unknown origin.
ScoreScale = Literal["", "logits", "probabilities", "similarities"]


class GenerationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """The settings of text generation: greedy at a `temperature` of 0.

    `stop` holds texts that end the answer; they are not part of it.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def seeded(self, seed: int) -> GenerationConfig:
        """Return the settings with `seed` added to their seed; greedy ones are unchanged."""
        return replace(self, seed=self.seed + seed) if self.temperature > 0 else self


class GeneratedText(Struct, frozen=True):
    """A generated text, whether it ended or reached the limit, and its number of tokens."""

    text: str
    finish: Literal["stop", "length"] = "stop"
    tokens: int = 0


Method = Literal["embed", "classify", "write", "loglikelihood", "draw", "speak"]


class Requests(Struct, frozen=True):
    """The requests of a kind or a metric to a model, all for one method.

    `contents` are Contents of one `modality` in one `role` for embed, Contents or Views for
    classify, Conversations for write, ContinuationRequests for loglikelihood, SeededPrompts for
    draw and texts for speak. With `normalise` False, vectors stay as the model returns them, as the
    FID family needs. `labels` are the names of the classes that a classifier must have.
    """

    contents: Sequence[Item]
    modality: Modality
    role: Role = "document"
    normalise: bool = True
    method: Method = "embed"
    options: GenerationConfig = GenerationConfig()
    labels: Sequence[str] = ()


class VectorOutputs(Struct, frozen=True):
    """Vectors [n, d] float32 for n contents, and the reason of each failure by row.

    A failed row is zero. Embeddings are L2-normalised unless the request says otherwise. For
    classify the vectors are scores (float64 if the model returns float64), `labels` are the names
    of their columns, and `scores` says whether they are logits or probabilities. `model` is the
    name of the model, for messages.
    """

    vectors: Array
    failures: dict[int, str]
    labels: list[str] = field(default_factory=list)
    scores: ScoreScale = "logits"
    model: str = ""


class GeneratedOutputs(Struct, frozen=True):
    """Generated texts (GeneratedText), images or sounds (Media), and each failure by row.

    A failed row is None.
    """

    values: list[Any]
    failures: dict[int, str]
