"""Interactive use of a model: on single files, or in a conversation."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.engine.context import RunContext
from mmbench.engine.inference.runner import InferenceRunner
from mmbench.engine.loading.abilities import models_with_ability, request_modalities
from mmbench.engine.loading.models.resolver import ModelResolver, find
from mmbench.errors import SampleError, UserError
from mmbench.protocols import Embeds, Writes
from mmbench.stats.probabilities import softmax
from mmbench.types import (
    Array,
    Conversation,
    GeneratedOutputs,
    GeneratedText,
    GenerationConfig,
    Media,
    Requests,
    VectorOutputs,
)

_SCALE = 100  # CLIP's logit scale: a factor of cosines before the softmax


class InteractiveModel:
    """A model for interactive use, loaded on demand; its outputs are cached in the journal."""

    def __init__(self, model: str, context: RunContext) -> None:
        options = context.options
        finder = ModelResolver(
            context.keys, options.dtype, options.device, options.trust_remote_code
        )
        self._model = find(model, finder, options.model_options)
        self._runner = InferenceRunner(self._model, context)

    def can(self, method: str) -> bool:
        """Return whether the model has a method, such as `embed`, `classify` or `write`."""
        return hasattr(self._model.cls, method)

    def classify(self, media: Sequence[Media], labels: list[str]) -> list[list[tuple[str, float]]]:
        """Return a list of (label, probability) for each image, audio clip or video.

        If `labels` is not empty, the media are classified zero-shot into these labels by means of
        embeddings; otherwise the classes of the model are used. Scores that the model declares as
        probabilities are returned unchanged, other scores after a softmax.

        Raises UserError for a model that neither classifies nor embeds, and for labels that a
        classifier would ignore; SampleError for a file that cannot be read.
        """
        are_probabilities = False
        if labels and self.can("embed"):
            names, scores = labels, self._label_scores(media, labels)
        elif labels and self.can("classify"):
            alternatives = ", ".join(models_with_ability(Embeds, {media[0].modality, "text"}))
            name = self._model.info.name
            raise UserError(
                f"model {name} has its own classes; leave out --labels, or try {alternatives}"
            )
        elif self.can("classify"):
            outputs = self._vectors(Requests(media, media[0].modality, method="classify"))
            names, scores, are_probabilities = (
                outputs.labels,
                outputs.vectors,
                outputs.scores == "probabilities",
            )
        else:
            hint = (
                "has no class names; pass --labels"
                if self.can("embed")
                else "neither classifies nor embeds; choose another model"
            )
            raise UserError(f"model {self._model.info.name} {hint}")
        probabilities = scores if are_probabilities else softmax(scores)
        return [list(zip(names, row.tolist(), strict=True)) for row in probabilities]

    def _label_scores(self, media: Sequence[Media], labels: list[str]) -> Array:
        label_vectors = self._vectors(Requests(labels, "text", "query"))
        return (
            self._vectors(Requests(media, media[0].modality)).vectors
            @ label_vectors.vectors.T
            * _SCALE
        )

    def _vectors(self, requests: Requests) -> VectorOutputs:
        outputs = self._run(requests)
        assert isinstance(outputs, VectorOutputs)  # embed and classify give vectors
        return outputs

    def answer(self, conversation: Conversation, options: GenerationConfig) -> GeneratedText:
        """Return the text that the model generates next in a conversation.

        Raises UserError for a model that does not generate text, SampleError if the model fails on
        the conversation.
        """
        if not self.can("write"):
            alternatives = ", ".join(models_with_ability(Writes, set()))
            raise UserError(
                f"model {self._model.info.name} does not generate text; try {alternatives}"
            )
        outputs = self._run(Requests([conversation], "text", method="write", options=options))
        assert isinstance(outputs, GeneratedOutputs)  # write gives texts
        output: GeneratedText = outputs.values[0]
        return output

    def _run(self, requests: Requests) -> VectorOutputs | GeneratedOutputs:
        lacking = request_modalities(requests) - self._model.cls.modalities
        if lacking:
            raise UserError(
                f"model {self._model.info.name} takes no {', '.join(sorted(lacking))} as input;"
                " choose another model"
            )
        outputs = self._runner.answers({"": requests})[""]
        for reason in outputs.failures.values():
            raise SampleError(reason)
        return outputs
