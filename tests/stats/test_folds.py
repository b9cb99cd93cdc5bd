"""Folds: from rows to a value, by name."""

import math

import numpy as np
import pytest

from mmbench import stats
from mmbench.errors import UnknownName


def test_mean_over_splits_is_not_the_mean_over_rows() -> None:
    # COCO 1K: folds of unequal size weigh the same.
    one, two = stats.score([1.0, 1.0, 1.0]), stats.score([0.0])
    both = stats.over_splits([one, two])
    assert both.value == 0.5
    assert both.fold == "split-mean:mean"
    assert stats.fold(both.fold, both.rows) == both.value
    assert both.signature == "splits=2,fold=mean"


def test_a_stored_score_folds_again_from_its_rows() -> None:
    score = stats.score([3.0, 1.0, 2.0, 10.0], fold_name="median", better="lower")
    assert score.value == 2.5
    assert stats.fold(score.fold, score.rows) == score.value


@pytest.mark.parametrize("name", ["mean", "median", "split-mean:mean"])
def test_nothing_folds_to_nan(name: str) -> None:
    assert math.isnan(stats.fold(name, np.empty((0, 2))))


def test_unknown_fold_is_answered_with_the_near_ones() -> None:
    with pytest.raises(UnknownName, match="median"):
        stats.fold("medain", np.zeros((1, 1)))


def test_bounds_are_the_score_with_the_failed_all_wrong_and_all_right() -> None:
    score = stats.score([1.0, 1.0, 0.0], worst=0, best=1)
    assert stats.bounds(score, 1) == (2 / 4, 3 / 4)
    assert stats.bounds(score, 0) is None
    assert stats.bounds(stats.score([1.0], better="lower"), 1) is None
