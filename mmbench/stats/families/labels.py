"""Folds of classification: means over classes, areas under curves, calibration.

| fold | rows [n, c] | value |
|---|---|---|
| `class-mean` | value, class | mean over the classes of the mean value per class |
| `f1-macro` | correct class, predicted class | mean over the classes of F1 |
| `f1-macro@many` | c x 2·TP, then c x (2·TP + FP + FN) | `f1-macro` for several labels per sample |
| `mean-ap` | c scores, then c x 1 (correct) or 0 | mean over the classes of average precision |
| `auc` | as for `mean-ap` | mean over the classes of the area under the ROC curve |
| `d-prime` | as for `mean-ap` | √2 · Φ⁻¹(`auc`) |
| `ece` | confidence, correct | expected calibration error, 15 bins |

A class without samples in a resample (for `auc`: without positives or negatives) is left out of the
mean.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np
from numpy.typing import NDArray

from mmbench.stats.folds import WeightedFold, sums, weighted

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]

BINS = 15
_BLOCK = 1 << 20  # numbers per block of resamples, to limit memory

# (total weight, weight of positives; each [b, s], of segments by descending score) -> values [b]
_Curve = Callable[[Floats, Floats], Floats]


@weighted("class-mean")
def _class_mean(rows: Floats) -> WeightedFold:
    classes, code = np.unique(rows[:, 1], return_inverse=True)
    size, own = len(classes), rows[:, 0].copy()
    return lambda weights: _mean_of_ratios(
        _by_code(code, (w * own for w in weights), size), _by_code(code, weights, size)
    )


@weighted("f1-macro")
def _f1_macro(rows: Floats) -> WeightedFold:
    classes, code = np.unique(rows[:, :2], return_inverse=True)
    right, predicted = np.ascontiguousarray(code.reshape(-1, 2).T)
    hit = np.flatnonzero(right == predicted)

    def values(weights: Floats) -> Floats:
        true = _by_code(right[hit], (w[hit] for w in weights), len(classes))
        counts = [_by_code(labels, weights, len(classes)) for labels in (right, predicted)]
        return _mean_of_ratios(2 * true, counts[0] + counts[1])

    return values


@sums("f1-macro@many")
def _f1_macro_many(totals: Floats, n: Floats) -> Floats:  # noqa: ARG001 - a fold takes both
    classes = totals.shape[1] // 2
    return _mean_of_ratios(totals[:, :classes], totals[:, classes:])


@weighted("mean-ap")
def _mean_ap(rows: Floats) -> WeightedFold:
    return _over_classes(rows, _average_precision)


@weighted("auc")
def _auc(rows: Floats) -> WeightedFold:
    return _over_classes(rows, _area)


@weighted("d-prime")
def _d_prime(rows: Floats) -> WeightedFold:
    from scipy.special import ndtri

    auc = _auc(rows)
    return lambda weights: np.asarray(np.sqrt(2.0) * ndtri(auc(weights)))


@weighted("ece")
def _ece(rows: Floats) -> WeightedFold:
    code = np.searchsorted(_edges(), rows[:, 0], side="right") - 1
    size, gap = int(code.max()) + 1, rows[:, 1] - rows[:, 0]

    def values(weights: Floats) -> Floats:
        gaps = _by_code(code, (w * gap for w in weights), size)
        return np.asarray(np.abs(gaps).sum(axis=1) / weights.sum(axis=1))

    return values


def _edges() -> Floats:
    """Return the lower edges of the calibration bins, in single precision as from torch.linspace.

    A confidence of 0.2 is just below the edge at 3/15, and 0.6 is just above the edge at 9/15.
    """
    at, step = np.arange(BINS + 1), float(np.float32(1 / BINS))
    edges = np.where(at <= BINS // 2, at * step, 1 - (BINS - at) * step)
    return edges.astype(np.float32).astype(np.float64)


def _by_code(code: Ints, weights: Iterable[Floats], size: int) -> Floats:
    """Return sums of weights by code [b, size].

    `code` [n] is an integer from 0 to size - 1 for each row, and `weights` has b arrays [n].
    """
    return np.array([np.bincount(code, w, size) for w in weights], np.float64)


def _mean_of_ratios(numerators: Floats, denominators: Floats) -> Floats:
    """Return the mean over classes of numerators / denominators, both [b, c].

    Classes with the denominator 0 are left out.
    """
    defined = denominators > 0
    return np.asarray(
        np.where(defined, numerators / denominators, 0.0).sum(axis=1) / defined.sum(axis=1)
    )


def _over_classes(rows: Floats, curve: _Curve) -> WeightedFold:
    """Return a fold: the mean over classes of the value of `curve`, leaving out NaN.

    The rows are sorted only once for each class. A resample then only sums weights within segments
    of sorted rows.
    """
    right = rows[:, rows.shape[1] // 2 :].T == 1
    segments = [_segments(*pair) for pair in zip(rows.T, right, strict=False)]
    rights = [np.flatnonzero(positives) for positives in right]

    def values(weights: Floats) -> Floats:
        total, count = np.zeros(len(weights)), np.zeros(len(weights))
        for segment, positives in zip(segments, rights, strict=True):
            by_class = _class_values(segment, positives, weights, curve)
            total += np.nan_to_num(by_class)
            count += ~np.isnan(by_class)
        return np.asarray(total / count)

    return values


def _class_values(segment: Ints, right: Ints, weights: Floats, curve: _Curve) -> Floats:
    """Return the value of one class under each weighting [b].

    `segment` [n] is the segment of each row, `right` has the indices of the positive rows, and
    `weights` is [b, n].
    """
    size = int(segment.max()) + 1
    block = max(1, _BLOCK // max(size, len(segment)))
    values = []
    for start in range(0, len(weights), block):
        part = weights[start : start + block]
        true = _by_code(segment[right], (w[right] for w in part), size)
        values.append(curve(_by_code(segment, part, size), true))
    return np.concatenate(values)


def _segments(scores: Floats, right: NDArray[np.bool_]) -> Ints:
    """Return the segment number of each row [n]; segments are in descending order of score.

    Rows with equal scores share a segment. Adjacent scores without a positive row are merged into
    one segment: no curve distinguishes them, and a fold is faster with few segments.
    """
    order = np.argsort(-scores, kind="stable")
    ranked = scores[order]
    group = np.concatenate([[0], np.cumsum(ranked[1:] != ranked[:-1])])
    positive = np.bincount(group, right[order]) > 0
    starts = positive.copy()
    starts[1:] |= positive[:-1]
    starts[0] = False  # the first segment is number 0
    segment = np.empty(len(scores), np.intp)
    segment[order] = np.cumsum(starts)[group]
    return segment


def _average_precision(totals: Floats, true: Floats) -> Floats:
    """Return the average precision from segments.

    It is the sum over segments of (share of the positives in it) · (precision at its end). `totals`
    are the weights of the segments, `true` the weights of their positive rows.
    """
    true_above = np.cumsum(true, axis=1)
    precision = true_above / np.cumsum(totals, axis=1)
    return np.asarray(np.where(true > 0, true * precision, 0.0).sum(axis=1) / true_above[:, -1])


def _area(totals: Floats, true: Floats) -> Floats:
    """Return the share of (positive, negative) pairs in which the positive has the higher score.

    `totals` are the weights of the segments, `true` the weights of their positive rows.
    """
    false = totals - true
    above = np.cumsum(false, axis=1)
    below = above[:, -1:] - above + false / 2  # a tie counts half
    return np.asarray((true * below).sum(axis=1) / (true.sum(axis=1) * above[:, -1]))
