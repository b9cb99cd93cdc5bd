"""Classification: scores of all classes, or a label, for each sample."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.class_check import check_classes
from mmbench.kinds.class_names import columns_of_model, columns_of_output
from mmbench.kinds.class_outputs import label_number, numbers, scores_of_list
from mmbench.kinds.class_scores import (
    baseline_logits,
    check_scale,
    has_several,
    over_views,
    scale_of_outputs,
    scale_of_views,
)
from mmbench.kinds.per_sample import (
    Directions,
    PerSample,
    chance,
    check_medium,
    medium_of,
    modality_in,
)
from mmbench.protocols import Classifies
from mmbench.stats.probabilities import probabilities
from mmbench.text import count
from mmbench.types import (
    Answers,
    Broken,
    Content,
    Media,
    Outputs,
    Requests,
    Said,
    Sample,
    ScoreScale,
    TaskSpec,
    View,
    Views,
)

if TYPE_CHECKING:
    from mmbench.types import Array


class Classification(PerSample):
    """The kind `classification`. A value is scores [c] by class, or a class's number.

    A model's classes are matched with the data's by name. Its scores are kept as it returned them.
    Those of several views of a video become probabilities in float64 (by softmax where one label is
    right, by the logistic function where several may be), which are averaged, or of which the
    maximum is taken, as the task says: the order that SlowFast has (Feichtenhofer et al. 2019,
    arXiv 1812.03982, section 4). A prediction says what its scores are.
    """

    ability: type = Classifies
    baselines = ("oracle", "constant", "random")

    def check(self, spec: TaskSpec, index: str = "exact") -> None:
        """Refuse an index, and fields that are not one medium. Raises SpecError."""
        super().check(spec, index)
        if spec.fields:  # outputs are scored without a medium
            check_medium(spec)

    def requests(self, spec: TaskSpec, data: Samples, seed: int) -> dict[str, Requests]:
        """Every view of every sample."""
        check_medium(spec)
        check_classes(data, spec)
        looks = [look for s in data.samples for look in _looks(medium_of(spec, s), spec.views)]
        return {"sample": Requests(looks, modality_in(spec, data), method="classify")}

    def signature(self, index: str, spec: TaskSpec, data: Samples) -> str:
        """That scores are ranked as returned; the views of a video, and what becomes of them."""
        ranked = "ranking=as-returned"
        if next(iter(spec.fields), "") != "video":
            return ranked
        views = spec.views
        return f"views={views.clips}x{views.crops}:{views.combine},{ranked}"

    def failures(self, data: Samples, answers: Mapping[str, Any]) -> list[tuple[str, str]]:
        """Id and reason of each sample of which a view failed."""
        found: Answers = answers["sample"]
        views = _per_sample(found, data)
        reasons = {row // views: why for row, why in sorted(found.failures.items(), reverse=True)}
        return [(data.samples[row].id, why) for row, why in sorted(reasons.items())]

    def told(self, answers: Mapping[str, Answers | Said], data: Samples) -> list[str]:
        """Classes that the data do not have, and that the model returns probabilities."""
        found = answers.get("sample")
        if not isinstance(found, Answers):
            return []
        notes = []
        extra = len(found.labels) - len(data.labels)
        if extra > 0:
            notes.append(
                f"the model has {count(len(found.labels), 'class')} and the data"
                f" {len(data.labels):,}: the scores of the other {extra:,} are left out"
            )
        if found.scores == "probabilities":
            notes.append("the model declares that its scores are probabilities")
        return notes

    def check_labels(self, spec: TaskSpec, data: Samples, labels: list[str], model: str) -> None:
        """Refuse a model whose classes do not fit those of the data.

        Raises DataError for a class that the model lacks, ModelError for one that is not unique.
        """
        columns_of_model(labels, data.labels, _where(spec, model))

    def said(self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any]) -> list[Any]:
        """Scores [c] of each sample, in the order of the data's labels."""
        found: Answers = answers["sample"]
        failed = dict(self.failures(data, answers))
        where, several = _where(spec, found.model), has_several(data)
        columns = columns_of_model(found.labels, data.labels, where)
        check_scale(found, where, several=several)
        scores = found.vectors[:, columns]
        together = over_views(scores, len(data.samples), spec.views, found.scores, several=several)
        return [
            Broken(failed[sample.id]) if sample.id in failed else row
            for sample, row in zip(data.samples, together, strict=True)
        ]

    def predict(
        self, spec: TaskSpec, data: Samples, answers: Mapping[str, Any], index: str
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions that say what their scores are."""
        found, report = super().predict(spec, data, answers, index)
        return _marked(found, self.scale(spec, data, answers["sample"].scores)), report

    def scale(self, spec: TaskSpec, data: Samples, returned: ScoreScale = "logits") -> ScoreScale:
        """What the scores of a prediction are, where the model returned `returned`."""
        return scale_of_views(returned, spec.views, several=has_several(data))

    def accept(
        self, spec: TaskSpec, data: Samples, outputs: Outputs
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions from somebody's outputs, which are probabilities if all scores can be."""
        found, report = super().accept(spec, data, outputs)
        return _marked(found, scale_of_outputs(found[""][0], several=has_several(data))), report

    def output_notes(self, data: Samples, outputs: Outputs, directions: Directions) -> list[str]:
        """What the scores in somebody's outputs were taken for."""
        scales = {p.scores for p in directions[""][0]} - {""}
        return [_TAKEN[scale] for scale in scales]

    def value(
        self, spec: TaskSpec, sample: Sample, given: Any, data: Samples, outputs: Outputs
    ) -> Any:
        """Scores in the order of the data's labels, as precise as given. A label goes by its name.

        Scores that are not numbers are a failed sample, as those of a model are. Raises UnknownName
        for a label that the data do not have, DataError for missing scores.
        """
        import numpy as np

        where = f"task {spec.name}: the output for {sample.id}"
        if isinstance(given, dict):
            order = columns_of_output(list(given), data.labels, where)
            return numbers(np.fromiter(given.values(), np.float64, len(given))[order])
        if isinstance(given, list | np.ndarray):
            scores = scores_of_list(given, data.labels, where)
            names = outputs.labels or data.labels
            if scores.shape != (len(names),):
                raise DataError(
                    f"{where} has shape {scores.shape} for {count(len(names), 'label')}"
                )
            return numbers(scores[columns_of_output(names, data.labels, where)])
        return label_number(str(given), data.labels, where)

    def baseline(
        self, who: str, spec: TaskSpec, data: Samples, seed: int
    ) -> tuple[Directions, dict[str, Any]]:
        """Predictions with scores as a model returns them."""
        found, report = super().baseline(who, spec, data, seed)
        scale, several = self.scale(spec, data), has_several(data)
        made = []
        for p in found[""][0]:
            scores = baseline_logits(who, p.value, several=several)
            if scale == "probabilities":
                scores = probabilities(scores, several=several)
            made.append(msgspec.structs.replace(p, value=scores, scores=scale))
        return {"": [made]}, report

    def blind(self, who: str, data: Samples, seed: int) -> list[Array]:
        """The right labels at 1 and the rest at 0; all labels equal; or chance by the id's hash."""
        import numpy as np

        check_classes(data)
        size = len(data.labels)
        if who == "constant":
            return [np.zeros(size, np.float32)] * len(data.samples)
        if who == "random":
            draws = [np.random.default_rng(chance(seed, s.id)) for s in data.samples]
            return [draw.random(size, np.float32) for draw in draws]
        right = np.zeros((len(data.samples), size), np.float32)
        for row, sample in enumerate(data.samples):
            right[row, sample.target] = 1
        return list(right)


_TAKEN = {
    "probabilities": "the scores are taken for probabilities: all of them fit",
    "logits": "the scores are taken for logits: not all of them can be probabilities",
}


def _marked(directions: Directions, scale: ScoreScale) -> Directions:
    """The same predictions, saying what their scores are; failed ones and labels have none."""
    import numpy as np

    return {
        way: [
            [
                msgspec.structs.replace(p, scores=scale) if isinstance(p.value, np.ndarray) else p
                for p in split
            ]
            for split in splits
        ]
        for way, splits in directions.items()
    }


def _where(spec: TaskSpec, model: str) -> str:
    return f"task {spec.name}: model {model}"


def _looks(medium: Content, views: Views) -> list[Content | View]:
    """The views of a video; anything else, and a video looked at once, as it is."""
    if (
        not isinstance(medium, Media)
        or medium.modality != "video"
        or views.clips * views.crops == 1
    ):
        return [medium] * (views.clips * views.crops)
    return [
        View(medium, clip, views.clips, crop, views.crops)
        for clip in range(views.clips)
        for crop in range(views.crops)
    ]


def _per_sample(found: Answers, data: Samples) -> int:
    return max(1, len(found.vectors) // max(1, len(data.samples)))
