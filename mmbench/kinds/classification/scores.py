"""The scale of class scores, and the combination of scores over views."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column, rows_of_type
from mmbench.datasets import Samples
from mmbench.errors import ModelError
from mmbench.stats.probabilities import are_probabilities, probabilities
from mmbench.types import ScoreScale, VectorOutputs, Views

Numbers = NDArray[np.floating[Any]]

_BLOCK = 1 << 22  # numbers converted to float64 at a time
_CERTAIN = 40.0  # a logit whose sigmoid and softmax are 1 in float64


def has_several(data: Samples) -> bool:
    """Return whether a sample may have several labels."""
    return bool(rows_of_type(column(data.samples, "target"), list))


def scale_of_views(scale: ScoreScale, views: Views, *, several: bool) -> ScoreScale:
    """Return the scale of a sample's scores after the scores of its views are combined.

    The scores of a single view keep their scale. If samples may have `several` labels and the
    maximum over views is taken, the scale also remains: a sigmoid does not change which score is
    highest. Otherwise the scale becomes "probabilities".
    """
    unchanged = views.clips * views.crops == 1 or (several and views.combine == "max")
    return scale if unchanged else "probabilities"


def over_views(scores: Numbers, n: int, views: Views, scale: ScoreScale, *, several: bool) -> Any:
    """Combine the scores of views [n * views, c] to scores [n, c] of n samples.

    If the scale changes (`scale_of_views`), the scores become probabilities in float64. `several`:
    whether samples may have several labels.
    """
    looks = scores.reshape(n, -1, scores.shape[1])
    highest = views.combine == "max"
    if looks.shape[1] == 1:
        return looks[:, 0]
    if highest and several:
        return looks.max(axis=1)
    combined = np.empty((n, scores.shape[1]))
    step = max(1, _BLOCK // max(1, looks[:1].size))
    for start in range(0, n, step):
        part = looks[start : start + step].astype(np.float64)
        shares = part if scale == "probabilities" else probabilities(part, several=several)
        combined[start : start + step] = shares.max(axis=1) if highest else shares.mean(axis=1)
    return combined


def check_scale(answers: VectorOutputs, where: str, *, several: bool) -> None:
    """Raise ModelError if a model declares probabilities but returns other scores.

    All classes of the model are checked, including classes that the data do not have. `several`:
    whether samples may have several labels, so that scores need not sum to 1. `where` is the
    beginning of the message.
    """
    if answers.scores != "probabilities":
        return
    answered = np.ones(len(answers.vectors), bool)
    answered[list(answers.failures)] = False
    scores = answers.vectors[answered]
    if not np.isfinite(scores).all() or not are_probabilities(scores, several=several):
        rule = "lie in [0, 1]" if several else "lie in [0, 1] and sum to 1 for each sample"
        raise ModelError(
            f'{where} declares scores = "probabilities", but its scores do not {rule}; return'
            ' probabilities, or declare scores = "logits"'
        )


def scale_of_outputs(values: Sequence[object], *, several: bool) -> ScoreScale:
    """Return the scale of the scores in another program's outputs.

    The scale is "probabilities" if all scores can be probabilities, else "logits". It is "" if the
    outputs have no scores.
    """
    rows = (values[row] for row in rows_of_type(values, np.ndarray))
    scale: ScoreScale = ""
    for block in _blocks(rows, 1024):
        if not are_probabilities(np.stack(block), several=several):
            return "logits"
        scale = "probabilities"
    return scale


def baseline_logits(baseline: str, values: Numbers, *, several: bool) -> Any:
    """Convert the values of a baseline, from 0 to 1, to logits.

    Values of the oracle become ±40, which is a probability of 1 or 0. If samples may have `several`
    labels, the values of `random` are treated as probabilities and converted. All other values are
    used as logits unchanged.
    """
    from scipy.special import logit

    if baseline == "oracle":
        return (2 * values - 1) * np.float32(_CERTAIN)
    if baseline == "random" and several:
        return np.clip(logit(values.astype(np.float64)), -_CERTAIN, _CERTAIN)
    return values


def _blocks(rows: Iterable[Any], size: int) -> Iterator[list[Any]]:
    left = iter(rows)
    while block := list(islice(left, size)):
        yield block
