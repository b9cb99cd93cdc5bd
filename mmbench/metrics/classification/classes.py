"""Predictions of classes, as arrays of scores or labels, and the correct labels."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench.errors import DataError
from mmbench.metrics.classification.columns import Ints, scale_of, targets_of, values_of
from mmbench.stats.probabilities import are_probabilities, probabilities
from mmbench.text import count
from mmbench.types import Prediction, ScoreScale


class Cases(NamedTuple):
    """Predictions and targets of n samples and c classes.

    `scores` is [n, c], or None if the predictions are bare labels, which are in `bare_labels` [n].
    A NaN score counts as -∞. Sample `rows[i]` has the correct label `labels[i]`; `listed` is true
    if a target was a list of labels. `scale` is the scale of the scores, "" if it is unknown.
    """

    n: int
    classes: int
    scores: NDArray[np.floating[Any]] | None
    bare_labels: Ints
    rows: Ints
    labels: Ints
    listed: bool
    scale: ScoreScale = ""

    @property
    def unscored(self) -> str:
        """The reason why a metric that needs scores has no value; "" if it has one."""
        return "the predictions are labels without scores" if self.scores is None else ""

    @property
    def unlabelled(self) -> str:
        """The reason why a metric that needs a correct label has no value; "" if it has one."""
        missing = int((np.bincount(self.rows, minlength=self.n) == 0).sum())
        return f"no correct label for {count(missing, 'sample')}" if missing else ""

    @property
    def several(self) -> str:
        """The reason why a metric that needs exactly one correct label has no value, or ""."""
        extra = int((np.bincount(self.rows, minlength=self.n) > 1).sum())
        reason = f"several correct labels for {count(extra, 'sample')}" if extra else ""
        return self.unlabelled or reason

    @property
    def unthresholded(self) -> str:
        """The reason why a metric that needs a threshold has no value; "" if it has one."""
        reason = "similarities of zero-shot classification rank the classes but have no threshold"
        return reason if self.scale == "similarities" else ""

    def predicted(self) -> Ints:
        """Return the predicted label of each sample [n]: the first label with the highest score."""
        return self.bare_labels if self.scores is None else self.scores.argmax(axis=1)

    def right(self) -> NDArray[np.bool_]:
        """Return a mask of the correct labels [n, c]."""
        return _one_hot(self.rows, self.labels, (self.n, self.classes))

    def decided(self, threshold: float) -> NDArray[np.bool_]:
        """Return a mask of the predicted labels [n, c]: probabilities above the threshold.

        If there are no scores, the mask marks the bare labels.
        """
        if self.scores is None:
            return _one_hot(np.arange(self.n), self.bare_labels, (self.n, self.classes))
        return np.asarray(self.probabilities(several=True) > threshold)

    def probabilities(self, *, several: bool) -> NDArray[np.floating[Any]]:
        """Return the scores as probabilities [n, c], converted by `link`; empty for bare labels.

        `several`: whether a sample may have several correct labels.
        """
        scores = self._scores()
        if self.link(several=several) == "given":
            return scores
        return probabilities(scores, several=several)

    def link(self, *, several: bool) -> str:
        """Return how scores become probabilities: `softmax`, `sigmoid`, or `given` (unchanged).

        Scores of unknown scale count as probabilities if all of them can be probabilities.
        `several`: whether a sample may have several correct labels.
        """
        if self.scale == "probabilities":
            return "given"
        if not self.scale and are_probabilities(self._scores(), several=several):
            return "given"
        return "sigmoid" if several else "softmax"

    def _scores(self) -> NDArray[np.floating[Any]]:
        return np.empty((0, self.classes)) if self.scores is None else self.scores


def read_cases(predictions: Sequence[Prediction]) -> Cases:
    """Return the predictions and targets as arrays.

    Raises DataError, with the id of the sample, if predictions mix scores and bare labels, or
    logits and probabilities, or if they have different numbers of scores; also for a label without
    a score, and for a target that is not a label.
    """
    scores, bare_labels = values_of(predictions)
    rows, labels, listed = targets_of(predictions)
    highest = int(max(bare_labels.max(initial=0), labels.max(initial=0)))
    classes = highest + 1 if scores is None else scores.shape[1]
    _refuse_unknown(predictions, rows, labels, classes)
    _refuse_unknown(predictions, np.arange(len(bare_labels)), bare_labels, classes)
    scale = "" if scores is None else scale_of(predictions)
    return Cases(len(predictions), classes, scores, bare_labels, rows, labels, listed, scale)


def hits(cases: Cases, k: int) -> NDArray[np.float64]:
    """Return, for each sample, the probability that a correct label is in the top k [n].

    Ties are in random order. Each sample must have a correct label. Nothing is sorted: the best
    score of a correct label is compared with the scores of all labels.
    """
    if cases.scores is None:
        correct = cases.bare_labels[cases.rows] == cases.labels
        return np.bincount(cases.rows, correct, cases.n).astype(np.float64)
    scores = cases.scores
    of_right = scores[cases.rows, cases.labels]
    best = np.full(cases.n, -np.inf, scores.dtype)
    np.maximum.at(best, cases.rows, of_right)
    above = np.count_nonzero(scores > best[:, None], axis=1)
    tied = np.count_nonzero(scores == best[:, None], axis=1)
    right = np.bincount(cases.rows, of_right == best[cases.rows], cases.n)
    return _hit_chance(right, tied, np.clip(k - above, 0, tied))


def _hit_chance(
    right: NDArray[Any], tied: NDArray[Any], places: NDArray[Any]
) -> NDArray[np.float64]:
    """Return the probability that a random draw without replacement hits a correct label [n].

    For each sample, `places` labels are drawn from `tied` labels; `right` of the tied labels are
    correct.
    """
    missed = np.ones(len(right))
    for drawn in range(int(right.max(initial=0))):
        chance = np.clip(tied - places - drawn, 0, None) / np.maximum(tied - drawn, 1)
        missed *= np.where(drawn < right, chance, 1.0)
    return np.where(right == 1, places / tied, 1.0 - missed)


def _refuse_unknown(
    predictions: Sequence[Prediction], rows: NDArray[Any], labels: Ints, classes: int
) -> None:
    wrong = np.flatnonzero((labels < 0) | (labels >= classes))
    if len(wrong):
        raise DataError(
            f"sample {predictions[rows[wrong[0]]].id}: label {labels[wrong[0]]} is not one"
            f" of the classes 0 to {classes - 1}; give a score for every class"
        )


def _one_hot(rows: NDArray[Any], labels: Ints, shape: tuple[int, int]) -> NDArray[np.bool_]:
    matrix = np.zeros(shape, bool)
    matrix[rows, labels] = True
    return matrix
