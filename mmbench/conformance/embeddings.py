"""Conformance cases of probes and clusterings: scikit-learn on the same embeddings."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import cache, partial
from itertools import permutations
from math import log
from pathlib import Path
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from mmbench.conformance.case import DEFINITION, Case, LargestDifference, max_difference, value
from mmbench.conformance.packages import library
from mmbench.datasets import Samples
from mmbench.kinds.embedding.clustering import Clustering
from mmbench.kinds.embedding.options import ClusteringOptions, ProbeOptions
from mmbench.kinds.embedding.probe import Probe
from mmbench.kinds.embedding.training import TrainingSamples
from mmbench.types import KindOptions, Media, Prediction, Sample, TaskSpec, VectorOutputs

Vectors = NDArray[np.float32]
Ints = NDArray[np.int64]

_TRAIN, _TEST, _CLASSES, _SIZE = 200, 300, 6, 16
_INPUTS = f"generated: {_TRAIN} and {_TEST} embeddings, {_CLASSES} classes"
# The first training samples of each class in two draws of 3, from mteb 2.26.24:
# `AbsTaskClassification._undersample_data` with samples_per_label=3 and the seed 42.
MTEB_DRAWS = [
    [95, 15, 30, 158, 128, 115, 69, 170, 174, 66, 182, 165, 177, 16, 148, 65, 67, 135],
    [194, 177, 9, 17, 81, 123, 136, 48, 149, 54, 100, 37, 46, 90, 25, 56, 33, 45],
]


@cache
def labelled_embeddings() -> tuple[Vectors, Ints, Vectors, Ints]:
    """Return unit vectors and labels of training samples, then of test samples."""
    draws = np.random.default_rng(31)
    labels = draws.integers(0, _CLASSES, _TRAIN + _TEST)
    noise = draws.normal(size=(len(labels), _SIZE))
    vectors = draws.normal(size=(_CLASSES, _SIZE))[labels] + 1.5 * noise
    unit = (vectors / np.linalg.norm(vectors, axis=1, keepdims=True)).astype(np.float32)
    return unit[:_TRAIN], labels[:_TRAIN], unit[_TRAIN:], labels[_TRAIN:]


def _task(kind: str, options: KindOptions) -> TaskSpec:
    return TaskSpec("generated", kind, {}, {"image": "image"}, [], "", options=options)


def _data() -> Samples:
    _, train_labels, _, test_labels = labelled_embeddings()
    return Samples(
        _samples(test_labels),
        [f"class {n}" for n in range(_CLASSES)],
        examples=_samples(train_labels),
    )


def _samples(labels: Ints) -> list[Sample]:
    return [
        Sample(str(i), {"image": Media("image", str(i))}, int(label))
        for i, label in enumerate(labels)
    ]


def probe_splits(**options: Any) -> Sequence[Sequence[Prediction]]:
    """Return the predictions of a probe for each draw of training samples."""
    train, _, test, _ = labelled_embeddings()
    chosen, data = ProbeOptions(**options), _data()
    kind, used = Probe(_task("probe", chosen)), TrainingSamples(data, chosen).used
    outputs = {"sample": VectorOutputs(test, {}), "train": VectorOutputs(train[used], {})}
    (splits,) = kind.predictions(data, outputs).directions.values()
    return splits


def _scores(split: Sequence[Prediction]) -> NDArray[np.float64]:
    return np.stack([prediction.value for prediction in split]).astype(np.float64)


def _logistic(_: Path) -> LargestDifference:
    """Compare the logits of all test samples."""
    train, labels, test, _right = labelled_embeddings()
    model = library("sklearn.linear_model").LogisticRegression(C=0.316, max_iter=1000)
    theirs = model.fit(train, labels).decision_function(test)
    (split,) = probe_splits(probe="logistic")
    return LargestDifference(max_difference(_scores(split), theirs), f"{_INPUTS}, logits")


def _mieb(_: Path) -> LargestDifference:
    """Compare the mean accuracy over the draws of mteb."""
    train, labels, test, right = labelled_embeddings()
    theirs = []
    for rows in MTEB_DRAWS:
        model = library("sklearn.linear_model").LogisticRegression(max_iter=100, random_state=42)
        predicted = model.fit(train[rows], labels[rows]).predict(test)
        theirs.append(library("sklearn.metrics").accuracy_score(right, predicted))
    ours = [
        value("accuracy@1", split) for split in probe_splits(probe="mieb", shots=[3], repeats=2)
    ]
    return LargestDifference(max_difference(ours, theirs), f"{_INPUTS}, 2 draws of 3 per class")


def _neighbours(_: Path) -> LargestDifference:
    """Compare the shares of all classes."""
    train, labels, test, _right = labelled_embeddings()
    model = library("sklearn.neighbors").KNeighborsClassifier(5, metric="cosine", algorithm="brute")
    theirs = model.fit(train, labels).predict_proba(test)
    (split,) = probe_splits(probe="knn")
    return LargestDifference(max_difference(_scores(split), theirs), f"{_INPUTS}, shares")


def _dino(_: Path) -> LargestDifference:
    """Compare the shares of all classes with sums of exp(cosine / 0.07), one sample at a time."""
    train, labels, test, _right = (part.astype(np.float64) for part in labelled_embeddings())
    theirs = []
    for sample in test:
        cosines = train @ sample
        near = np.argsort(-cosines)[:20]
        votes = [np.exp(cosines[near] / 0.07)[labels[near] == c].sum() for c in range(_CLASSES)]
        theirs.append(np.array(votes) / sum(votes))
    (split,) = probe_splits(probe="dino-knn")
    return LargestDifference(max_difference(_scores(split), theirs), f"{_INPUTS}, shares")


@cache
def clusters() -> tuple[Ints, Ints]:
    """Return classes and clusters of 400 samples; there are more clusters than classes."""
    draws = np.random.default_rng(32)
    classes = draws.integers(0, 5, 400)
    noise = draws.integers(0, 8, 400)
    return classes, np.where(draws.random(400) < 0.5, classes, noise)


def _metric(name: str, theirs: Callable[[Ints, Ints], float], _: Path) -> LargestDifference:
    classes, found = clusters()
    pairs = enumerate(zip(classes.tolist(), found.tolist(), strict=True))
    predictions = [Prediction(str(i), str(cluster), own) for i, (own, cluster) in pairs]
    difference = max_difference(value(name, predictions), theirs(classes, found))
    return LargestDifference(difference, "generated: 400 samples, 5 classes, 8 clusters")


def _kmeans(algorithm: Literal["kmeans", "mieb"], _: Path) -> LargestDifference:
    """Compare the v-measure of the clusters of the test embeddings."""
    test, right = labelled_embeddings()[2:]
    module = library("sklearn.cluster")
    if algorithm == "mieb":
        model = module.MiniBatchKMeans(_CLASSES, batch_size=500, n_init="auto", random_state=42)
    else:
        model = module.KMeans(_CLASSES, n_init=10, random_state=42)
    theirs = library("sklearn.metrics").v_measure_score(right, model.fit(test).labels_)
    kind = Clustering(_task("clustering", ClusteringOptions(algorithm)))
    (split,) = kind.predictions(_data(), {"sample": VectorOutputs(test, {})}).splits()
    return LargestDifference(max_difference(value("v_measure", split), theirs), _INPUTS)


def conditional_entropy(items: Ints, groups: Ints) -> float:
    """Return H(items | groups) in nats, as a sum over the pairs that occur."""
    total = 0.0
    for group in np.unique(groups):
        inside = items[groups == group]
        for item in np.unique(inside):
            n = (inside == item).sum()
            total -= n / len(items) * log(n / len(inside))
    return total


def homogeneity(classes: Ints, found: Ints) -> float:
    """Return 1 - H(class | cluster) / H(class)."""
    entropy = conditional_entropy(classes, np.zeros_like(classes))
    return 1 - conditional_entropy(classes, found) / entropy


def completeness(classes: Ints, found: Ints) -> float:
    """Return 1 - H(cluster | class) / H(cluster)."""
    return homogeneity(found, classes)


def v_measure(classes: Ints, found: Ints) -> float:
    """Return the harmonic mean of homogeneity and completeness."""
    h, c = homogeneity(classes, found), completeness(classes, found)
    return 2 * h * c / (h + c)


def pairs_together(classes: Ints, found: Ints) -> float:
    """Return the adjusted Rand index from all pairs of samples."""
    above = np.triu_indices(len(classes), 1)
    same = [(side[:, None] == side[None])[above] for side in (classes, found)]
    both, first, second, n = (same[0] & same[1]).sum(), same[0].sum(), same[1].sum(), len(same[0])
    chance = first * second / n
    return float((both - chance) / ((first + second) / 2 - chance))


def best_assignment(classes: Ints, found: Ints) -> float:
    """Return the highest accuracy over all assignments of 5 of 8 clusters to classes."""
    table = np.array([[((classes == c) & (found == k)).sum() for k in range(8)] for c in range(5)])
    totals = (table[range(5), list(names)].sum() for names in permutations(range(8), 5))
    return float(max(totals) / len(classes))


def _sklearn(function: str) -> Callable[[Ints, Ints], float]:
    def theirs(classes: Ints, found: Ints) -> float:
        return float(getattr(library("sklearn.metrics"), function)(classes, found))

    return theirs


_SKLEARN = "scikit-learn"
_ALGORITHMS: tuple[Literal["kmeans", "mieb"], ...] = ("kmeans", "mieb")
CASES = [
    Case("accuracy@1", "probe logistic: LogisticRegression", _logistic, 1e-5, _SKLEARN),
    Case("accuracy@1", "probe mieb: LogisticRegression, draws of mteb", _mieb, package=_SKLEARN),
    Case("accuracy@1", "probe knn: KNeighborsClassifier", _neighbours, 1e-6, _SKLEARN),
    Case("accuracy@1", f"{DEFINITION}: probe dino-knn", _dino, 1e-4),
    Case("v_measure", "clustering kmeans: KMeans", partial(_kmeans, "kmeans"), package=_SKLEARN),
    Case(
        "v_measure", "clustering mieb: MiniBatchKMeans", partial(_kmeans, "mieb"), package=_SKLEARN
    ),
    *(
        Case(name, function, partial(_metric, name, _sklearn(function)), package=_SKLEARN)
        for name, function in (
            ("v_measure", "v_measure_score"),
            ("v_measure", "normalized_mutual_info_score"),
            ("homogeneity", "homogeneity_score"),
            ("completeness", "completeness_score"),
            ("adjusted_rand", "adjusted_rand_score"),
        )
    ),
    *(
        Case(name, DEFINITION, partial(_metric, name, theirs))
        for name, theirs in (
            ("v_measure", v_measure),
            ("homogeneity", homogeneity),
            ("completeness", completeness),
            ("adjusted_rand", pairs_together),
            ("cluster_accuracy", best_assignment),
        )
    ),
]
