import json
import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.metrics.answers.pope import (
    pope_accuracy,
    pope_f1,
    pope_precision,
    pope_recall,
    pope_unparsed,
    pope_yes_ratio,
    says_yes,
)
from mmbench.stats import fold, fold_many
from tests.support.paths import real_data
from tests.support.predictions import predict

OFFICIAL = [pope_accuracy, pope_precision, pope_recall, pope_f1, pope_yes_ratio]
METRICS = [*OFFICIAL, pope_unparsed]
PARTS = [
    "Yes",
    "yes",
    "No",
    "no",
    "not",
    "NO",
    "nothing",
    ",",
    ".",
    "no,",
    "No.",
    " ",
    "  ",
    "\n",
    "a",
]
TEXT = st.lists(st.sampled_from(PARTS), max_size=6).map(" ".join)
SAMPLES = st.lists(st.tuples(TEXT, st.sampled_from(["yes", "no"])), max_size=12).map(
    lambda pairs: predict(*pairs)
)


def official(predictions):
    """evaluate.py of AoiDragon/POPE: counts, then five numbers; None where it divides by zero."""
    tp = tn = fp = fn = 0
    for p in predictions:
        text = p.value.split(".")[0] if p.value.find(".") != -1 else p.value
        words = text.replace(",", "").split(" ")
        yes = not ("No" in words or "not" in words or "no" in words)
        if p.target == "no":
            fp, tn = fp + yes, tn + (not yes)
        else:
            tp, fn = tp + yes, fn + (not yes)
    n = tp + tn + fp + fn
    precision = tp / (tp + fp) if tp + fp else None
    recall = tp / (tp + fn) if tp + fn else None
    f1 = 2 * precision * recall / (precision + recall) if precision and recall else None
    return [(tp + tn) / n, precision, recall, f1, (tp + fp) / n]


@pytest.mark.parametrize("category", ["random", "popular", "adversarial"])
def test_all_yes(category):
    """Half the answers are yes: POPE's README; 50, 50, 100, 66.67, 100."""
    path = real_data(f"vqa/pope/coco_pope_{category}.json")
    labels = [json.loads(line)["label"] for line in path.read_text().splitlines()]
    predictions = predict(*[("Yes", label) for label in labels])
    found = [round(100 * metric(predictions).value, 2) for metric in OFFICIAL]
    assert len(labels) == 3000 and found == [50, 50, 100, 66.67, 100]


@given(SAMPLES.filter(bool))
def test_equal_to_the_official_rule(predictions):
    for metric, expected in zip(OFFICIAL, official(predictions), strict=True):
        found = metric(predictions).value
        if expected is None:  # of no predicted yes F1 is 0 / (FP + FN)
            assert math.isnan(found) or (metric is pope_f1 and found == 0)
        else:
            assert found == pytest.approx(expected)


# What evaluate.py makes of an answer, sensible or not.
@pytest.mark.parametrize(
    "text, yes",
    [
        ("Yes", True),
        ("No", False),
        ("no", False),
        ("NO", True),  # only these spellings
        ("No, there is none.", False),
        ("There is not.", False),
        ("There isn't one.", True),
        ("I see. No.", True),  # the first sentence alone
        ("Nothing there", True),
        ("no\n", True),  # words stand between spaces
        ("No!", True),
        ("", True),
    ],
)
def test_says_yes(text, yes):
    assert says_yes(text) == yes


# An answer is unparsed where evaluate.py takes it for a yes (see above) and it does not say yes.
@pytest.mark.parametrize(
    "text, unparsed",
    [
        *[("Yes.", 0), ("YES!", 0), ("It is not.", 0), ("No.", 0), ("No, never", 0)],
        *[("I see. Yes.", 0), ("Yes. No", 0)],
        *[("NO", 1), ("NO.", 1), ("NO!", 1), ("No!", 1), ("no\n", 1), ("no;", 1), ("NOT there", 1)],
        *[
            ("**No**", 1),
            ("There isn't.", 1),
            ("I see. No.", 1),
            ("Nothing", 1),
            ("", 1),
            ("noon", 1),
        ],
        *[("yesterday", 1), ("\u306f\u3044", 1)],
    ],
)
def test_unparsed(text, unparsed):
    assert pope_unparsed(predict((text, "no"))).value == unparsed


def test_without_a_predicted_yes_precision_is_nan_with_a_reason():
    found = pope_precision(predict(("No", "yes"), ("No", "no")))
    assert math.isnan(found.value) and found.reason == "no answer counts as yes"
    assert math.isnan(pope_recall(predict(("No", "no"))).value)


@pytest.mark.parametrize("metric", METRICS)
def test_of_nothing_is_nan(metric):
    assert math.isnan(metric([]).value) and len(metric([]).rows) == 0


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=30)
@given(predictions=SAMPLES.filter(bool), order=st.randoms(use_true_random=False))
def test_properties(metric, predictions, order):
    found = metric(predictions)
    assert len(found.rows) == len(predictions)
    assert math.isnan(found.value) or 0 <= found.value <= 1
    assert fold(found.fold, found.rows) == pytest.approx(found.value, nan_ok=True)
    weights = np.arange(len(predictions)) % 3.0
    expected = metric([p for p, w in zip(predictions, weights, strict=True) for _ in range(int(w))])
    assert fold_many(found.fold, found.rows, weights[None])[0] == pytest.approx(
        expected.value, nan_ok=True
    )
    order.shuffle(predictions)
    assert metric(predictions).value == pytest.approx(found.value, nan_ok=True)


def test_perfect():
    predictions = predict(("Yes", "yes"), ("No.", "no"), ("yes, it is", "yes"), ("not there", "no"))
    assert [metric(predictions).value for metric in METRICS] == [1, 1, 1, 1, 0.5, 0]
