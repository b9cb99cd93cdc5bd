"""Metrics of matching: does a model give the highest scores to pairs that belong together?

The value of a prediction is an array of scores [images * texts]; its target is a matrix with a row
for each image and a column for each text, with 1 for a pair that belongs together.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column
from mmbench.errors import DataError
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_KINDS = {"matching"}
_TIES = "ties=wrong"
Floats = NDArray[np.float64]
Mask = NDArray[np.bool_]


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def text_score(predictions: Sequence[Prediction]) -> Score:
    """Share of samples in which each image has its highest score with its own text.

    The score must be strictly higher than those of all other texts of the sample, so equal scores
    are wrong. With one image, this is the accuracy of SugarCrepe and ARO; chance is 1 / texts. With
    two images and two texts, it is the text score of Winoground; chance is 1/4. Range [0, 1],
    higher is better. Source: Thrush et al. 2022, arXiv 2204.03162, equation 1.
    """
    return _score(predictions, lambda scores, own: _wins(scores, own, axis=1), "texts")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def image_score(predictions: Sequence[Prediction]) -> Score:
    """Share of samples in which each text has its highest score with its own image.

    The score must be strictly higher than those of all other images of the sample. With two images
    and two texts, chance is 1/4. NaN if samples have a single image. Range [0, 1], higher is
    better. Source: Thrush et al. 2022, arXiv 2204.03162, equation 2.
    """
    return _score(predictions, lambda scores, own: _wins(scores, own, axis=0), "images")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def group_score(predictions: Sequence[Prediction]) -> Score:
    """Share of samples that are correct in both `text_score` and `image_score`.

    With two images and two texts, chance is 1/6: the lower of the two scores of correct pairs must
    exceed the higher of the two others. Range [0, 1], higher is better.
    Source: Thrush et al. 2022, arXiv 2204.03162, equation 3.
    """

    def both(scores: Floats, own: Mask) -> float:
        return _wins(scores, own, axis=1) * _wins(scores, own, axis=0)

    return _score(predictions, both, "images and texts")


@declare(unit="fraction", better="lower", worst=1, best=0, kinds=_KINDS)
def match_ties(predictions: Sequence[Prediction]) -> Score:
    """Share of samples in which a correct pair has the same score as a wrong one of its image or
    text.

    Such samples are wrong in the other metrics. A high share says that the model does not
    distinguish the contents, for example because texts are truncated to equal beginnings. Range
    [0, 1], lower is better. Source: this project.
    """

    def tied(scores: Floats, own: Mask) -> float:
        return float(_ties(scores, own, axis=1) or _ties(scores, own, axis=0))

    return _score(predictions, tied, "")


def _score(
    predictions: Sequence[Prediction], correct: Callable[[Floats, Mask], float], several: str
) -> Score:
    """Return the Score of `correct`, a function of the scores and of the mask of correct pairs.

    `several` names what each sample needs several of; a sample without them gets NaN.
    """
    values, targets = column(predictions, "value"), column(predictions, "target")
    rows = []
    for at, (value, target) in enumerate(zip(values, targets, strict=True)):
        own = np.asarray(target, bool)
        if own.ndim != 2 or np.size(value) != own.size:
            raise DataError(
                f"sample {predictions[at].id} has no matrix of images and texts; use a task of"
                " kind matching"
            )
        rows.append(correct(np.asarray(value, np.float64).reshape(own.shape), own))
    missing = several and np.isnan(rows).any()
    reason = f"there are samples without several {several} to choose from" if missing else ""
    return score(rows, signature=_TIES, reason=reason)


def _wins(scores: Floats, own: Mask, axis: int) -> float:
    """Return 1 if each correct pair has a higher score than all wrong pairs along `axis`, else 0.

    Return NaN if no correct pair has a wrong pair along the axis.
    """
    counts, best_other = _counted(own, axis), np.where(own, -np.inf, scores).max(axis=axis)
    if not counts.any():
        return np.nan
    return float((np.where(own, scores, -np.inf).max(axis=axis) > best_other)[counts].all())


def _ties(scores: Floats, own: Mask, axis: int) -> bool:
    best = np.where(own, scores, np.inf).min(axis=axis, keepdims=True)
    return bool(((scores == best) & ~own).any())


def _counted(own: Mask, axis: int) -> Mask:
    """Return a mask of the rows or columns that have both a correct and a wrong pair."""
    return np.asarray(own.any(axis=axis) & ~own.all(axis=axis))
