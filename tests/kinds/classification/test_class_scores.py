"""Scores by class from a model to a metric: order is kept, and what the scores are is said."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import mmbench
from mmbench.data.sources.row_samples import rows
from mmbench.datasets import Samples
from mmbench.engine.options import RunSettings
from mmbench.engine.recording.rows import rows_table, stored_predictions
from mmbench.engine.rescore import rescore
from mmbench.engine.run import run
from mmbench.errors import DataError, ModelError
from mmbench.kinds.classification import Classification, ClassificationOptions
from mmbench.kinds.classification.zero_shot import ZeroShot, ZeroShotOptions
from mmbench.storage import records as store
from mmbench.types import (
    Media,
    Outputs,
    Prediction,
    Predictions,
    Sample,
    TaskSpec,
    VectorOutputs,
    Views,
)
from tests.support.files import write_task
from tests.support.media.images import labelled_images
from tests.support.predictions import metric_value
from tests.support.toy_models import register_scores

IMAGE = Media("image", "a.png")
ONCE = Views()
SAVED = [[0.9, 0.1], [0.2, 0.8], [0.7, 0.3]]  # probabilities in somebody's file


def spec(kind: str = "classification", views: Views = ONCE) -> TaskSpec:
    zero = kind == "zero_shot"
    options = ZeroShotOptions() if zero else ClassificationOptions(views)
    return TaskSpec("t", kind, {}, {"image": "image"}, ["m"], "m", options=options)


def samples(targets: list[Any], c: int) -> Samples:
    rows = [Sample(str(i), {"image": IMAGE}, target) for i, target in enumerate(targets)]
    return Samples(rows, [f"c{n}" for n in range(c)])


def predicted(
    scores: Any, targets: list[Any], scale: Any = "logits", views: Views = ONCE
) -> Sequence[Prediction]:
    """The predictions of a model that returned these scores [n * views, c]."""
    data = samples(targets, np.shape(scores)[1])
    answers = VectorOutputs(np.asarray(scores), {}, data.labels, scale, "mine")
    directions = Classification(spec(views=views)).predictions(data, {"sample": answers}).directions
    return directions[""][0]


def marked(targets: list[list[int]], c: int) -> Any:
    return np.array([[int(n in target) for n in range(c)] for target in targets])


# ---- order ----


@pytest.mark.parametrize("dtype", [np.float16, np.float32, np.float64])
@pytest.mark.parametrize("k", [1, 2, 3, 5])
def test_accuracy_of_logits_far_apart_is_that_of_scikit_learn(k: int, dtype: Any) -> None:
    """60 apart, all softmax but the first are below 1e-26: in single precision they are 0."""
    metrics = pytest.importorskip("sklearn.metrics")
    draws = np.random.default_rng(k)
    logits = np.stack([draws.permutation(8) * 60.0 for _ in range(40)]).astype(dtype)
    targets = draws.integers(0, 8, 40).tolist()
    expected = metrics.top_k_accuracy_score(targets, logits, k=k, labels=range(8))
    assert metric_value(f"accuracy@{k}", predicted(logits, targets)) == pytest.approx(
        expected, abs=1e-12
    )


@pytest.mark.parametrize("many", [False, True])
@pytest.mark.parametrize("name", ["mean_ap", "auc"])
def test_curves_of_logits_are_those_of_scikit_learn(name: str, many: bool) -> None:
    """The sigmoid of a logit of 40 is 1 in double precision, so that most of them would tie."""
    metrics = pytest.importorskip("sklearn.metrics")
    draws = np.random.default_rng(4)
    logits = (draws.normal(size=(120, 4)) * 40).astype(np.float32) + np.float32(60)
    chosen = [[int(n)] for n in draws.integers(0, 4, 120)]
    targets = [[*one, (one[0] + 1) % 4] for one in chosen] if many else [one[0] for one in chosen]
    right = marked(targets if many else chosen, 4)
    peer = {"mean_ap": metrics.average_precision_score, "auc": metrics.roc_auc_score}[name]
    expected = peer(right, logits, average="macro")
    assert metric_value(name, predicted(logits, targets)) == pytest.approx(expected, abs=1e-12)


grids = st.lists(st.lists(st.integers(-50, 50), min_size=4, max_size=4), min_size=2, max_size=8)


@settings(max_examples=20)
@given(grids, st.lists(st.integers(-900, 900), min_size=8, max_size=8), st.integers(1, 64))
def test_a_constant_for_each_sample_and_a_scale_leave_accuracy(
    grid: list[list[int]], constants: list[int], scale: int
) -> None:
    """Whole numbers, so that nothing is rounded: then the order in a sample is the same."""
    logits = np.array(grid, np.float32)
    targets = [row % 4 for row in range(len(grid))]
    moved = logits * scale + np.array(constants[: len(grid)], np.float32)[:, None]
    for name in ("accuracy@1", "accuracy@2", "mean_per_class_recall"):
        assert metric_value(name, predicted(moved, targets)) == metric_value(
            name, predicted(logits, targets)
        )


@settings(max_examples=20)
@given(grids, st.integers(-900, 900), st.booleans())
def test_a_constant_for_all_leaves_mean_ap(
    grid: list[list[int]], constant: int, many: bool
) -> None:
    logits = np.array(grid, np.float32)
    targets: list[Any] = [[row % 4, 3] if many else row % 4 for row in range(len(grid))]
    for name in ("mean_ap", "auc"):
        one, other = predicted(logits, targets), predicted(logits + constant, targets)
        assert metric_value(name, one) == pytest.approx(
            metric_value(name, other), nan_ok=True, abs=1e-12
        )


# ---- views ----


def test_the_softmax_of_views_is_that_of_torch_in_double_precision() -> None:
    torch = pytest.importorskip("torch")
    logits = np.random.default_rng(0).normal(size=(3 * 4, 5)).astype(np.float32) * 30
    found = predicted(logits, [0, 1, 2], views=Views(2, 2))
    shares = torch.softmax(torch.from_numpy(logits).double(), dim=1).reshape(3, 4, 5).mean(dim=1)
    assert np.allclose([p.value for p in found], shares.numpy(), rtol=1e-12, atol=0)
    assert {p.scores for p in found} == {"probabilities"}
    assert {p.value.dtype for p in found} == {np.dtype(np.float64)}


def test_views_leave_the_order_of_far_logits() -> None:
    """exp(-60 n) is 0 in single precision from n = 2, and a number in double precision up to 12."""
    logits = np.tile(np.arange(10)[::-1] * 60.0, (6, 1)).astype(np.float32)
    found = predicted(logits, [2, 2, 2], views=Views(2, 1))
    assert [metric_value(f"accuracy@{k}", found) for k in (1, 2, 3)] == [0, 0, 1]


def test_several_labels_are_averaged_as_sigmoids() -> None:
    """Half of 1/(1+e) and 1/(1+1/e) is a half; the mean of two sigmoids of -80 is exp(-80)."""
    found = predicted([[1, -80], [-1, -80]], [[0]], views=Views(1, 2))
    assert found[0].value == pytest.approx([0.5, np.exp(-80)], rel=1e-12)


def test_views_of_declared_probabilities_are_averaged_as_they_are() -> None:
    found = predicted([[0.5, 0.5], [1.0, 0.0]], [0], "probabilities", Views(2, 1))
    assert found[0].value.tolist() == [0.75, 0.25]


# ---- thresholds and calibration ----


def test_f1_of_logits_is_that_of_their_sigmoid() -> None:
    metrics = pytest.importorskip("sklearn.metrics")
    draws = np.random.default_rng(1)
    logits = draws.normal(size=(80, 5)).astype(np.float32)
    targets = [np.flatnonzero(row).tolist() for row in draws.random((80, 5)) < 0.4]
    said = 1 / (1 + np.exp(-logits.astype(np.float64))) > 0.5
    for average in ("macro", "micro"):
        found = mmbench.metric(f"f1_{average}")(predicted(logits, targets))
        expected = metrics.f1_score(marked(targets, 5), said, average=average, zero_division=0)
        assert found.value == pytest.approx(expected, abs=1e-12)
        assert "threshold=0.5,probabilities=sigmoid" in found.signature


def test_probabilities_and_their_logits_give_the_same_numbers() -> None:
    """Logits within [0, 1] look like probabilities; what is declared counts, not how they look."""
    draws = np.random.default_rng(2)
    shares = draws.dirichlet(np.ones(4), 60)
    one, many = draws.integers(0, 4, 60).tolist(), [[int(n)] for n in draws.integers(0, 4, 60)]
    for name, targets, logits in (
        ("ece", one, np.log(shares)),
        ("f1_macro", many, np.log(shares / (1 - shares))),
    ):
        given = metric_value(name, predicted(shares, targets, "probabilities"))
        assert metric_value(name, predicted(logits, targets)) == pytest.approx(given, abs=1e-6)
    small = [[0.2, 0.9], [0.1, 0.8]]  # as logits both are above a half, as probabilities one is
    assert metric_value("f1_micro", predicted(small, [[0, 1]] * 2)) == 1
    assert metric_value("f1_micro", predicted(small, [[0, 1]] * 2, "probabilities")) == 2 / 3


@pytest.mark.parametrize(
    ("scores", "targets"),
    [([[0.7, 0.7]], [0]), ([[1.5, -0.5]], [0]), ([[0.7, 1.2]], [[0]]), ([[-0.1, 0.2]], [[0]])],
    ids=["sum", "negative", "above-1", "below-0"],
)
def test_declared_probabilities_that_are_none_are_refused(scores: Any, targets: list[Any]) -> None:
    with pytest.raises(ModelError, match='model mine declares scores = "probabilities", but'):
        predicted(scores, targets, "probabilities")


def test_a_failed_sample_is_not_held_against_the_declaration() -> None:
    """The scores of a failed row are zeros, which sum to 0."""
    data = samples([0, 1], 2)
    answers = VectorOutputs(
        np.array([[0, 0], [0.25, 0.75]]), {0: "torn"}, data.labels, "probabilities"
    )
    directions = Classification(spec()).predictions(data, {"sample": answers}).directions
    failed, other = directions[""][0]
    assert (failed.error, failed.scores, other.scores) == ("torn", "", "probabilities")


def test_signatures_say_which_values() -> None:
    """The softmax orders the samples of a class otherwise than logits; the sigmoid does not."""
    scores = [[0.25, 0.75], [0.5, 0.5]]
    for name in ("mean_ap", "auc", "d_prime"):
        for scale in ("logits", "probabilities"):
            one = mmbench.metric(name)(predicted(scores, [0, 1], scale))
            assert one.signature.endswith(f"values={scale}")
            several = mmbench.metric(name)(predicted(scores, [[0], [1]], scale))
            assert "values" not in several.signature
    assert "ranking=as-returned" in Classification(spec()).signature(samples([0], 2))
    mixed = [*predicted(scores, [0, 1]), *predicted(scores, [0, 1], "probabilities")]
    with pytest.raises(DataError, match="sample 0 has probabilities and sample 0 logits"):
        mmbench.metric("ece")(mixed)


def test_similarities_of_zero_shot_have_a_softmax_and_no_threshold() -> None:
    made = [Prediction("a", np.array([20.0, 18.0]), 0, scores="similarities")]
    # CLIP's probability of the first, 1 / (1 + exp(-2)), and right
    assert metric_value("ece", made) == pytest.approx(1 - 1 / (1 + np.exp(-2)), abs=1e-6)
    many = [Prediction("a", np.array([20.0, 18.0]), [0], scores="similarities")]
    found = mmbench.metric("f1_macro")(many)
    assert np.isnan(found.value)
    assert "have no threshold" in found.reason


# ---- stored rows ----


@pytest.mark.parametrize("scale", ["logits", "probabilities"])
def test_rows_keep_the_order_and_say_what_they_hold(scale: Any, tmp_path: Path) -> None:
    import io

    import pyarrow.parquet as pq

    far = [[1 - 1e-12, 1e-12, 0.0], [0.5, 0.5 - 1e-13, 1e-13]]
    made = predicted(far, [0, 1], scale)
    table = pq.read_table(io.BytesIO(store._parquet(rows_table(Predictions({"": [made]}), []))))
    columns = {name: table[name].to_pylist() for name in table.column_names}
    back = list(stored_predictions(columns).each())
    assert [p.value.tolist() for p in back] == far
    assert {p.scores for p in back} == {scale}


@pytest.mark.parametrize("many", [False, True])
def test_rows_of_older_runs_hold_probabilities(many: bool) -> None:
    """They have no column `scores`; their numbers are those of the probabilities that they hold."""
    draws = np.random.default_rng(5)
    shares = draws.dirichlet(np.ones(3), 30).astype(np.float32)
    targets: list[Any] = draws.integers(0, 3, 30).tolist()
    targets = [[target] for target in targets] if many else targets
    old = [Prediction(str(i), s, t) for i, (s, t) in enumerate(zip(shares, targets, strict=True))]
    table = rows_table(Predictions({"": [old]}), [])
    columns = {name: column for name, column in table.items() if name != "scores"}
    back = list(stored_predictions(columns).each())
    for name in ("accuracy@1", "mean_ap", "f1_macro", "f1_micro", "ece"):
        assert metric_value(name, back) == metric_value(
            name, predicted(shares, targets, "probabilities")
        )


# ---- baselines ----


@pytest.mark.parametrize("views", [Views(), Views(2, 1)])
@pytest.mark.parametrize("kind", [Classification, ZeroShot])
def test_baselines_have_the_numbers_of_their_name(kind: Any, views: Views) -> None:
    """The oracle is certain and right, and equal logits of four classes are a quarter each."""
    data = samples([row % 4 for row in range(40)], 4)
    made = kind(spec("zero_shot" if kind is ZeroShot else "classification", views))

    def scores(who: str, names: tuple[str, ...], data: Samples = data) -> list[float]:
        found = list(made.baseline(who, data, 0).each())
        assert {p.scores for p in found} == {made.scale(data, "logits")}
        return [metric_value(name, found) for name in names]

    assert scores("oracle", ("accuracy@1", "mean_ap", "auc", "f1_macro", "ece")) == [1, 1, 1, 1, 0]
    assert scores("constant", ("accuracy@1", "accuracy@3", "ece")) == [0.25, 0.75, 0]
    if kind is Classification:
        many = samples([[row % 4] for row in range(40)], 4)
        assert scores("oracle", ("mean_ap", "f1_macro"), many) == [1, 1]
        assert scores("constant", ("f1_macro", "mean_ap"), many) == [0, 0.25]
        # A random probability above a half says yes: each is right one time in four.
        drawn = np.stack(made.baseline_values("random", many, 0)) > 0.5
        right = np.eye(4)[[row % 4 for row in range(40)]]
        expected = 2 * (drawn * right).sum() / (drawn.sum() + right.sum())
        assert scores("random", ("f1_micro",), many) == [pytest.approx(expected)]


# ---- models ----


def made(name: str, **attributes: Any) -> str:
    fixed = {"identity": "fixed", "rows": np.array([[0.0, 1.0, 2.0]] * 3)}
    register_scores(name, **fixed | attributes)
    return name


def task(folder: Path, classes: str = "abc", **more: Any) -> str:
    labelled_images(folder, "abb")
    scored = {"metrics": ["accuracy@1", "ece"], "headline": "accuracy@1", **more}
    data = {"source": "labels", "classes": [*classes]}
    return write_task(folder / "mine.yaml", include="labels", data=data, **scored)


def ran(model: str, folder: Path, **more: Any) -> Any:
    options = RunSettings(data=folder / "data.csv", device="cpu")
    return run(model, task(folder, **more), options)


def test_a_text_that_names_two_classes_is_no_target(tmp_path: Path) -> None:
    """ImageNet has two classes called missile: a number says which is meant, a name does not."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    def targets(labels: list[Any]) -> list[Any]:
        pq.write_table(pa.table({"text": ["a", "b"], "label": labels}), tmp_path / "d.parquet")
        found = rows(
            tmp_path / "d.parquet",
            path="x",
            columns={"text": "text"},
            target="label",
            labels=["missile", "gull", "missile"],
        )
        return [sample.target for sample in found.samples]

    assert targets([2, 0]) == [2, 0]
    with pytest.raises(DataError, match="several classes are called 'missile'"):
        targets(["gull", "missile"])


@pytest.mark.parametrize(
    ("name", "attributes", "words"),
    [
        ("cs-wide", {"rows": np.zeros((3, 4))}, "classify returned 4 columns for 3 labels"),
        ("cs-narrow", {"labels": list("abcd")}, "classify returned 3 columns for 4 labels"),
        # With 2 columns of float64 for 4 labels the bytes would fit those of 4 columns of float32.
        ("cs-half", {"labels": list("abcd"), "rows": np.zeros((3, 2))}, "2 columns for 4 labels"),
        ("cs-twice", {"labels": ["a", "b", "b"]}, "has several classes b"),
        ("cs-none", {"labels": None}, "has no list `labels`"),
        ("cs-word", {"labels": "abc"}, "has no list `labels`"),
        ("cs-lacks", {"labels": ["a", "c", "d"]}, "has no class for b"),
        ("cs-scale", {"scores": "log"}, "declares scores = 'log'"),
        ("cs-logits", {"scores": "probabilities"}, "its scores do not lie in [0, 1]"),
    ],
)
def test_scores_that_do_not_fit_are_refused(
    tmp_path: Path, name: str, attributes: dict[str, Any], words: str
) -> None:
    with pytest.raises((ModelError, DataError)) as caught:
        ran(made(name, **attributes), tmp_path)
    assert words in str(caught.value)
    assert f"model {name}" in str(caught.value)


def test_classes_beyond_those_of_the_data_are_told(tmp_path: Path) -> None:
    """The second of a and b is right for 2 of 3; c, which has the highest score, is left out."""
    found = ran(made("cs-more"), tmp_path, classes="ab")
    assert found.record.scores["accuracy@1"].value == pytest.approx(2 / 3)
    assert any("has 3 classes and the data 2" in note for note in found.record.notes)
    assert not ran("cs-more", tmp_path).record.notes


def test_doubles_keep_their_order_in_the_journal(tmp_path: Path) -> None:
    """All three are 1 in single precision, where the right class would tie with the others."""
    rows = 1 - np.array([[0, 2, 1], [2, 0, 1], [2, 1, 0]]) * 1e-9
    name = made("cs-double", rows=rows)
    first, cached = ran(name, tmp_path), ran(name, tmp_path)
    assert first.record.scores["accuracy@1"].value == pytest.approx(2 / 3)
    assert cached.record.counts["computed"] == 0
    assert np.array_equal(list(cached.rows["value"]), rows)
    assert np.array_equal(list(first.rows["value"]), rows)


def test_a_model_may_declare_probabilities(tmp_path: Path) -> None:
    """Certain of .6, and right for two of three: |2/3 - .6|. As logits it would be another."""
    rows = np.array([[0.6, 0.2, 0.2], [0.2, 0.6, 0.2], [0.6, 0.2, 0.2]], np.float32)
    found = ran(made("cs-shares", rows=rows, scores="probabilities"), tmp_path)
    score = found.record.scores["ece"]
    assert score.value == pytest.approx(2 / 3 - 0.6, abs=1e-6)
    assert "probabilities=given" in score.signature
    assert set(found.rows["scores"]) == {"probabilities"}
    assert "the model declares its scores as probabilities" in found.record.notes
    path = store.write_record(tmp_path / "out", found.record, found.rows)
    again = rescore(path, RunSettings(tasks=(str(tmp_path),)), out=str(tmp_path / "out"))
    assert again.record.scores == found.record.scores


def test_a_run_in_which_every_sample_fails_has_no_number(tmp_path: Path) -> None:
    name, path = made("cs-torn"), task(tmp_path)
    for level in range(3):
        (tmp_path / f"{level}.png").write_bytes(b"no picture")
    found = run(name, path, RunSettings(data=tmp_path / "data.csv", device="cpu"))
    assert found.record.counts["failed"] == 3
    assert found.record.scores["accuracy@1"].value is None


# ---- outputs ----


def scored(folder: Path, scores: Any, targets: list[str], task_name: str) -> Any:
    rows = "".join(f"{n},{label}\n" for n, label in enumerate(targets))
    (folder / "refs.csv").write_text(f"id,label\n{rows}")
    np.save(folder / "s.npy", np.asarray(scores))
    return mmbench.score(task_name, folder / "s.npy", data=folder / "refs.csv").record


@pytest.mark.parametrize(
    ("scores", "taken"),
    [
        (SAVED, "probabilities"),
        (np.log(SAVED), "logits"),
        (np.array(SAVED) * 0.5, "logits"),  # they sum to a half
        ([[np.nan, 0.1], *SAVED[1:]], "probabilities"),
    ],
    ids=["probabilities", "logits", "half", "one-missing"],
)
def test_outputs_say_what_they_were_taken_for(tmp_path: Path, scores: Any, taken: str) -> None:
    record = scored(tmp_path, scores, ["a", "b", "b"], "labels")
    assert any(f"treated as {taken}" in note for note in record.notes)
    assert record.notes[0] == "scored from outputs"


def test_a_file_of_labels_says_nothing_of_scores(tmp_path: Path) -> None:
    (tmp_path / "refs.csv").write_text("id,label\n1,a\n2,b\n")
    (tmp_path / "said.csv").write_text("id,value\n1,a\n2,a\n")
    record = mmbench.score("labels", tmp_path / "said.csv", data=tmp_path / "refs.csv").record
    assert record.notes == ["scored from outputs"]


def test_doubles_keep_their_order_in_outputs(tmp_path: Path) -> None:
    """1 - 1e-9 and 1 are one number in single precision; the right one is the higher."""
    rows = [[1.0, 1 - 1e-9], [1 - 1e-9, 1.0]]
    record = scored(tmp_path, rows, ["a", "b"], "labels")
    assert record.scores["accuracy@1"].value == 1
    lines = [
        {"id": str(n), "value": dict(zip("ab", row, strict=True))} for n, row in enumerate(rows)
    ]
    (tmp_path / "s.jsonl").write_text("".join(json.dumps(line) + "\n" for line in lines))
    again = mmbench.score("labels", tmp_path / "s.jsonl", data=tmp_path / "refs.csv").record
    assert again.scores["accuracy@1"].value == 1


def test_columns_of_one_name_are_matched_by_position_alone() -> None:
    """ImageNet's names hold "missile" twice: the first column is the first missile's."""
    data = Samples([Sample("s", {}, 0), Sample("t", {}, 2)], ["missile", "gull", "missile"])
    asked = ZeroShot(spec("zero_shot"))
    rows = {"s": np.array([3.0, 1, 2]), "t": np.array([1.0, 2, 3])}
    found = list(asked.accept(data, Outputs(rows)).each())
    assert metric_value("accuracy@1", found) == 1
    for output in ({"missile": 1.0, "gull": 2.0}, "missile"):
        with pytest.raises(DataError, match="several classes"):
            asked.accept(data, Outputs(dict.fromkeys("st", output)))
