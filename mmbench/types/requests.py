"""What a model is asked, and what it answers."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

from msgspec import Struct, field
from msgspec.structs import replace

from mmbench.types.content import Array, Item, Modality, Role

# What the scores by class are: `similarities` (100 · cosine, of zero-shot classification) order the
# classes of a sample like logits, and have no threshold. "" is for scores of unknown origin.
ScoreScale = Literal["", "logits", "probabilities", "similarities"]


class GenerationConfig(Struct, frozen=True, forbid_unknown_fields=True):
    """How a text is to be generated: greedily at a `temperature` of 0.

    `stop` are texts at which the answer ends; they are not part of it.
    """

    max_tokens: int = 128
    temperature: float = 0.0
    top_p: float = 1.0
    seed: int = 0
    stop: tuple[str, ...] = ()

    def seeded(self, seed: int) -> GenerationConfig:
        """The same with another seed, where one is of any use."""
        return replace(self, seed=self.seed + seed) if self.temperature > 0 else self


class GeneratedText(Struct, frozen=True):
    """What a model wrote: the text, whether it ended or met the limit, and its number of tokens."""

    text: str
    finish: Literal["stop", "length"] = "stop"
    tokens: int = 0


Method = Literal["embed", "classify", "write", "loglikelihood", "draw", "speak"]


class Requests(Struct, frozen=True):
    """What a kind or a metric wants a model to answer.

    `contents` are Contents of one `modality` in one `role` for embed, Contents or Views for
    classify, Conversations for write, ContinuationRequests for loglikelihood, SeededPrompts for
    draw and texts for speak. `normalise` False asks for vectors as the model gives them, as the FID
    family needs them. `labels` are the classes that a model must have to classify, by name.
    """

    contents: Sequence[Item]
    modality: Modality
    role: Role = "document"
    normalise: bool = True
    method: Method = "embed"
    options: GenerationConfig = GenerationConfig()
    labels: Sequence[str] = ()


class VectorOutputs(Struct, frozen=True):
    """Vectors [n, d] float32 for n contents, and by row the reason of each that failed.

    A failed row is zero. Embeddings are L2-normalised unless the request said otherwise. In answers
    to classify the vectors are scores (float64 where the model returned float64), `labels` are the
    names of their columns, and `scores` says whether they are logits or probabilities. `model` is
    the name of the model, for messages.
    """

    vectors: Array
    failures: dict[int, str]
    labels: list[str] = field(default_factory=list)
    scores: ScoreScale = "logits"
    model: str = ""


class GeneratedOutputs(Struct, frozen=True):
    """What a model wrote (GeneratedText), drew or spoke (Media), and by row why it failed.

    A failed row is None.
    """

    values: list[Any]
    failures: dict[int, str]
