"""The kind `classification`: class scores, or a label, for each sample."""

from __future__ import annotations

from collections.abc import Sequence

import msgspec

from mmbench.columns import column, patch_rows
from mmbench.datasets import Samples
from mmbench.kinds.classification.check import check_classes
from mmbench.kinds.classification.classes import ClassScoresKind
from mmbench.kinds.classification.names import columns_of_model
from mmbench.kinds.classification.scores import check_scale, has_several, over_views, scale_of_views
from mmbench.kinds.inputs import check_medium, media_of
from mmbench.kinds.responses import vectors
from mmbench.protocols import Classifies, Responses
from mmbench.text import count
from mmbench.types import (
    Content,
    InvalidContent,
    KindOptions,
    Media,
    Predictions,
    Requests,
    ScoreScale,
    VectorOutputs,
    View,
    Views,
)


class ClassificationOptions(KindOptions, frozen=True):
    """Options of `classification`.

    `views` states into how many clips (in time) and crops (in space) a video is divided.
    """

    views: Views = Views()


class Classification(ClassScoresKind):
    """The kind `classification`. A value is class scores [c], or a class index.

    Classes of the model and of the data are matched by name. Scores of a model are stored
    unchanged. Scores of several views of a video are first converted to probabilities in float64
    (softmax for single-label data, the logistic function for multi-label data); then their mean or
    maximum is computed, as the task states. Source: SlowFast (Feichtenhofer et al. 2019, arXiv
    1812.03982, section 4). The field `scores` of a prediction states the scale of its scores.
    """

    Options = ClassificationOptions
    options: ClassificationOptions
    ability = Classifies

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return a request for every view of every sample, with the class names."""
        spec, views = self.task, self.options.views
        check_medium(spec)
        check_classes(data, spec)
        media, modality = media_of(spec, data)
        looks = [look for medium in media for look in _looks(medium, views)]
        return {"sample": Requests(looks, modality, method="classify", labels=data.labels)}

    def signature(self, _data: Samples, /) -> str:
        """Return the rule that ranks scores and, for videos, the number and use of views."""
        ranked = "ranking=as-returned"
        if next(iter(self.task.fields), "") != "video":
            return ranked
        views = self.options.views
        return f"views={views.clips}x{views.crops}:{views.combine},{ranked}"

    def failures(self, data: Samples, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each sample with a failed view."""
        answers = vectors(responses, "sample")
        views = max(1, len(answers.vectors) // max(1, len(data.samples)))
        reasons = {row // views: why for row, why in sorted(answers.failures.items(), reverse=True)}
        return [(data.samples[row].id, why) for row, why in sorted(reasons.items())]

    def values(self, data: Samples, responses: Responses, /) -> Sequence[object]:
        """Return the scores [c] of each sample, in the order of the data's labels."""
        answers, views = vectors(responses, "sample"), self.options.views
        failed = dict(self.failures(data, responses))
        where, several = f"task {self.task.name}: model {answers.model}", has_several(data)
        columns = columns_of_model(answers.labels, data.labels, where)
        check_scale(answers, where, several=several)
        scores = answers.vectors[:, columns]
        combined = over_views(scores, len(data.samples), views, answers.scores, several=several)
        ids = column(data.samples, "id") if failed else ()
        return patch_rows(
            combined, {r: InvalidContent(failed[i]) for r, i in enumerate(ids) if i in failed}
        )

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions with the scale of their scores, and notes on the model's scores."""
        predictions = super().predictions(data, responses)
        return msgspec.structs.replace(
            predictions, notes=_notes(vectors(responses, "sample"), data)
        )

    def scale(self, data: Samples, returned: ScoreScale, /) -> ScoreScale:
        """Return the scale of the scores in predictions, after the scores of views are combined.

        `returned` is the scale of the scores that the model returns.
        """
        return scale_of_views(returned, self.options.views, several=has_several(data))

    def returned_scale(self, responses: Responses, /) -> ScoreScale:
        """Return the scale that the model declares for its scores."""
        return vectors(responses, "sample").scores


def _notes(answers: VectorOutputs, data: Samples) -> list[str]:
    """Return notes on the model's classes that the data lack, and on declared probabilities."""
    notes = []
    extra = len(answers.labels) - len(data.labels)
    if extra > 0:
        notes.append(
            f"the model has {count(len(answers.labels), 'class')} and the data"
            f" {len(data.labels):,}; the scores of {extra:,} other classes are left out"
        )
    if answers.scores == "probabilities":
        notes.append("the model declares its scores as probabilities")
    return notes


def _looks(medium: Content, views: Views) -> list[Content | View]:
    """Return the views of a video: one for each clip and crop.

    Any other content, and a video with a single view, is returned unchanged, as many times as there
    are views.
    """
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
