"""Zero-shot classification: classes are put into words, and the nearest words win."""

from __future__ import annotations

from collections.abc import Mapping
from hashlib import blake2b
from typing import TYPE_CHECKING, Any

from mmbench.datasets import Samples
from mmbench.errors import SpecError
from mmbench.kinds.class_check import check_classes
from mmbench.kinds.classification import Classification
from mmbench.kinds.per_sample import medium_of, modality_in
from mmbench.protocols import Embeds
from mmbench.types import Answers, Broken, Requests, ScoreScale, TaskSpec

if TYPE_CHECKING:
    from mmbench.types import Array

_SCALE = 100  # of CLIP's logits


class ZeroShot(Classification):
    """The kind `zero_shot`. Its model is an Embeds, of the medium and of text.

    Each class is put into every template and embedded; the unit vectors are averaged and made of
    length 1 again. Scores are 100 · medium · class. The templates are the task's, or the data's.
    Source: Radford et al. 2021, arXiv 2103.00020; CLIP_benchmark `zeroshot_classification.py`.
    """

    ability = Embeds

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse templates without a place for the class. Raises SpecError."""
        super().check(spec, index)
        for template in spec.templates:
            if "{}" not in template and "{c}" not in template:
                raise SpecError(
                    f"task {spec.name}: template {template!r} has no {{}} for the class"
                )

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """The samples, and every class in every template."""
        check_classes(data, spec)
        media = [medium_of(spec, sample) for sample in data.samples]
        texts = [
            template.replace("{c}", label).replace("{}", label)
            for label in data.labels
            for template in _templates(spec, data)
        ]
        return {
            "sample": Requests(media, modality_in(spec, data)),
            "class": Requests(texts, "text", "query"),
        }

    def signature(self, index: str, spec: TaskSpec, data: Samples) -> str:
        """Which templates: how many, and the digest of their texts."""
        templates = spec.templates or data.templates
        digest = blake2b("\n".join(templates).encode(), digest_size=4).hexdigest()
        return f"templates={len(templates)}:{digest}"

    def scale(self, spec: TaskSpec, data: Samples, returned: ScoreScale = "logits") -> ScoreScale:
        """Similarities, whatever the model is."""
        return "similarities"

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """Similarities [c] float32 of each sample."""
        samples: Answers = answers["sample"]
        scores = samples.vectors @ _classes(answers["class"], len(data.labels)).T * _SCALE
        return [
            Broken(samples.failures[row]) if row in samples.failures else scores[row]
            for row in range(len(scores))
        ]


def _templates(spec: TaskSpec, data: Samples) -> list[str]:
    templates = spec.templates or data.templates
    if not templates:
        raise SpecError(
            f"task {spec.name}: neither the task nor its data has templates; write e.g."
            ' templates: ["a photo of a {}."]'
        )
    return templates


def _classes(answers: Answers, n: int) -> Array:
    """A unit vector [n, d] float32 for each class: the mean over its templates."""
    import numpy as np

    if answers.failures:  # a text fails only where the model gives no vector for it
        raise SpecError(f"a class has no vector: {next(iter(answers.failures.values()))}")
    means = answers.vectors.reshape(n, -1, answers.vectors.shape[1]).mean(axis=1, dtype=np.float64)
    unit = means / np.linalg.norm(means, axis=1, keepdims=True)
    return np.asarray(unit, np.float32)
