"""The kind `zero_shot`: it predicts the class with the most similar text embedding."""

from __future__ import annotations

from collections.abc import Sequence
from hashlib import blake2b
from typing import cast

import numpy as np
from msgspec import field

from mmbench.columns import patch_rows
from mmbench.datasets import Samples
from mmbench.errors import SpecError
from mmbench.kinds.classification.check import check_classes
from mmbench.kinds.classification.classes import ClassScoresKind
from mmbench.kinds.inputs import media_of
from mmbench.kinds.responses import vectors
from mmbench.protocols import Embeds, Responses
from mmbench.types import (
    Array,
    InvalidContent,
    KindOptions,
    Requests,
    ScoreScale,
    TaskSpec,
    VectorOutputs,
)

_SCALE = 100  # CLIP's logit scale


class ZeroShotOptions(KindOptions, frozen=True):
    """Options of `zero_shot`: `templates` are class prompts ("a photo of a {}.").

    If they are empty, the templates of the data are used.
    """

    templates: list[str] = field(default_factory=list)


class ZeroShot(ClassScoresKind):
    """The kind `zero_shot`. A model must embed both text and the modality of the samples (Embeds).

    For each class, the embeddings of its name in all templates are averaged as unit vectors, and
    the mean is normalised again. Scores are 100 times the dot product of a sample's vector and the
    class vectors. Source: Radford et al. 2021, arXiv 2103.00020; CLIP_benchmark
    `zeroshot_classification.py`.
    """

    Options = ZeroShotOptions
    options: ZeroShotOptions
    ability = Embeds

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        for template in self.options.templates:
            if "{}" not in template and "{c}" not in template:
                raise SpecError(
                    f"task {task.name}: template {template!r} has no {{}} for the class name"
                )

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return embedding requests for the samples, and for each class in each template."""
        spec = self.task
        check_classes(data, spec)
        media, modality = media_of(spec, data)
        texts = [
            template.replace("{c}", label).replace("{}", label)
            for label in data.labels
            for template in self._templates(data)
        ]
        return {
            "sample": Requests(media, modality),
            "class": Requests(texts, "text", "query"),
        }

    def signature(self, data: Samples, /) -> str:
        """Return the number of templates and a hash of their texts."""
        templates = self.options.templates or data.templates
        digest = blake2b("\n".join(templates).encode(), digest_size=4).hexdigest()
        return f"templates={len(templates)}:{digest}"

    def scale(self, _data: Samples, _returned: ScoreScale, /) -> ScoreScale:
        """Return "similarities": predictions have this scale for every model."""
        return "similarities"

    def returned_scale(self, _responses: Responses, /) -> ScoreScale:
        """Return "similarities": scores computed from embeddings always have this scale."""
        return "similarities"

    def values(self, data: Samples, responses: Responses, /) -> Sequence[object]:
        """Return, for each sample, its similarities [c] float32 to the classes."""
        samples = vectors(responses, "sample")
        classes = _classes(vectors(responses, "class"), len(data.labels))
        scores = samples.vectors @ classes.T * _SCALE
        failed = {row: InvalidContent(why) for row, why in samples.failures.items()}
        return patch_rows(cast("Sequence[object]", scores), failed)

    def _templates(self, data: Samples) -> list[str]:
        templates = self.options.templates or data.templates
        if not templates:
            raise SpecError(
                f"task {self.task.name}: neither the task nor its data has templates; set them in"
                ' the task file, e.g. templates: ["a photo of a {}."]'
            )
        return templates


def _classes(answers: VectorOutputs, n: int) -> Array:
    """Return a unit vector for each of n classes, [n, d] float32: the mean over the templates."""
    if answers.failures:  # a text fails only if the model returns no vector for it
        raise SpecError(
            f"the model returned no vector for a class ({next(iter(answers.failures.values()))})"
        )
    means = answers.vectors.reshape(n, -1, answers.vectors.shape[1]).mean(axis=1, dtype=np.float64)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(unit, np.float32)
