"""The kind `probe`: scores of scikit-learn on the same embeddings, draws of mteb, failures."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from mmbench.datasets import Samples
from mmbench.errors import DataError, SpecError
from mmbench.kinds.embedding.classifiers import STEPS, best_strength
from mmbench.kinds.embedding.draws import draw_training_samples
from mmbench.kinds.embedding.options import ProbeOptions
from mmbench.kinds.embedding.probe import Probe
from mmbench.types import (
    InvalidContent,
    Media,
    Outputs,
    Prediction,
    Predictions,
    Sample,
    TaskSpec,
    VectorOutputs,
)
from tests.support.predictions import metric_value

LABELS = [i * i % 7 % 3 for i in range(20)]  # of training samples
TEST_LABELS = [i % 3 for i in range(60)]
# Of mteb 2.26.24 for LABELS: the function taken out of its class, with the seed 42.
MTEB_DRAWS = [[0, 17, 15, 1, 11, 7], [0, 10, 12, 17, 5, 14], [0, 13, 9, 10, 14, 17]]
MTEB_ACCURACY = [46 / 60, 37 / 60, 43 / 60]


def spec(**options: Any) -> TaskSpec:
    return TaskSpec(
        "t", "probe", {}, {"image": "image"}, ["m"], "m", options=ProbeOptions(**options)
    )


def samples(targets: Sequence[Any], kind: str) -> list[Sample]:
    return [
        Sample(f"{kind}{i}", {"image": Media("image", f"{kind}{i}.png")}, target)
        for i, target in enumerate(targets)
    ]


def data(train: Sequence[Any] = LABELS, test: Sequence[Any] = TEST_LABELS, c: int = 3) -> Samples:
    return Samples(
        samples(test, "test"), [f"c{n}" for n in range(c)], examples=samples(train, "train")
    )


def embeddings(dtype: Any = np.float32) -> tuple[Any, Any]:
    """The embeddings of the training samples [20, 8] and of the test samples [60, 8]."""
    draws = np.random.default_rng(5)
    centres = draws.normal(size=(3, 8)).astype(np.float32)
    train = (centres[LABELS] + draws.normal(size=(20, 8))).astype(dtype)
    return train, (centres[TEST_LABELS] + draws.normal(size=(60, 8))).astype(dtype)


def unit(vectors: Any) -> Any:
    return vectors / np.linalg.norm(vectors, axis=1, keepdims=True)


def probed(
    task: TaskSpec,
    own: Samples,
    failed_train: dict[int, str] | None = None,
    failed_test: dict[int, str] | None = None,
) -> Predictions:
    """The predictions of a model with `embeddings`, which embeds what the kind requests."""
    kind = Probe(task)
    requests = kind.requests(own, 0)
    vectors = {}
    for name, all_vectors, failed in zip(
        ("train", "sample"), embeddings(), (failed_train, failed_test), strict=True
    ):
        rows = [
            int(content.name[len("test") + (name == "train") : -4])
            for content in requests[name].contents
        ]
        own_vectors = all_vectors[rows]
        if requests[name].normalise:
            own_vectors = unit(own_vectors)
        own_vectors[list(failed or {})] = 0
        vectors[name] = VectorOutputs(own_vectors, failed or {})
    return kind.predictions(own, vectors)


def values(split: Sequence[Prediction]) -> Any:
    return np.stack([p.value for p in split])


def test_the_draws_are_those_of_mteb() -> None:
    """`AbsTaskClassification._undersample_data` of mteb 2.26.24, with samples_per_label = 2."""
    assert LABELS == [0, 1, 1, 2, 2, 1, 1, 0, 1, 1, 2, 2, 1, 1, 0, 1, 1, 2, 2, 1]
    assert list(draw_training_samples(LABELS, 2, 3)) == MTEB_DRAWS


def test_mieb_is_the_mean_accuracy_of_mteb() -> None:
    """The same function of mteb, LogisticRegression(max_iter=100) and `predict` on each draw."""
    (splits,) = probed(spec(probe="mieb", shots=[2], repeats=3), data()).directions.values()
    assert [metric_value("accuracy@1", split) for split in splits] == pytest.approx(MTEB_ACCURACY)


def test_logits_are_those_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, test = embeddings()
    found = probed(spec(probe="logistic", c=2.0), data())
    model = linear_model.LogisticRegression(C=2.0, max_iter=1000).fit(train, LABELS)
    (split,) = found.directions[""]
    np.testing.assert_allclose(values(split), model.decision_function(test), atol=1e-5)
    assert {p.scores for p in split} == {"logits"}
    assert found.notes == []


def test_two_classes_have_the_probabilities_of_scikit_learn() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, test = embeddings()
    two, two_test = [int(one > 0) for one in LABELS], [int(one > 0) for one in TEST_LABELS]
    (split,) = probed(spec(probe="logistic"), data(two, two_test, 2)).directions[""]
    odds = np.exp(values(split).astype(float))
    model = linear_model.LogisticRegression(C=0.316, max_iter=1000).fit(train, two)
    np.testing.assert_allclose(
        odds / odds.sum(1, keepdims=True), model.predict_proba(test), atol=1e-6
    )


def test_several_labels_have_a_classifier_each() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, test = embeddings()
    sets = [sorted({one, i % 3}) for i, one in enumerate(LABELS)]
    (split,) = probed(
        spec(probe="logistic"), data(sets, [[one] for one in TEST_LABELS])
    ).directions[""]
    for c in range(3):
        model = linear_model.LogisticRegression(C=0.316, max_iter=1000)
        model.fit(train, [c in own for own in sets])
        np.testing.assert_allclose(values(split)[:, c], model.decision_function(test), atol=1e-5)
    assert 0 < metric_value("mean_ap", split) <= 1


def test_a_class_without_training_samples_is_never_predicted() -> None:
    pytest.importorskip("sklearn")
    train = [0 if one == 2 else one for one in LABELS]
    (split,) = probed(spec(probe="logistic"), data(train)).directions[""]
    assert np.isneginf(values(split)[:, 2]).all()
    assert metric_value("accuracy@1", split) <= 2 / 3


@pytest.mark.parametrize("k", [1, 5, 50])
def test_neighbours_are_those_of_scikit_learn(k: int) -> None:
    neighbors = pytest.importorskip("sklearn.neighbors")
    train, test = map(unit, embeddings())
    (split,) = probed(spec(probe="knn", k=k), data()).directions[""]
    model = neighbors.KNeighborsClassifier(min(k, 20)).fit(train, LABELS)
    np.testing.assert_allclose(values(split), model.predict_proba(test))
    assert {p.scores for p in split} == {"probabilities"}


def test_the_neighbours_of_dino_by_definition() -> None:
    """The sum of exp(cosine / 0.07) over the neighbours of a class: eval_knn.py, without one-hot
    tensors.
    """
    train, test = map(unit, embeddings(np.float64))
    (split,) = probed(spec(probe="dino-knn", k=4), data()).directions[""]
    for row, sample in enumerate(test):
        near = sorted(range(20), key=lambda at: -(sample @ train[at]))[:4]
        votes = np.zeros(3)
        for at in near:
            votes[LABELS[at]] += np.exp(sample @ train[at] / 0.07)
        np.testing.assert_allclose(split[row].value, votes / votes.sum(), rtol=1e-4)


def test_the_sweep_is_not_worse_than_any_of_the_first_strengths() -> None:
    linear_model = pytest.importorskip("sklearn.linear_model")
    train, _ = embeddings()
    labels = np.eye(3, dtype=bool)[LABELS]
    held_out = np.zeros(20, bool)
    for own in labels.T:
        rows = np.flatnonzero(own)
        held_out[rows[::-5][: max(1, len(rows) // 5)]] = True
    y = np.array(LABELS)

    def accuracy(strength: float) -> float:
        model = linear_model.LogisticRegression(C=1 / strength, max_iter=1000)
        return float(model.fit(train[~held_out], y[~held_out]).score(train[held_out], y[held_out]))

    found = best_strength(train, labels)
    assert accuracy(found) >= max(map(accuracy, STEPS[::16]))
    assert STEPS[0] > found > STEPS[-1]
    same = np.zeros_like(train)  # no strength is better than another one: the middle is taken
    assert best_strength(same, labels) == pytest.approx(1)


def test_a_curve_has_a_direction_for_each_number_and_only_the_drawn_samples_are_embedded() -> None:
    task = spec(probe="knn", shots=[1, 3, "all"], repeats=2)
    found = probed(task, data())
    assert {name: len(splits) for name, splits in found.directions.items()} == {
        "1-shot": 2,
        "3-shot": 2,
        "all": 1,
    }
    one = Probe(spec(probe="knn", shots=[1])).requests(data(), 0)
    assert len(one["train"].contents) == 3
    with pytest.raises(DataError, match="outputs of one probe"):
        Probe(task).accept(data(), Outputs(values={}))
    baseline = Probe(task).baseline("random", data(), 0)
    assert [len(splits) for splits in baseline.directions.values()] == [2, 2, 1]


def test_failed_samples() -> None:
    found = probed(spec(probe="knn", k=1), data(), {4: "truncated"}, {0: "no image", 7: "empty"})
    assert found.failures == [
        ("test0", "no image"),
        ("test7", "empty"),
        ("train4", "training sample: truncated"),
    ]
    (split,) = found.directions[""]
    assert [p.error for p in split if p.error] == ["no image", "empty"]
    assert split[0].value is None


def test_notes_name_small_classes_and_fits_that_were_stopped() -> None:
    pytest.importorskip("sklearn")
    task = spec(probe="mieb", shots=[7], repeats=1)
    assert probed(task, data()).notes == [
        "2 classes with fewer than 7 training samples, which are all used: c0, c2"
    ]


@pytest.mark.parametrize("probe", ["logistic", "logistic-sweep"])
def test_a_fit_without_embeddings_names_the_reason(probe: Any) -> None:
    every = dict.fromkeys(range(20), "NaN")
    with pytest.raises(DataError, match="could embed no training sample: NaN"):
        probed(spec(probe=probe), data(), every)
    assert not probed(spec(probe="knn"), data(), every, dict.fromkeys(range(60), "NaN")).notes


def test_notes_name_classes_without_training_samples_and_a_k_of_too_many() -> None:
    train = [0 if one == 2 else one for one in LABELS]
    assert probed(spec(probe="knn", k=21), data(train)).notes == [
        "1 class without training samples: c2",
        "probe: only 20 training samples for k = 21, which all count",
    ]
    assert not probed(spec(probe="knn", k=20), data()).notes


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"shots": [0]}, "different numbers above 0"),
        ({"shots": [2, 2]}, "different numbers above 0"),
        ({"repeats": 0}, "repeats is 0"),
        ({"repeats": 2, "shots": ["all"]}, "repeats needs shots"),
        ({"probe": "mieb"}, "set e.g. shots"),
        ({"probe": "knn", "c": 3.0}, "c has no effect on probe knn"),
        ({"k": 3}, "k has no effect on probe logistic"),
        ({"c": -1.0}, "c and k must be above 0"),
    ],
)
def test_options_that_contradict_each_other(options: dict[str, Any], words: str) -> None:
    with pytest.raises(SpecError, match=words):
        Probe(spec(**options))


@pytest.mark.parametrize(
    ("own", "probe", "words"),
    [
        (data([]), "knn", "no training samples; name them"),
        (
            data([1] * 20),
            "knn",
            "training samples of two classes or more; there are only those of c1",
        ),
        (data([[0], [1]], [0, 1]), "knn", "lists of labels"),
        (data([[0], [1]], [[0], [1]]), "logistic-sweep", "samples have several labels"),
        (Samples(samples([0], "test")), "knn", "the data have no class names"),
    ],
)
def test_data_without_a_probe(own: Samples, probe: Any, words: str) -> None:
    with pytest.raises(DataError, match=words):
        Probe(spec(probe=probe)).check(own)


def test_a_sweep_needs_two_samples_of_a_class() -> None:
    with pytest.raises(DataError, match="use more shots"):
        best_strength(np.eye(2, dtype=np.float32), np.eye(2, dtype=bool))


def test_training_references_that_cannot_be_read_are_left_out() -> None:
    train: list[Any] = [*LABELS[:-1], InvalidContent("empty")]
    assert len(Probe(spec(probe="knn")).requests(data(train), 0)["train"].contents) == 19
