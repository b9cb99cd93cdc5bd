"""The contributions of groups to a value: their mean is the value, and of a mean they are rows."""

import numpy as np
import pytest

from mmbench.stats import fold
from mmbench.stats.folds import Floats
from mmbench.stats.ranking.contributions import contributions

CODE = np.arange(40).repeat(3)


@pytest.fixture
def rows() -> Floats:
    return np.random.default_rng(0).random((120, 2)) + np.array([0, 1])


def test_the_contributions_to_a_mean_are_the_means_of_the_groups(rows: Floats) -> None:
    found = contributions("mean", [rows, 2 * rows], CODE, 40)
    assert found is not None
    assert found[:, 0] == pytest.approx(rows[:, 0].reshape(40, 3).mean(axis=1), abs=1e-4)
    assert found[:, 1] == pytest.approx(2 * found[:, 0])


@pytest.mark.parametrize("name", ["mean", "ratio", "root-mean", "v-measure"])
def test_the_mean_of_the_contributions_is_the_value(name: str, rows: Floats) -> None:
    table = (
        rows if name != "v-measure" else np.random.default_rng(1).integers(3, size=(120, 2)) * 1.0
    )
    found = contributions(name, [table], CODE, 40)
    assert found is not None
    # The mean without a block of a small sample is not the value of the whole sample.
    tolerance = 0.05 if name == "v-measure" else 1e-4
    assert found.mean() == pytest.approx(fold(name, table), abs=tolerance)


def test_the_spread_of_a_ratio_is_that_of_the_delta_method(rows: Floats) -> None:
    found = contributions("ratio", [rows], CODE, 40)
    assert found is not None
    above, below = rows.reshape(40, 3, 2).sum(axis=1).T
    value = above.sum() / below.sum()
    residual = (above - value * below) / below.mean()
    assert found[:, 0] - found.mean() == pytest.approx(residual, rel=1e-3, abs=1e-4)


def test_the_only_group_of_a_split_may_be_left_out_in_part() -> None:
    rows = np.column_stack([np.arange(6.0), [0, 1, 1, 1, 1, 1]])
    found = contributions("split-mean:mean", [rows], np.arange(6), 6)
    assert found is not None and np.isfinite(found).all()
    assert found[0] == pytest.approx(fold("split-mean:mean", rows))  # its split is its only row


def test_a_fold_of_single_rows_has_none(rows: Floats) -> None:
    assert contributions("median", [rows], CODE, 40) is None
    assert contributions("ratio", [np.zeros((120, 2))], CODE, 40) is None  # NaN
