"""The base class of the kinds `classification` and `zero_shot`."""

from __future__ import annotations

from abc import abstractmethod
from array import array
from collections.abc import Sequence

import msgspec
import numpy as np

from mmbench.columns import (
    Keyed,
    Repeated,
    Table,
    Texts,
    are_distinct,
    column,
    patch_rows,
    places,
    rows_of_type,
    table,
)
from mmbench.datasets import Samples
from mmbench.errors import DataError
from mmbench.kinds.classification.check import check_classes
from mmbench.kinds.classification.names import columns_of_output
from mmbench.kinds.classification.outputs import label_number, numbers, scores_of_list
from mmbench.kinds.classification.scores import baseline_logits, has_several, scale_of_outputs
from mmbench.kinds.inputs import check_medium
from mmbench.kinds.per_sample import PerSample, each_output, hash_number
from mmbench.protocols import Responses
from mmbench.stats.probabilities import probabilities
from mmbench.text import count
from mmbench.types import Array, Outputs, Prediction, Predictions, ScoreScale, TaskSpec


class ClassScoresKind(PerSample):
    """The base class of kinds with class scores [c] or a class index as values.

    Scores are stored unchanged. The field `scores` of a prediction states the scale of its scores.
    """

    baselines = ("oracle", "constant", "random")

    def __init__(self, task: TaskSpec, /) -> None:
        super().__init__(task)
        if task.fields:  # empty for a task that only scores outputs
            check_medium(task)

    @abstractmethod
    def scale(self, data: Samples, returned: ScoreScale, /) -> ScoreScale:
        """Return the scale of the scores in predictions.

        `returned` is the scale of the scores that the model returns.
        """

    @abstractmethod
    def returned_scale(self, responses: Responses, /) -> ScoreScale:
        """Return the scale of the scores that the model returns."""

    def predictions(self, data: Samples, responses: Responses, /) -> Predictions:
        """Return predictions from a model's outputs, with the scale of their scores."""
        predictions = super().predictions(data, responses)
        return with_scales(predictions, self.scale(data, self.returned_scale(responses)))

    def accept(self, data: Samples, outputs: Outputs, /) -> Predictions:
        """Return predictions from outputs of another program.

        Scores are treated as probabilities if all of them can be probabilities, else as logits.
        """
        predictions = super().accept(data, outputs)
        (split,) = predictions.splits()
        scale = scale_of_outputs(column(split, "value"), several=has_several(data))
        notes = [_SCALE_NOTES[scale]] if scale else []
        return msgspec.structs.replace(with_scales(predictions, scale), notes=notes)

    def accepted(self, data: Samples, outputs: Outputs, /) -> Sequence[object]:
        """Return the value of each sample from another program's outputs.

        A value is scores [c], in the order of the data's labels, or a class index. Labels are
        matched by name. Scores keep their precision; a sample with NaN among its scores fails.
        Raises UnknownName for a label that the data do not have, DataError for missing scores.
        """
        output_values = Keyed.from_mapping(outputs.values).look_up(column(data.samples, "id"))
        if isinstance(output_values, Texts) and are_distinct(data.labels):
            rows = places(output_values, data.labels)
            if (rows >= 0).all():
                return array("q", rows.tobytes())
        names = outputs.labels or data.labels

        def read(output: object, where: str) -> object:
            return _value(output, data.labels, names, where)

        return each_output(self.task, data, outputs, read)

    def baseline(self, name: str, data: Samples, seed: int, /) -> Predictions:
        """Return the predictions of a baseline; their scores have the scale of a model's scores."""
        scale, several = self.scale(data, "logits"), has_several(data)

        def scaled(p: Prediction) -> Prediction:
            scores = baseline_logits(name, p.value, several=several)
            if scale == "probabilities":
                scores = probabilities(scores, several=several)
            return msgspec.structs.replace(p, value=scores, scores=scale)

        return super().baseline(name, data, seed).mapped(scaled)

    def baseline_values(self, name: str, data: Samples, seed: int, /) -> list[Array]:
        """Return the class scores [c] of a baseline for each sample.

        The oracle gives the score 1 to correct labels and 0 to other labels; `constant` gives equal
        scores; `random` gives random scores, derived from the seed and the id of the sample.
        """
        check_classes(data)
        size = len(data.labels)
        if name == "constant":
            return [np.zeros(size, np.float32)] * len(data.samples)
        if name == "random":
            draws = [np.random.default_rng(hash_number(seed, s.id)) for s in data.samples]
            return [draw.random(size, np.float32) for draw in draws]
        right = np.zeros((len(data.samples), size), np.float32)
        for row, sample in enumerate(data.samples):
            right[row, sample.target] = 1
        return list(right)


_SCALE_NOTES = {
    "probabilities": "scores are treated as probabilities, since all of them can be",
    "logits": "scores are treated as logits, since not all of them can be probabilities",
}


def _value(output: object, labels: list[str], names: Sequence[str], where: str) -> object:
    if isinstance(output, dict):
        order = columns_of_output(list(output), labels, where)
        return numbers(np.fromiter(output.values(), np.float64, len(output))[order])
    if isinstance(output, list | np.ndarray):
        scores = scores_of_list(output, labels, where)
        if scores.shape != (len(names),):
            raise DataError(
                f"{where} has shape {scores.shape} for {count(len(names), 'label')}; give one score"
                " per label"
            )
        return numbers(scores[columns_of_output(names, labels, where)])
    return label_number(str(output), labels, where)


def with_scales(predictions: Predictions, scale: ScoreScale) -> Predictions:
    """Set the scale of the scores in predictions; failed predictions and labels get ""."""
    return predictions.with_splits(lambda split: _with_scale(table(Prediction, split), scale))


def _with_scale(split: Table[Prediction], scale: ScoreScale) -> Table[Prediction]:
    values = split.columns["value"]
    if isinstance(values, np.ndarray):
        return split.with_columns(scores=Repeated(scale, len(split)))
    of_arrays = dict.fromkeys(rows_of_type(values, np.ndarray), scale)
    return split.with_columns(scores=patch_rows(split.columns["scores"], of_arrays))
