"""Classification metrics against their definitions, scikit-learn and torchmetrics."""

import importlib
import math
from array import array
from collections.abc import Sequence
from contextlib import suppress
from fractions import Fraction
from itertools import pairwise, permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.columns import Table, table
from mmbench.errors import DataError
from mmbench.metrics.classification import counts
from mmbench.stats import fold, fold_many
from mmbench.types import Prediction
from tests.support.predictions import metric_value

NAMES = [
    "accuracy@1", "accuracy@2", "mean_per_class_recall", "mean_ap", "auc", "d_prime", "f1_macro",
    "f1_micro", "ece", "confusion_matrix",
]  # fmt: skip
SCORED = ["accuracy@2", "mean_ap", "auc", "d_prime", "ece"]
ORDERED = ["mean_ap", "auc", "d_prime"]
SINGLE = ["mean_per_class_recall", "ece", "confusion_matrix"]


def made(values: Sequence[Any], targets: Sequence[Any]) -> list[Prediction]:
    return [
        Prediction(str(i), np.asarray(v, np.float32) if np.ndim(v) else v, t)
        for i, (v, t) in enumerate(zip(values, targets, strict=True))
    ]


def random_case(
    seed: int, n: int = 60, c: int = 5, steps: int = 4, many: bool = False
) -> tuple[np.ndarray, list[Any], list[Prediction]]:
    """Scores on a coarse grid, so that there are many ties."""
    rng = np.random.default_rng(seed)
    scores = (rng.integers(0, steps, (n, c)) / steps).astype(np.float32)
    targets = (
        [[int(x) for x in np.flatnonzero(row)] for row in rng.random((n, c)) < 0.3]
        if many
        else [int(x) for x in rng.integers(0, c, n)]
    )
    return scores, targets, made(scores, targets)


@pytest.mark.parametrize("name", NAMES)
def test_columns_score_as_a_list_does(name: str) -> None:
    scores, targets, predictions = random_case(3)
    rng = np.random.default_rng(0)
    for values in (scores, rng.integers(0, 5, len(targets)).tolist()):
        given = Table(
            Prediction,
            {
                **table(Prediction, predictions).columns,
                "value": values if isinstance(values, np.ndarray) else array("q", values),
                "target": array("q", targets),
            },
        )
        with np.errstate(invalid="ignore"):
            found, expected = (mmbench.metric(name)(p) for p in (given, made(values, targets)))
        np.testing.assert_array_equal(found.rows, expected.rows)
        assert (found.signature, found.reason) == (expected.signature, expected.reason)


def marked(targets: list[Any], c: int) -> np.ndarray:
    rows = np.zeros((len(targets), c), int)
    for row, target in zip(rows, targets, strict=True):
        row[target] = 1
    return rows


# ---- literal cases ----


@pytest.mark.parametrize(
    ("name", "scores", "targets", "expected", "why"),
    [
        ("accuracy@1", [[3, 1, 2], [3, 1, 2]], [0, 2], 1 / 2, "the second is at place 2"),
        ("accuracy@2", [[3, 1, 2], [3, 1, 2]], [0, 2], 1.0, "places 1 and 2"),
        ("accuracy@1", [[1, 1, 0]], [0], 1 / 2, "two share the one place"),
        ("accuracy@2", [[1, 1, 1]], [2], 2 / 3, "three share two places"),
        ("accuracy@2", [[2, 1, 1, 1]], [3], 1 / 3, "three share the place that is left"),
        ("accuracy@1", [[2, 1, 1]], [1], 0.0, "no place is left"),
        ("accuracy@9", [[2, 1, 1]], [1], 1.0, "more places than classes"),
        ("accuracy@1", [[2, 1, 3]], [[0, 2]], 1.0, "any of several right labels"),
        ("accuracy@1", [[1, 1, 1]], [[0, 2]], 2 / 3, "two of three that share a place are right"),
        ("accuracy@2", [[1, 1, 1, 1]], [[0, 2]], 5 / 6, "1 - (2/4)(1/3): both places wrong"),
        ("accuracy@1", [[1] * 4] * 2, [[0, 1], [1, 2, 3]], 5 / 8, "a half and three quarters"),
        ("mean_per_class_recall", [[2, 1]], [[0, 0]], 1.0, "a label said twice is one"),
        ("accuracy@1", [[math.nan, 0, 1]], [0], 0.0, "not a number is behind all numbers"),
        ("accuracy@3", [[math.nan, 0, 1]], [0], 1.0, "… but still in its place"),
        ("accuracy@1", [[math.nan] * 4], [3], 1 / 4, "nothing but ties"),
        ("accuracy@1", [0, 1, 1], [0, 1, 2], 2 / 3, "bare labels"),
        ("mean_per_class_recall", [0, 0, 0, 1], [0, 0, 1, 1], 3 / 4, "(1 + 1/2) / 2"),
        ("mean_per_class_recall", [0, 0, 0, 0], [0, 0, 0, 4], 1 / 2, "classes 1 to 3 never occur"),
        # scikit-learn, docs of average_precision_score: y = 0 0 1 1, scores .1 .4 .35 .8
        ("mean_ap", [[0.1], [0.4], [0.35], [0.8]], [[], [], [0], [0]], 5 / 6, "sklearn docs"),
        ("mean_ap", [[1], [1], [0]], [[0], [], []], 1 / 2, "a tie counts at its end"),
        # scikit-learn, docs of roc_auc_score on the same four: 0.75
        ("auc", [[0.1], [0.4], [0.35], [0.8]], [[], [], [0], [0]], 0.75, "sklearn docs"),
        ("auc", [[1], [1], [0]], [[0], [], []], 3 / 4, "a tie is half a pair"),
        ("d_prime", [[1], [1]], [[0], []], 0.0, "chance"),
        # Φ⁻¹(.75) = .6744897501960817
        ("d_prime", [[1], [1], [0]], [[0], [], []], 2**0.5 * 0.6744897501960817, "of the area"),
        # scikit-learn, docs of f1_score: y_true 0 1 2 0 1 2, y_pred 0 2 1 0 0 1
        ("f1_macro", [0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2], 0.26666666666, "sklearn docs"),
        ("f1_micro", [0, 2, 1, 0, 0, 1], [0, 1, 2, 0, 1, 2], 1 / 3, "sklearn docs"),
        ("f1_macro", [[0.5, 0.6]], [[0]], 0.0, "0.5 is not above 0.5"),
        ("f1_micro", [[0.6, 0.6, 0], [0.6, 0, 0]], [[0], [0, 1]], 2 / 3, "2·2 / (3 + 3)"),
        ("confusion_matrix", [[1, 1], [0, 1]], [1, 1], 1 / 2, "of equal scores the first"),
        ("ece", [[0.8, 0.2]] * 4, [0, 0, 0, 1], 0.05, "right 3 of 4 at .8"),
        ("ece", [[1, 0], [1, 0]], [0, 1], 0.5, "certain, and half right"),
        ("ece", [[0, 0, 0, 0]] * 3, [0, 1, 1], 0.0, "a quarter each is what a tie of four gets"),
    ],
)  # fmt: skip
def test_literal_case(
    name: str, scores: list[Any], targets: list[Any], expected: float, why: str
) -> None:
    assert metric_value(name, made(scores, targets)) == pytest.approx(expected, abs=1e-7), why


def test_the_case_of_torchmetrics_documentation() -> None:
    # multiclass_calibration_error's docstring, with n_bins=15 instead of 3: by hand, four bins with
    # gaps .45, .45, .4 and .1.
    scores = [[0.25, 0.20, 0.55], [0.55, 0.05, 0.40], [0.10, 0.30, 0.60], [0.90, 0.05, 0.05]]
    found = metric_value("ece", made(scores, [0, 1, 2, 0]))
    # .55 and .55 share a bin and are both wrong; .6 (float32: above 9/15) and .9 are right.
    assert found == pytest.approx((1.1 + 0.4 + 0.1) / 4, abs=1e-6)


# ---- the definition, written out ----


def accuracy_over_all_orders(scores: list[int], right: set[int], k: int) -> Fraction:
    orders = [
        order
        for order in permutations(range(len(scores)))
        if all(scores[a] >= scores[b] for a, b in pairwise(order))
    ]
    return Fraction(sum(bool(right & set(order[:k])) for order in orders), len(orders))


@settings(max_examples=60)
@given(
    st.lists(st.integers(0, 2), min_size=1, max_size=6),
    st.sets(st.integers(0, 5), min_size=1, max_size=4),
    st.integers(1, 7),
)
def test_a_tie_scores_its_expectation(scores: list[int], right: set[int], k: int) -> None:
    right = {label % len(scores) for label in right}
    found = metric_value(f"accuracy@{k}", made([scores], [sorted(right)]))
    assert found == pytest.approx(float(accuracy_over_all_orders(scores, right, k)), abs=1e-12)


def naive_ap(scores: np.ndarray, right: np.ndarray) -> float:
    """Mean over the right samples of the precision among all that score at least as high."""
    hits = np.flatnonzero(right)
    return float(np.mean([right[scores >= scores[i]].mean() for i in hits]))


def naive_auc(scores: np.ndarray, right: np.ndarray) -> float:
    pairs = [(a, b) for a in scores[right == 1] for b in scores[right == 0]]
    return float(np.mean([1.0 if a > b else 0.5 if a == b else 0.0 for a, b in pairs]))


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("seed", range(4))
def test_curves_are_their_definitions(seed: int, many: bool) -> None:
    scores, targets, predictions = random_case(seed, n=25, many=many)
    right = marked(targets, 5)
    columns = [(scores[:, c], right[:, c]) for c in range(5) if right[:, c].any()]
    ap = np.mean([naive_ap(*column) for column in columns])
    area = np.mean([naive_auc(*column) for column in columns])
    assert metric_value("mean_ap", predictions) == pytest.approx(ap, abs=1e-12)
    assert metric_value("auc", predictions) == pytest.approx(area, abs=1e-12)


def test_a_class_without_a_right_sample_is_left_out() -> None:
    scores, targets, predictions = random_case(0, many=True)
    wider = np.concatenate([scores, scores[:, :2]], axis=1)
    for name in ORDERED:
        assert metric_value(name, made(wider, targets)) == metric_value(name, predictions)


# ---- scikit-learn ----


@pytest.mark.parametrize("seed", range(3))
def test_single_labels_agree_with_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    scores = rng.normal(size=(80, 6)).astype(np.float32)
    targets = rng.integers(0, 5, 80)
    said = scores.argmax(axis=1)
    predictions = made(scores, [int(t) for t in targets])
    expected = {
        "accuracy@1": metrics.accuracy_score(targets, said),
        "accuracy@3": metrics.top_k_accuracy_score(targets, scores, k=3, labels=range(6)),
        "mean_per_class_recall": np.mean(
            metrics.recall_score(targets, said, labels=range(5), average=None)
        ),
        "f1_macro": metrics.f1_score(targets, said, average="macro", zero_division=0),
        "f1_micro": metrics.f1_score(targets, said, average="micro", zero_division=0),
        "confusion_matrix": metrics.accuracy_score(targets, said),
    }
    for name, wanted in expected.items():
        assert metric_value(name, predictions) == pytest.approx(wanted, abs=1e-12), name
        bare = made([int(x) for x in said], [int(t) for t in targets])
        if name != "accuracy@3":
            assert metric_value(name, bare) == pytest.approx(wanted, abs=1e-12), name
    matrix = counts(mmbench.metric("confusion_matrix")(predictions), 6)
    assert (matrix == metrics.confusion_matrix(targets, said, labels=range(6))).all()


@pytest.mark.parametrize("seed", range(3))
def test_several_labels_agree_with_scikit_learn(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, targets, predictions = random_case(seed, n=200, c=6, steps=40, many=True)
    right = marked(targets, 6)
    expected = {
        "mean_ap": metrics.average_precision_score(right, scores, average="macro"),
        "auc": metrics.roc_auc_score(right, scores, average="macro"),
        "f1_macro": metrics.f1_score(right, scores > 0.5, average="macro", zero_division=0),
        "f1_micro": metrics.f1_score(right, scores > 0.5, average="micro", zero_division=0),
    }
    for name, wanted in expected.items():
        assert metric_value(name, predictions) == pytest.approx(wanted, abs=1e-12), name


@pytest.mark.parametrize("steps", [3, 1000])
@pytest.mark.parametrize("seed", range(2))
def test_weighted_folds_agree_with_sample_weights(seed: int, steps: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    scores, targets, predictions = random_case(seed, n=120, c=4, steps=steps, many=True)
    right = marked(targets, 4)
    weights = np.random.default_rng(seed).uniform(0.1, 3, (3, 120))
    for name, peer in [
        ("mean_ap", metrics.average_precision_score),
        ("auc", metrics.roc_auc_score),
    ]:
        found = mmbench.metric(name)(predictions)
        wanted = [peer(right, scores, average="macro", sample_weight=w) for w in weights]
        assert fold_many(found.fold, found.rows, weights) == pytest.approx(wanted, abs=1e-12)
    for name, average in [("f1_macro", "macro"), ("f1_micro", "micro")]:
        found = mmbench.metric(name)(predictions)
        wanted = [
            metrics.f1_score(right, scores > 0.5, average=average, sample_weight=w) for w in weights
        ]
        assert fold_many(found.fold, found.rows, weights) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.parametrize("seed", range(2))
def test_weighted_label_folds_agree_with_sample_weights(seed: int) -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(seed)
    targets, said = rng.integers(0, 4, (2, 90))
    weights = rng.uniform(0.1, 3, (3, 90))
    predictions = made([int(x) for x in said], [int(t) for t in targets])
    for name, peer in [
        ("mean_per_class_recall", metrics.balanced_accuracy_score),
        ("f1_macro", lambda *a, **k: metrics.f1_score(*a, average="macro", **k)),
        ("accuracy@1", metrics.accuracy_score),
    ]:
        found = mmbench.metric(name)(predictions)
        wanted = [peer(targets, said, sample_weight=w) for w in weights]
        assert fold_many(found.fold, found.rows, weights) == pytest.approx(wanted, abs=1e-12)


@pytest.mark.slow
def test_a_real_classifier_on_real_digits() -> None:
    """A logistic regression on the digits that scikit-learn carries, against both peers."""
    metrics = pytest.importorskip("sklearn.metrics")
    datasets = pytest.importorskip("sklearn.datasets")
    linear = pytest.importorskip("sklearn.linear_model")
    images, digits = datasets.load_digits(return_X_y=True)
    model = linear.LogisticRegression(max_iter=60, C=1e-4).fit(images[:400], digits[:400])
    scores = model.predict_proba(images[400:]).astype(np.float32)
    targets = digits[400:]
    predictions = made(scores, [int(t) for t in targets])
    right = marked(list(targets), 10)
    said = scores.argmax(axis=1)
    expected = {
        "accuracy@1": metrics.accuracy_score(targets, said),
        "accuracy@3": metrics.top_k_accuracy_score(targets, scores, k=3),
        "mean_per_class_recall": metrics.balanced_accuracy_score(targets, said),
        "f1_macro": metrics.f1_score(targets, said, average="macro"),
        "mean_ap": metrics.average_precision_score(right, scores),
        "auc": metrics.roc_auc_score(right, scores),
        "ece": torchmetrics_ece(scores, targets),
    }
    assert 0.7 < expected["accuracy@1"] < 0.98
    for name, wanted in expected.items():
        assert metric_value(name, predictions) == pytest.approx(wanted, abs=2e-6), name


# ---- torchmetrics ----


def torchmetrics_functions() -> Any:
    """Where torch-fidelity lacks torchvision only the second import of torchmetrics succeeds."""
    with suppress(ImportError):
        importlib.import_module("torchmetrics")
    return pytest.importorskip("torchmetrics.functional.classification")


def torchmetrics_ece(scores: np.ndarray, targets: np.ndarray) -> float:
    torch = pytest.importorskip("torch")
    functional = torchmetrics_functions()
    return float(
        functional.multiclass_calibration_error(
            torch.tensor(scores), torch.tensor(targets), scores.shape[1], n_bins=15, norm="l1"
        )
    )


@pytest.mark.parametrize("scale", [0.5, 3.0, 30.0])
@pytest.mark.parametrize("given_as", ["logits", "probabilities"])
def test_calibration_agrees_with_torchmetrics(scale: float, given_as: str) -> None:
    rng = np.random.default_rng(0)
    targets = rng.integers(0, 5, 400)
    scores = (rng.normal(size=(400, 5)) * scale).astype(np.float32)
    scores[np.arange(400), targets] += scale
    if given_as == "probabilities":
        scores = np.exp(scores - scores.max(axis=1, keepdims=True))
        scores /= scores.sum(axis=1, keepdims=True)
    found = mmbench.metric("ece")(made(scores, [int(t) for t in targets]))
    assert found.value == pytest.approx(torchmetrics_ece(scores, targets), abs=1e-5)
    said = "given" if given_as == "probabilities" else "softmax"
    assert f"probabilities={said}" in found.signature


@pytest.mark.parametrize("upper", range(1, 16))
def test_bins_begin_where_those_of_torchmetrics_do(upper: int) -> None:
    # A confidence at an edge k/15 beside one just below it, both in single precision.
    tops = np.array([upper / 15, upper / 15], np.float32)
    for _ in range(3):
        tops[1] = np.nextafter(tops[1], np.float32(0))
    rest = (1 - tops[:, None]) / 20 * np.ones((1, 20), np.float32)
    scores = np.concatenate([tops[:, None], rest], axis=1).astype(np.float32)
    targets = np.array([0, 1])
    found = metric_value("ece", made(scores, [0, 1]))
    assert found == pytest.approx(torchmetrics_ece(scores, targets), abs=1e-6)


def test_torchmetrics_average_precision_and_area() -> None:
    torch = pytest.importorskip("torch")
    functional = torchmetrics_functions()
    scores, targets, predictions = random_case(3, n=150, steps=12, many=True)
    tensors = torch.tensor(scores), torch.tensor(marked(targets, 5)), 5
    ap = float(functional.multilabel_average_precision(*tensors, average="macro"))
    area = float(functional.multilabel_auroc(*tensors, average="macro"))
    assert metric_value("mean_ap", predictions) == pytest.approx(ap, abs=1e-6)
    assert metric_value("auc", predictions) == pytest.approx(area, abs=1e-6)


# ---- properties ----


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("seed", range(3))
def test_the_order_of_the_samples_has_no_influence(name: str, seed: int, many: bool) -> None:
    _, _, predictions = random_case(seed, many=many)
    other = np.random.default_rng(seed).permutation(len(predictions))
    shuffled = [predictions[i] for i in other]
    assert metric_value(name, shuffled) == pytest.approx(
        metric_value(name, predictions), abs=1e-12, nan_ok=True
    )


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", NAMES)
def test_weights_are_repetitions(name: str, many: bool) -> None:
    scores, targets, predictions = random_case(7, many=many)
    if name not in [*ORDERED, "f1_macro", "f1_micro"]:
        targets = [t[:1] or [0] for t in targets] if many else targets
        predictions = made(scores, targets)
    found = mmbench.metric(name)(predictions)
    weights = np.random.default_rng(1).integers(0, 4, (5, len(predictions)))
    weights[4] *= np.array([0 not in np.ravel(t) for t in targets])  # a class is absent
    values = fold_many(found.fold, found.rows, weights.astype(np.float64))
    assert math.isfinite(found.value)
    for row, folded in zip(weights, values, strict=True):
        repeated = [p for p, times in zip(predictions, row, strict=True) for _ in range(times)]
        assert folded == pytest.approx(metric_value(name, repeated), abs=1e-12), name


@pytest.mark.parametrize("name", NAMES)
def test_rows_fold_into_the_value(name: str) -> None:
    _, _, predictions = random_case(11)
    found = mmbench.metric(name)(predictions)
    assert len(found.rows) == len(predictions)
    assert fold(found.fold, found.rows) == found.value
    assert found.signature.startswith(f"fold={found.fold},")
    assert found.better == ("lower" if name == "ece" else "higher")


@pytest.mark.parametrize("name", NAMES)
def test_nothing_is_nan(name: str) -> None:
    found = mmbench.metric(name)([])
    assert math.isnan(found.value)
    assert found.rows.shape[0] == 0
    assert not found.reason


@pytest.mark.parametrize("name", SCORED)
def test_what_needs_scores_is_nan_for_labels(name: str) -> None:
    found = mmbench.metric(name)(made([0, 1, 2], [0, 1, 1]))
    assert math.isnan(found.value)
    assert found.reason == "the predictions are labels without scores"
    assert len(found.rows) == 3
    assert math.isnan(fold_many(found.fold, found.rows, np.ones((2, 3)))[1])


@pytest.mark.parametrize("name", SINGLE)
def test_what_needs_one_label_is_nan_for_several(name: str) -> None:
    found = mmbench.metric(name)(made([[1, 0, 0], [0, 1, 0]], [[0], [0, 1]]))
    assert math.isnan(found.value)
    assert found.reason == "several correct labels for 1 sample"
    assert math.isnan(fold(found.fold, found.rows))


@pytest.mark.parametrize("name", ["accuracy@1", *SINGLE])
def test_a_sample_without_a_label_is_not_dropped(name: str) -> None:
    found = mmbench.metric(name)(made([[1, 0, 0], [0, 1, 0]], [[0], []]))
    assert math.isnan(found.value)
    assert found.reason == "no correct label for 1 sample"


@pytest.mark.parametrize(
    ("name", "values", "targets", "reason"),
    [
        ("mean_ap", [[0.2, 0.8]], [[]], "no sample has a correct label"),
        ("auc", [[0.2, 0.8]], [[0, 1]], "no class has both"),
        ("d_prime", [[0.2, 0.8]], [[]], "no class has both"),
        ("f1_micro", [[0.2, 0.3]], [[]], "no label is correct or predicted"),
        ("f1_macro", [[0.2, 0.3]], [[]], "no label is correct or predicted"),
        ("ece", [[math.nan, math.nan]], [0], "the softmax is undefined for 1 sample"),
    ],
)
def test_no_value_has_a_reason(
    name: str, values: list[Any], targets: list[Any], reason: str
) -> None:
    found = mmbench.metric(name)(made(values, targets))
    assert math.isnan(found.value)
    assert reason in found.reason.replace("samples", "sample")


@pytest.mark.parametrize("name", NAMES)
def test_a_perfect_prediction_is_the_best(name: str) -> None:
    right = np.eye(4, dtype=np.float32)[[0, 1, 2, 3, 1, 1]]
    found = mmbench.metric(name)(made(right, [0, 1, 2, 3, 1, 1]))
    if name == "d_prime":
        assert found.value == math.inf
        assert found.reason == "the area is 1: d' is infinite"
    else:
        assert found.value == found.best == (0 if name == "ece" else 1)


def test_a_constant_model_scores_chance() -> None:
    predictions = made([[0.2] * 5] * 40, [i % 5 for i in range(40)])
    assert metric_value("accuracy@1", predictions) == pytest.approx(1 / 5)
    assert metric_value("accuracy@3", predictions) == pytest.approx(3 / 5)
    assert metric_value("mean_per_class_recall", predictions) == pytest.approx(1 / 5)
    assert metric_value("auc", predictions) == 0.5
    assert metric_value("d_prime", predictions) == 0
    assert metric_value("mean_ap", predictions) == pytest.approx(1 / 5)
    assert metric_value("ece", predictions) == pytest.approx(0, abs=1e-7)


@settings(max_examples=40)
@given(
    st.lists(
        st.tuples(st.lists(st.floats(-5, 5, width=32), min_size=3, max_size=3), st.integers(0, 2)),
        min_size=1,
        max_size=12,
    )
)
def test_values_stay_in_their_range(cases: list[tuple[list[float], int]]) -> None:
    predictions = made([scores for scores, _ in cases], [target for _, target in cases])
    for name in NAMES:
        found = mmbench.metric(name)(predictions)
        if found.reason:
            continue
        assert math.isfinite(found.value), name
        if found.best is not None and found.worst is not None:
            low, high = sorted((found.best, found.worst))
            assert low - 1e-12 <= found.value <= high + 1e-12, name


@settings(max_examples=25)
@given(st.integers(0, 10**6), st.booleans())
def test_order_is_all_that_curves_look_at(seed: int, many: bool) -> None:
    scores, targets, predictions = random_case(seed, n=20, many=many)
    for name in ORDERED:
        squeezed = made(scores**3 / 8 - 1, targets)
        assert metric_value(name, squeezed) == pytest.approx(
            metric_value(name, predictions), nan_ok=True
        )


def test_a_missing_score_ranks_behind_all() -> None:
    predictions = made([[math.nan], [0.1], [0.2]], [[0], [], []])
    assert metric_value("auc", predictions) == 0.0
    assert metric_value("mean_ap", predictions) == pytest.approx(1 / 3)


def test_one_missing_score_does_not_make_probabilities_logits() -> None:
    found = mmbench.metric("ece")(made([[0.9, 0.1, math.nan], [0.9, 0.1, 0.0]], [0, 0]))
    assert "probabilities=given" in found.signature
    assert found.value == pytest.approx(0.1, abs=1e-6)


def test_more_resamples_than_a_block_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    found = mmbench.metric("mean_ap")(random_case(0)[2])
    weights = np.random.default_rng(0).integers(0, 3, (50, 60)).astype(np.float64)
    whole = fold_many(found.fold, found.rows, weights)
    monkeypatch.setattr("mmbench.stats.families.labels._BLOCK", 180)
    assert (fold_many(found.fold, found.rows, weights) == whole).all()


# ---- what is refused ----


@pytest.mark.parametrize(
    ("values", "targets", "message"),
    [
        ([[1, 0], 1], [0, 0], "sample 1 has a label, but sample 0 has scores"),
        ([[1, 0], [1, 0, 0]], [0, 0], r"sample 1 has scores of shape \(3,\)"),
        ([[1, 0], [1, 0]], [0, 2], "sample 1: label 2 is not one of the classes 0 to 1"),
        ([[1, 0]], [[0, -1]], "sample 0: label -1 is not one"),
        ([-1], [0], "sample 0: label -1 is not one"),
        ([[1, 0]], ["cat"], "sample 0: the target 'cat' is neither"),
        ([[]], [0], r"sample 0 has scores of shape \(0,\)"),
    ],
)
def test_a_wrong_shape_names_its_sample(
    values: list[Any], targets: list[Any], message: str
) -> None:
    with pytest.raises(DataError, match=message):
        mmbench.metric("accuracy@1")(made(values, targets))


def test_counts_without_a_matrix_are_refused() -> None:
    metric = mmbench.metric("confusion_matrix")
    with pytest.raises(DataError, match="several correct labels"):
        counts(metric(made([[1, 0]], [[0, 1]])), 2)
    with pytest.raises(DataError, match="the score has a class 2"):
        counts(metric(made([[1, 0, 0]], [2])), 2)
    assert counts(metric([]), 2).tolist() == [[0, 0], [0, 0]]
