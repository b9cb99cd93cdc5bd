"""Predictions of classes as arrays: scores or labels on one side, what was right on the other."""

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
    """n samples and c classes.

    `scores` [n, c], or None where the predictions are bare labels, then in `bare_labels` [n]. A
    score that is not a number counts as -∞. Sample `rows[i]` has the right label `labels[i]`;
    `listed` tells whether a target was a list of labels rather than one. `scale` is what the scores
    are, "" where the predictions do not say it.
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
        """Why a metric that needs scores has no value; empty where there are some."""
        return "the predictions are labels without scores" if self.scores is None else ""

    @property
    def unlabelled(self) -> str:
        """Why a metric that needs a right label has no value."""
        missing = int((np.bincount(self.rows, minlength=self.n) == 0).sum())
        return f"no label is right for {count(missing, 'sample')}" if missing else ""

    @property
    def several(self) -> str:
        """Why a metric that needs one right label has no value."""
        extra = int((np.bincount(self.rows, minlength=self.n) > 1).sum())
        reason = f"several labels are right for {count(extra, 'sample')}" if extra else ""
        return self.unlabelled or reason

    @property
    def unthresholded(self) -> str:
        """Why a metric that decides by a threshold has no value."""
        reason = "similarities of zero-shot classification order the classes and have no threshold"
        return reason if self.scale == "similarities" else ""

    def predicted(self) -> Ints:
        """The label of each sample [n]: of equally high scores the first."""
        return self.bare_labels if self.scores is None else self.scores.argmax(axis=1)

    def right(self) -> NDArray[np.bool_]:
        """Which labels are right [n, c]."""
        return _one_hot(self.rows, self.labels, (self.n, self.classes))

    def decided(self, threshold: float) -> NDArray[np.bool_]:
        """Which labels are predicted [n, c]: by the probability of each, or the bare label."""
        if self.scores is None:
            return _one_hot(np.arange(self.n), self.bare_labels, (self.n, self.classes))
        return np.asarray(self.probabilities(several=True) > threshold)

    def probabilities(self, *, several: bool) -> NDArray[np.floating[Any]]:
        """The scores as probabilities [n, c], empty for bare labels; `link` says how."""
        scores = self._scores()
        if self.link(several=several) == "given":
            return scores
        return probabilities(scores, several=several)

    def link(self, *, several: bool) -> str:
        """How scores become probabilities: `softmax`, `sigmoid`, or `given` where they are some.

        Scores that do not say what they are count as probabilities if all of them can be such.
        """
        if self.scale == "probabilities":
            return "given"
        if not self.scale and are_probabilities(self._scores(), several=several):
            return "given"
        return "sigmoid" if several else "softmax"

    def _scores(self) -> NDArray[np.floating[Any]]:
        return np.empty((0, self.classes)) if self.scores is None else self.scores


def read_cases(predictions: Sequence[Prediction]) -> Cases:
    """The arrays behind predictions.

    Raises DataError, naming the sample, for scores beside bare labels, for different numbers of
    scores, for logits beside probabilities, for a label that no score belongs to, and for a target
    that is no label.
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
    """Whether a right label is among the first k [n], in expectation over the order of ties.

    Every sample has a right label. Nothing is sorted: the best right label is compared with all.
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
    """The chance that `places` drawn from `tied` have one of the `right` among them."""
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
            f"sample {predictions[rows[wrong[0]]].id}: label {labels[wrong[0]]} is none of"
            f" the classes 0 to {classes - 1}; give a score for every class"
        )


def _one_hot(rows: NDArray[Any], labels: Ints, shape: tuple[int, int]) -> NDArray[np.bool_]:
    matrix = np.zeros(shape, bool)
    matrix[rows, labels] = True
    return matrix
