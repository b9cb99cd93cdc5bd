"""Classification metrics written out."""

from __future__ import annotations

import math

import numpy as np

from mmbench.conformance.classification_made import Floats, Labels
from mmbench.conformance.official import library


def expected_hits(k: int, scores: Floats, labels: Labels) -> float:
    """The chance to be among the first k, where equal scores stand in any order."""
    found = []
    for row, label in zip(scores, labels, strict=True):
        above, equal = (row > row[label]).sum(), (row == row[label]).sum()
        found.append(min(1.0, max(0.0, (k - above) / equal)))
    return float(np.mean(found))


def expected_recall(scores: Floats, labels: Labels) -> float:
    """The chance to be first, by class."""
    by_class = [
        expected_hits(1, scores[labels == label], labels[labels == label])
        for label in np.unique(labels)
    ]
    return float(np.mean(by_class))


def pairs_won(scores: Floats, right: Labels) -> float:
    """Over classes the share of pairs in which what is right has the higher score; ties half."""
    areas = []
    for column, marks in zip(scores.T, right.T, strict=True):
        gaps = column[marks == 1][:, None] - column[marks == 0][None]
        areas.append(((gaps > 0) + 0.5 * (gaps == 0)).mean())
    return float(np.mean(areas))


def steps(scores: Floats, right: Labels) -> float:
    """Over classes the mean precision among all scores not below that of each right sample."""
    found = []
    for column, marks in zip(scores.T, right.T, strict=True):
        down = column[:, None] >= column[marks == 1][None]
        found.append(((down & (marks == 1)[:, None]).sum(axis=0) / down.sum(axis=0)).mean())
    return float(np.mean(found))


def d_prime(scores: Floats, right: Labels) -> float:
    """Of the mean area, with scikit-learn's areas and scipy's normal distribution."""
    area = library("sklearn.metrics").roc_auc_score(right, scores, average="macro")
    return math.sqrt(2) * float(library("scipy.stats").norm.ppf(area))
