"""Metrics of clusterings: agreement of clusters with classes, whatever the clusters are called.

The value of a prediction is the name of a cluster, its target the index of a class. Rows are
[class, cluster]; folds in `mmbench.stats.families.clusters` compute the values.

Intervals resample samples within the given clusters. They say how much a score would vary with
other samples of the same clustering, and not with another clustering or another seed. A resample
repeats samples, which raises scores a little, the more the fewer samples a cluster has; if the
score lies outside its interval for this reason, there is no interval.

These metrics have no value for a single sample. As details, each sample has the majority class of
its cluster, and as its score whether this is its own class.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from mmbench.columns import column
from mmbench.errors import DataError
from mmbench.protocols import declare
from mmbench.stats import score
from mmbench.types import Prediction, Score

_KINDS = {"clustering"}

Ints = NDArray[np.int64]


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def v_measure(predictions: Sequence[Prediction]) -> Score:
    """Harmonic mean of homogeneity and completeness. Range [0, 1], higher is better.

    It equals the normalised mutual information with the arithmetic mean of the entropies as
    normaliser (`nmi` of mteb). It is not corrected for chance: many clusters of few samples score
    above 0 at random.
    Source: Rosenberg and Hirschberg 2007, EMNLP, with β = 1; scikit-learn `v_measure_score`.
    """
    return _scored(predictions, "v-measure")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def homogeneity(predictions: Sequence[Prediction]) -> Score:
    """1 - H(class | cluster) / H(class): 1 if each cluster has samples of one class only.

    Range [0, 1], higher is better. It rises with the number of clusters.
    Source: Rosenberg and Hirschberg 2007, EMNLP; scikit-learn `homogeneity_score`.
    """
    return _scored(predictions, "homogeneity")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def completeness(predictions: Sequence[Prediction]) -> Score:
    """1 - H(cluster | class) / H(cluster): 1 if all samples of a class are in one cluster.

    Range [0, 1], higher is better. A single cluster is complete.
    Source: Rosenberg and Hirschberg 2007, EMNLP; scikit-learn `completeness_score`.
    """
    return _scored(predictions, "completeness")


@declare(unit="score", better="higher", worst=-0.5, best=1, kinds=_KINDS)
def adjusted_rand(predictions: Sequence[Prediction]) -> Score:
    """Adjusted Rand index: agreement on pairs of samples, corrected for chance.

    1 for equal partitions, 0 on average for random ones. Range [-0.5, 1], higher is better.
    Source: Hubert and Arabie 1985, Journal of Classification 2; scikit-learn `adjusted_rand_score`.
    """
    return _scored(predictions, "adjusted-rand")


@declare(unit="fraction", better="higher", worst=0, best=1, kinds=_KINDS)
def cluster_accuracy(predictions: Sequence[Prediction]) -> Score:
    """Accuracy if each cluster is assigned to one class and each class to one cluster, at best.

    Range [0, 1], higher is better. The assignment is chosen for the scored samples, so that the
    value is above 1 / classes for random clusters.
    Source: `cluster_accuracy` of embeddings-benchmark/mteb 2.26.24; Kuhn 1955 (assignment).
    """
    return _scored(predictions, "cluster-accuracy")


def _scored(predictions: Sequence[Prediction], fold: str) -> Score:
    if not predictions:
        return score(np.empty((0, 2)), fold_name=fold)
    clusters = [_name(prediction) for prediction in predictions]
    _, numbers = np.unique(np.array(clusters, object).astype(str), return_inverse=True)
    classes = np.array(_classes(predictions))
    majority = _majority_classes(classes, numbers)
    own = {"majority": majority.tolist(), "score": (majority == classes).astype(float).tolist()}
    return score(np.column_stack([classes, numbers]), fold_name=fold, details=own)


def _majority_classes(classes: Ints, clusters: Ints) -> Ints:
    """Return the most frequent class in the cluster of each sample [n], of several its own class.

    If the sample has none of several most frequent classes, it is the first of them.
    """
    pairs, code, counts = np.unique(
        np.column_stack([clusters, classes]), axis=0, return_inverse=True, return_counts=True
    )
    greatest = np.zeros(clusters.max() + 1, np.int64)
    np.maximum.at(greatest, pairs[:, 0], counts)
    is_majority = counts == greatest[pairs[:, 0]]
    first = np.zeros(len(greatest), np.int64)
    first[pairs[is_majority][::-1, 0]] = pairs[is_majority][::-1, 1]
    return np.where(is_majority[code.reshape(-1)], classes, first[clusters])


def _name(prediction: Prediction) -> str:
    if isinstance(prediction.value, str | int):
        return str(prediction.value)
    raise DataError(
        f"sample {prediction.id}: the value {prediction.value!r} is not the name of a cluster"
    )


def _classes(predictions: Sequence[Prediction]) -> list[int]:
    targets = column(predictions, "target")
    for row, target in enumerate(targets):
        if not isinstance(target, int):
            raise DataError(
                f"sample {predictions[row].id}: the target {target!r} is not one class number"
            )
    return list(targets)
