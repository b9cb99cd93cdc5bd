"""Metrics of matching: against the official functions, a hand count and their definition."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.errors import DataError
from mmbench.metrics.composition.matching import group_score, image_score, match_ties, text_score
from mmbench.types import Prediction

PAIRS = [[1, 0], [0, 1]]
CHOICE = [[1, 0, 0]]


def predictions(target: list[list[int]], *scores: Any) -> list[Prediction]:
    return [
        Prediction(str(i), np.array(one, np.float64).ravel(), target)
        for i, one in enumerate(scores)
    ]


# Rows: images; columns: captions. What the paper's figure 3 and equations 1 to 3 give, by hand.
BY_HAND = [
    # scores, text, image, group, tied
    ([[0.9, 0.1], [0.2, 0.8]], 1, 1, 1, 0),
    ([[0.9, 0.8], [0.1, 0.2]], 1, 0, 0, 0),  # each image finds its caption; caption 2 does not
    ([[0.9, 0.1], [0.95, 0.99]], 1, 0, 0, 0),
    ([[0.3, 0.9], [0.1, 0.95]], 0, 1, 0, 0),
    ([[0.1, 0.9], [0.8, 0.2]], 0, 0, 0, 0),
    ([[0.5, 0.5], [0.5, 0.5]], 0, 0, 0, 1),  # a constant model
    ([[0.9, 0.9], [0.1, 0.95]], 0, 1, 0, 1),  # a tie of image 1 is wrong
    ([[0.9, 0.1], [0.9, 0.95]], 1, 0, 0, 1),  # a tie of caption 1 is wrong
    ([[0.9, 0.3], [0.3, 0.8]], 1, 1, 1, 0),  # equal wrong pairs are no tie
]


@pytest.mark.parametrize(("scores", "text", "image", "group", "tied"), BY_HAND)
def test_a_sample_by_hand(scores: Any, text: int, image: int, group: int, tied: int) -> None:
    one = predictions(PAIRS, scores)
    assert text_score(one).value == text
    assert image_score(one).value == image
    assert group_score(one).value == group
    assert match_ties(one).value == tied


def test_the_scores_are_means_with_a_row_for_each_sample() -> None:
    many = predictions(PAIRS, *(scores for scores, *_ in BY_HAND))
    for metric, column in ((text_score, 1), (image_score, 2), (group_score, 3), (match_ties, 4)):
        score = metric(many)
        assert score.rows[:, 0].tolist() == [row[column] for row in BY_HAND]
        assert (score.fold, score.value) == ("mean", pytest.approx(score.rows.mean()))
        assert score.signature == "fold=mean,ties=wrong"


def official(scores: Any) -> tuple[bool, bool, bool]:
    """text_correct, image_correct and group_correct of statistics/compute_statistics.py."""
    result = {f"c{c}_i{i}": scores[i][c] for c in (0, 1) for i in (0, 1)}
    text = result["c0_i0"] > result["c1_i0"] and result["c1_i1"] > result["c0_i1"]
    image = result["c0_i0"] > result["c0_i1"] and result["c1_i1"] > result["c1_i0"]
    return text, image, text and image


@given(st.lists(st.lists(st.integers(-3, 3), min_size=4, max_size=4), min_size=1, max_size=20))
def test_the_official_functions_give_the_same(drawn: list[list[int]]) -> None:
    many = predictions(PAIRS, *drawn)
    expected = [official(np.reshape(one, (2, 2))) for one in drawn]
    for metric, column in ((text_score, 0), (image_score, 1), (group_score, 2)):
        assert metric(many).rows[:, 0].tolist() == [row[column] for row in expected]


def test_chance_is_a_quarter_a_quarter_and_a_sixth() -> None:
    drawn = np.random.default_rng(0).random((3_000, 4))
    many = predictions(PAIRS, *drawn)
    for metric, chance in ((text_score, 1 / 4), (image_score, 1 / 4), (group_score, 1 / 6)):
        assert metric(many).value == pytest.approx(chance, abs=0.03)


def test_one_image_with_several_texts_is_a_choice_of_texts() -> None:
    many = predictions(CHOICE, [3, 1, 2], [2, 2, 1], [1, 0, 2], [-1, -2, -3])
    score = text_score(many)
    assert score.rows[:, 0].tolist() == [1, 0, 0, 1]
    assert match_ties(many).rows[:, 0].tolist() == [0, 1, 0, 0]


@pytest.mark.parametrize("metric", [image_score, group_score])
def test_no_choice_of_images_is_no_score(metric: Any) -> None:
    score = metric(predictions(CHOICE, [3, 1, 2]))
    assert math.isnan(score.value)
    assert "without several images" in score.reason


def test_a_correct_pair_needs_a_number_of_its_own() -> None:
    """Two images share the text of the first: only this image and this text are compared."""
    target = [[1], [0]]
    many = predictions(target, [2, 1], [1, 2], [1, 1])
    assert image_score(many).rows[:, 0].tolist() == [1, 0, 0]
    assert math.isnan(text_score(many).value)


def test_other_predictions_are_refused() -> None:
    with pytest.raises(DataError, match="sample 0 has no matrix"):
        text_score([Prediction("0", "a text", "a target")])
    with pytest.raises(DataError, match="use a task of kind matching"):
        text_score([Prediction("0", np.zeros(3), PAIRS)])


def test_no_samples_give_nan() -> None:
    assert math.isnan(group_score([]).value)
