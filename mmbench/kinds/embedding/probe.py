"""The kind `probe`: classes by a simple classifier that is fitted to embeddings."""

from __future__ import annotations

from collections.abc import Sequence
from typing import cast

import msgspec
import numpy as np

from mmbench.columns import Table, patch_rows
from mmbench.columns import column as column_of
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.classification.check import check_classes
from mmbench.kinds.classification.classes import ClassScoresKind, with_scales
from mmbench.kinds.classification.scores import has_several
from mmbench.kinds.embedding.classifiers import Mask, classifier_of
from mmbench.kinds.embedding.draws import classes_of
from mmbench.kinds.embedding.options import ALL, NEIGHBOURS, ProbeOptions, check_probe_options
from mmbench.kinds.embedding.scikit_learn import check_scikit_learn
from mmbench.kinds.embedding.training import Draw, TrainingSamples, directions
from mmbench.kinds.inputs import media_of
from mmbench.kinds.per_sample import prediction_table
from mmbench.kinds.responses import vectors
from mmbench.protocols import Embeds, Responses
from mmbench.types import (
    Array,
    InvalidContent,
    Outputs,
    Prediction,
    Predictions,
    Requests,
    ScoreScale,
    TaskSpec,
    VectorOutputs,
)


class Probe(ClassScoresKind):
    """The kind `probe`. A value is the class scores [c] of a classifier for a test sample.

    The model embeds test samples and training samples, the `examples` of the data. A classifier is
    fitted to the training embeddings, and its scores of the test embeddings are the predictions:
    logits or probabilities, see `mmbench.kinds.embedding.classifiers`. Each number of training
    samples per class is a direction, and each draw of them is a split, so that scores are means
    over draws, and intervals resample test samples.
    """

    Options = ProbeOptions
    options: ProbeOptions
    ability = Embeds
    joint = True

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        check_probe_options(self.options, task.name)
        self._classifier = classifier_of(self.options)

    def directions(self) -> list[str]:
        """Return "1-shot", "4-shot" …, or [""] for a single number of training samples."""
        return directions(self.options)

    def check(self, data: Samples, /) -> None:
        """Raise DataError for data without classes or training samples, or with wrong labels.

        Raises MissingExtra if the classifier needs scikit-learn and it is not installed.
        """
        if self.options.probe not in NEIGHBOURS:
            check_scikit_learn("a linear probe")
        check_classes(data, self.task)
        training = TrainingSamples(data, self.options)
        training.check(self.task.name)
        if training.several != has_several(data):
            raise DataError(
                f"task {self.task.name}: only training or only test samples have lists of labels;"
                " write the labels of both in one form"
            )
        if training.several and self._classifier.one_label:
            raise DataError(
                f"task {self.task.name}: samples have several labels, but probe"
                f" {self.options.probe} needs one; use probe: logistic, knn or dino-knn"
            )

    def needs_all(self, _data: Samples, /) -> str:
        """Return "": the classifier depends on the training samples alone."""
        return ""

    def requests(self, data: Samples, _seed: int, /) -> dict[str, Requests]:
        """Return embedding requests for the test samples, and for the drawn training samples."""
        used = TrainingSamples(data, self.options).used
        unit = self._classifier.unit
        training = msgspec.structs.replace(data, samples=[data.examples[row] for row in used])
        test, modality = media_of(self.task, data)
        train, _ = media_of(self.task, training)
        return {
            "sample": Requests(test, modality, normalise=unit),
            "train": Requests(train, modality, normalise=unit),
        }

    def signature(self, _data: Samples, /) -> str:
        """Return the classifier with its settings, and the number of training samples per class."""
        embeddings = "unit" if self._classifier.unit else "as-returned"
        parts = [f"probe={self._classifier.settings}", f"embeddings={embeddings}"]
        if len(self.options.shots) < 2:
            parts.append(f"shots={(self.options.shots or [ALL])[0]}")
        return ",".join(parts)

    def scale(self, _data: Samples, _returned: ScoreScale, /) -> ScoreScale:
        """Return the scale of the classifier's scores."""
        return self._classifier.scale

    def returned_scale(self, _responses: Responses, /) -> ScoreScale:
        """Return the scale of the classifier's scores."""
        return self._classifier.scale

    def failures(self, data: Samples, responses: Responses, /) -> list[tuple[str, str]]:
        """Return (id, reason) of each test sample and each training sample that failed."""
        return self._failures(data, responses, TrainingSamples(data, self.options))

    def _failures(
        self, data: Samples, responses: Responses, training: TrainingSamples
    ) -> list[tuple[str, str]]:
        failed, ids = vectors(responses, "train").failures, column_of(data.examples, "id")
        rows = [(training.used[at], why) for at, why in sorted(failed.items())]
        return [
            *super().failures(data, responses),
            *((ids[row], f"training sample: {why}") for row, why in rows),
        ]

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return the scores of each draw's classifier for the test samples."""
        training = TrainingSamples(data, self.options)
        test, train = vectors(responses, "sample"), vectors(responses, "train")
        failed = {row: InvalidContent(why) for row, why in test.failures.items()}
        embedded = np.setdiff1d(np.arange(len(data.samples)), list(failed))
        splits: dict[str, list[Table[Prediction]]] = {}
        notes: list[str] = []
        for draw in training.draws:
            embeddings, labels = _of_draw(draw, training, train, len(data.labels))
            if not len(embeddings) and self.options.probe not in NEIGHBOURS:
                raise DataError(
                    f"task {self.task.name}: the model could embed no training sample:"
                    f" {next(iter(train.failures.values()))}"
                )
            fitted = self._classifier.fit(embeddings, labels, test.vectors[embedded])
            scores = np.zeros((len(data.samples), len(data.labels)), fitted.scores.dtype)
            scores[embedded] = fitted.scores
            values = patch_rows(cast("Sequence[object]", scores), failed)
            split = prediction_table(data.samples, values)
            splits.setdefault(draw.direction, []).append(split)
            if fitted.note:
                notes.append(f"{draw.direction or 'probe'}: {fitted.note}")
        found = Predictions(splits, self._failures(data, responses, training))
        notes = [*training.notes(), *dict.fromkeys(notes)]
        return msgspec.structs.replace(with_scales(found, self._classifier.scale), notes=notes)

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return predictions from the outputs of another program's probe.

        Raises DataError if the task has several numbers of training samples, because a file has the
        outputs of one.
        """
        if len(self.directions()) > 1:
            raise DataError(
                f"task {self.task.name}: a file has the outputs of one probe, but the task has"
                f" scores for {', '.join(self.directions())}; use a task with one number of shots"
            )
        return super().accept(data, outputs)

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of a baseline, equal in all draws and directions."""
        found = super().baseline(name, data, seed)
        (split,) = found.splits()
        every = self.options.shots or [ALL]
        repeats = [1 if shots == ALL else self.options.repeats for shots in every]
        several = {name: [split] * n for name, n in zip(self.directions(), repeats, strict=True)}
        return msgspec.structs.replace(found, directions=several)


def _of_draw(
    draw: Draw, training: TrainingSamples, train: VectorOutputs, classes: int
) -> tuple[Array, Mask]:
    """Return the embeddings [m, d] and the labels [m, classes] of the embedded samples of a draw.

    `train` has the vectors of the samples `training.used`.
    """
    place = {row: at for at, row in enumerate(training.used)}
    rows = [row for row in draw.rows if place[row] not in train.failures]
    labels: Mask = np.zeros((len(rows), classes), bool)
    for at, row in enumerate(rows):
        labels[at, classes_of(training.targets[row])] = True
    return train.vectors[[place[row] for row in rows]], labels
