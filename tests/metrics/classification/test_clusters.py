"""Metrics of clusterings: against scikit-learn, the definitions, and known values."""

from __future__ import annotations

from collections import Counter
from itertools import combinations, permutations
from math import log

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.errors import DataError
from tests.support.predictions import metric_value, predict

PAIRS = st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=25)
SKLEARN = {
    "v_measure": "v_measure_score",
    "homogeneity": "homogeneity_score",
    "completeness": "completeness_score",
    "adjusted_rand": "adjusted_rand_score",
}


def value(name: str, pairs: list[tuple[int, int]]) -> float:
    """The metric of (class, cluster)."""
    return metric_value(name, predict(*((f"c{cluster}", own) for own, cluster in pairs)))


@given(PAIRS)
@settings(max_examples=25)
def test_values_are_those_of_scikit_learn(pairs: list[tuple[int, int]]) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    for name, function in SKLEARN.items():
        theirs = getattr(metrics, function)(*zip(*pairs, strict=True))
        assert value(name, pairs) == pytest.approx(theirs, abs=1e-9), name


def entropy(items: list[int]) -> float:
    return -sum(n / len(items) * log(n / len(items)) for n in Counter(items).values())


def given_other(pairs: list[tuple[int, int]], side: int) -> float:
    """H(side | other side), from the entropy inside each group."""
    groups: dict[int, list[int]] = {}
    for pair in pairs:
        groups.setdefault(pair[1 - side], []).append(pair[side])
    return sum(len(own) / len(pairs) * entropy(own) for own in groups.values())


@given(PAIRS)
@settings(max_examples=25)
def test_values_follow_from_the_definitions(pairs: list[tuple[int, int]]) -> None:
    classes, clusters = map(list, zip(*pairs, strict=True))
    h = 1 - given_other(pairs, 0) / entropy(classes) if len(set(classes)) > 1 else 1.0
    c = 1 - given_other(pairs, 1) / entropy(clusters) if len(set(clusters)) > 1 else 1.0
    assert value("homogeneity", pairs) == pytest.approx(h, abs=1e-9)
    assert value("completeness", pairs) == pytest.approx(c, abs=1e-9)
    v = 2 * h * c / (h + c) if h + c > 1e-12 else 0.0
    assert value("v_measure", pairs) == pytest.approx(v, abs=1e-9)
    best = max(
        sum(own == names[cluster] for own, cluster in pairs) for names in permutations(range(4))
    )
    assert value("cluster_accuracy", pairs) == pytest.approx(best / len(pairs))


def test_adjusted_rand_counts_pairs() -> None:
    pairs = [(0, 0), (0, 0), (0, 1), (1, 1), (1, 1), (2, 2), (2, 0)]
    together = [(a[0] == b[0], a[1] == b[1]) for a, b in combinations(pairs, 2)]
    n, both = len(together), sum(a and b for a, b in together)
    first, second = (sum(side) for side in zip(*together, strict=True))
    chance = first * second / n
    expected = (both - chance) / ((first + second) / 2 - chance)
    assert value("adjusted_rand", pairs) == pytest.approx(expected)


def test_known_values() -> None:
    # The examples of scikit-learn's documentation of v_measure_score.
    assert value("v_measure", [(0, 0), (0, 0), (1, 1), (1, 2)]) == pytest.approx(0.8)
    assert value("v_measure", [(0, 0), (0, 0), (1, 0), (1, 0)]) == 0
    assert value("v_measure", [(0, 1), (0, 1), (1, 0), (1, 0)]) == pytest.approx(1)


def test_names_of_clusters_do_not_matter_and_wrong_values_are_refused() -> None:
    named = predict(("x", 0), ("x", 0), ("7", 1), (7, 1))
    assert metric_value("v_measure", named) == pytest.approx(1)
    with pytest.raises(DataError, match="sample 0: the value"):
        metric_value("v_measure", predict(([1.0], 0)))
    with pytest.raises(DataError, match="sample 1: the target"):
        metric_value("v_measure", predict(("x", 0), ("x", [0])))
    empty = mmbench.metric("v_measure")([])
    assert empty.value != empty.value


def test_each_sample_has_the_majority_class_of_its_cluster() -> None:
    pairs = [("x", 0), ("x", 0), ("x", 1), ("y", 2), ("y", 1), ("z", 1)]
    made = mmbench.metric("v_measure")(predict(*pairs))
    assert made.details["majority"] == [0, 0, 0, 2, 1, 1]  # y has two majority classes
    assert made.details["score"] == [1, 1, 0, 1, 1, 1]


@given(PAIRS)
@settings(max_examples=25)
def test_the_majority_is_the_most_frequent_class(pairs: list[tuple[int, int]]) -> None:
    made = mmbench.metric("cluster_accuracy")(predict(*(pair[::-1] for pair in pairs)))
    for (own, cluster), majority, right in zip(
        pairs, made.details["majority"], made.details["score"], strict=True
    ):
        counts = Counter(one for one, other in pairs if other == cluster)
        assert counts[majority] == max(counts.values())
        assert right == (counts[own] == max(counts.values()))
