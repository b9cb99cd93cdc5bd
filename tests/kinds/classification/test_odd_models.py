"""Odd models and odd outputs of classification: what is wrong is said, before the forwards."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

import mmbench
from mmbench.data.mapping.classes import sorted_classes
from mmbench.engine.check import check
from mmbench.engine.loading.models.ensemble import ensemble_class
from mmbench.engine.options import RunSettings
from mmbench.engine.run import run
from mmbench.errors import DataError, ModelError
from mmbench.kinds.classification.names import columns_of_model
from tests.support.media.images import labelled_images
from tests.support.toy_models import register_scores

INF = float("inf")


def options(folder: Path) -> RunSettings:
    return RunSettings(data=labelled_images(folder, "abc"), device="cpu")


# ---- models ----


@pytest.mark.parametrize(
    ("name", "labels", "words"),
    [
        ("odd-twice", ["a", "b", "b"], "has several classes b"),
        ("odd-lacks", ["a", "b", "d"], "has no class for c"),
        # Iterated, a mapping gives its keys (0, 1, 2), and a set its names in any order.
        ("odd-mapping", {0: "a", 1: "b", 2: "c"}, "has no list `labels`, but a dict"),
        ("odd-set", {"a", "b", "c"}, "has no list `labels`, but a set"),
    ],
)
def test_wrong_labels_are_refused_before_the_forwards(
    tmp_path: Path, name: str, labels: Any, words: str
) -> None:
    cls, given = register_scores(name, labels=labels), options(tmp_path)
    for attempt in (run, check):  # `check` fails wherever a run would
        with pytest.raises((ModelError, DataError), match=words):
            attempt(name, "labels", given)
    assert cls.forwards == 0


@pytest.mark.parametrize(
    ("name", "rows", "words"),
    [
        ("odd-half", torch.ones((3, 3), dtype=torch.bfloat16), "Tensor that NumPy cannot read"),
        ("odd-grad", torch.ones((3, 3), requires_grad=True), "Tensor that NumPy cannot read"),
        ("odd-text", np.array([["x"] * 3] * 3), "return real numbers"),
        ("odd-complex", np.ones((3, 3), complex), "an array of dtype complex128"),
    ],
)
def test_scores_that_are_no_real_numbers_are_the_models_fault(
    tmp_path: Path, name: str, rows: Any, words: str
) -> None:
    register_scores(name, rows=rows)
    with pytest.raises(ModelError, match=f"model {name}: classify returned .*{words}"):
        run(name, "labels", options(tmp_path))


def test_a_class_that_is_ruled_out_has_a_score(tmp_path: Path) -> None:
    """log 0 = -∞ ranks last: samples 0 and 1 are right. One of -∞ alone has no order and fails."""
    rows = np.array([[-0.1, -2, -INF], [-INF, -0.1, -2], [-INF, -INF, -INF]], np.float32)
    register_scores("odd-infinite", rows=rows)
    found = run("odd-infinite", "labels", options(tmp_path)).record
    assert found.scores["accuracy@1"].value == 1
    assert found.scores["accuracy@1"].bounds == pytest.approx((2 / 3, 1))
    assert [ident for ident, _ in found.failures] == ["2"]
    for name, bad in (("odd-nan", np.nan), ("odd-plus", INF)):
        register_scores(name, rows=np.array([[1, 0, bad], [0, 1, 0], [0, 0, 1]], np.float32))
        assert run(name, "labels", options(tmp_path)).record.counts["failed"] == 1


def test_minus_infinity_is_no_probability(tmp_path: Path) -> None:
    rows = np.array([[1, 0, -INF], [0, 1, 0], [0, 0, 1]], np.float32)
    register_scores("odd-share", rows=rows, scores="probabilities")
    with pytest.raises(ModelError, match="declares scores"):
        run("odd-share", "labels", options(tmp_path))


def test_models_of_a_fusion_are_compared_before_the_forwards() -> None:
    one, other = (
        register_scores(name, labels=list(names)) for name, names in (("l1", "abc"), ("l2", "abd"))
    )
    both = [cls(None, device="cpu", dtype="float32") for cls in (one, other)]
    fused: Any = ensemble_class([one, other])(both, [1.0, 1.0])
    with pytest.raises(ModelError, match="some models lack c, d"):
        _ = fused.labels


def test_names_are_equal_in_both_forms_of_unicode() -> None:
    # macOS writes é in the names of folders as e and an accent (NFD), most else as one character.
    assert columns_of_model(["cafe\u0301", "bar"], ["bar", "caf\u00e9"], "m").tolist() == [1, 0]


# ---- data and outputs ----


def test_numbered_classes_stand_in_the_order_of_their_numbers() -> None:
    # The columns of a matrix of 12 classes are 0 to 11; sorted as texts, 10 would stand before 2.
    assert sorted_classes(str(n) for n in reversed(range(12))) == [str(n) for n in range(12)]
    assert sorted_classes(["b", "10", "2", "a", "b"]) == ["10", "2", "a", "b"]


def scored(folder: Path, name: str, outputs: Any, targets: list[Any]) -> Any:
    rows = "".join(f"{n},{label}\n" for n, label in enumerate(targets))
    (folder / "refs.csv").write_text(f"id,label\n{rows}")
    path = folder / name
    if path.suffix == ".npy":
        np.save(path, outputs)
    else:
        path.write_text("".join(f"{json.dumps(one)}\n" for one in outputs))
    return mmbench.score("labels", path, data=folder / "refs.csv").record


def listed(*values: Any) -> list[dict[str, Any]]:
    return [{"id": str(n), "value": value} for n, value in enumerate(values)]


def test_a_matrix_of_numbered_classes_is_read_by_their_numbers(tmp_path: Path) -> None:
    """The identity scores each of twelve classes highest where it is right."""
    found = scored(tmp_path, "s.npy", np.eye(12), list(range(12)))
    assert found.scores["accuracy@1"].value == 1


def test_whole_numbers_are_scores_like_others(tmp_path: Path) -> None:
    """JSON of JavaScript writes 1.0 as 1, so that a certain row is a list of whole numbers."""
    outputs = listed([1, 0, 0], [0.25, 0.5, 0.25], [0, 3, 9])
    found = scored(tmp_path, "s.jsonl", outputs, ["a", "b", "c"])
    assert found.scores["accuracy@1"].value == 1


@pytest.mark.parametrize(
    ("value", "targets", "words"),
    [
        (["a", "c", "b"], ["a", "b", "c"], "is a ranking of the labels, or looks like one"),
        # Either label 1 is the first of a ranking, or class 0 has the score 1.
        ([1, 0], [0, 1, 1], "is a ranking of the labels, or looks like one"),
        (["a", "x"], ["a", "b", "c"], "is a list of texts, a, x"),
    ],
)
def test_a_list_of_texts_is_no_list_of_scores(
    tmp_path: Path, value: Any, targets: list[Any], words: str
) -> None:
    with pytest.raises(DataError, match=words):
        scored(tmp_path, "s.jsonl", listed(value, value, value), targets)


@pytest.mark.parametrize("bad", [np.nan, INF])
def test_scores_without_an_order_are_a_failed_sample(tmp_path: Path, bad: float) -> None:
    """As those of a model are. -∞ in the place of NaN was a wrong answer, silently."""
    scores = np.array([[bad, 1, 0], [0, 2, 1], [0, 1, 2]])
    found = scored(tmp_path, "s.npy", scores, ["a", "b", "c"])
    assert [ident for ident, _ in found.failures] == ["0"]
    assert found.scores["accuracy@1"].bounds == pytest.approx((2 / 3, 1))
