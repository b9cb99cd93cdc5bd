"""Columns of class predictions: scores or labels, correct labels, the scale of the scores."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column
from mmbench.errors import DataError
from mmbench.types import Prediction, ScoreScale

Ints = NDArray[np.int64]


def targets_of(predictions: Sequence[Prediction]) -> tuple[Ints, Ints, bool]:
    """Return the sample index of each correct label, the labels, and whether a target is a list."""
    targets = column(predictions, "target")
    if _bare(set(map(type, targets))):
        return np.arange(len(targets)), _numbers(targets), False
    sets = [_right(target, predictions, row) for row, target in enumerate(targets)]
    rows = np.repeat(np.arange(len(sets)), list(map(len, sets)))
    return rows, np.array(list(chain.from_iterable(sets)), np.int64), True


def _right(target: object, predictions: Sequence[Prediction], row: int) -> list[int]:
    if isinstance(target, Integral):
        return [int(target)]
    if isinstance(target, list | tuple | set) and all(isinstance(t, Integral) for t in target):
        return sorted(set(target))
    raise DataError(
        f"sample {predictions[row].id}: the target {target!r} is neither a class number nor a list"
        " of class numbers"
    )


def scale_of(predictions: Sequence[Prediction]) -> ScoreScale:
    """Return the common scale of the scores of all predictions.

    Raises DataError if predictions have different scales.
    """
    scales = column(predictions, "scores")
    first: ScoreScale = scales[0] if len(scales) else ""
    if len(set(scales)) > 1:
        row, other = next((row, scale) for row, scale in enumerate(scales) if scale != first)
        raise DataError(
            f"sample {predictions[row].id} has {other or 'scores of unknown scale'} and sample"
            f" {predictions[0].id} {first or 'scores of unknown scale'}; give all samples one scale"
        )
    return first


def values_of(predictions: Sequence[Prediction]) -> tuple[NDArray[Any] | None, Ints]:
    """Return the scores and the bare labels of predictions.

    If the predictions have scores, the result is a copy of the scores [n, c] and an empty array. If
    they are labels without scores, it is None and the labels [n].
    """
    no_labels, values = np.empty(0, np.int64), column(predictions, "value")
    if not len(values):
        return np.empty((0, 1), np.float32), no_labels
    if _bare(kinds := set(map(type, values))):
        return None, _numbers(values)
    if any(_bare({kind}) for kind in kinds):
        bare = [isinstance(value, Integral) for value in values]
        first, other = predictions[bare.index(True)].id, predictions[bare.index(False)].id
        raise DataError(
            f"sample {first} has a label, but sample {other} has scores; give one kind for all"
        )
    shape = np.shape(values[0])
    for row, row_shape in enumerate(map(np.shape, values)):
        if row_shape != shape or len(shape) != 1 or not shape[0]:
            raise DataError(
                f"sample {predictions[row].id} has scores of shape {row_shape} and sample"
                f" {predictions[0].id} of shape {shape}; give one score for every class"
            )
    stacked = np.stack(list(values))
    scores = stacked.astype(np.result_type(stacked, np.float32), copy=False)
    return np.fmax(scores, -np.inf, out=scores), no_labels


def _bare(kinds: set[type]) -> bool:
    """Return whether predictions whose values have these types are labels without scores."""
    return all(issubclass(kind, Integral) for kind in kinds)


def _numbers(labels: Sequence[int]) -> Ints:
    return np.fromiter(labels, np.int64, len(labels))
