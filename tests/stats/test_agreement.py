"""Agreement of two raters: equal to scikit-learn and SciPy, with weights and missing labels."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.stats import fold, fold_many

PAIRS = st.lists(st.tuples(st.integers(0, 4), st.integers(0, 4)), min_size=2, max_size=25)


def peer(name: str, rows: np.ndarray) -> float:
    metrics = pytest.importorskip("sklearn.metrics", reason="scikit-learn is the peer of kappa")
    if name == "kendall":
        stats = pytest.importorskip("scipy.stats", reason="SciPy is the peer of tau-b")
        return float(stats.kendalltau(*rows.T).statistic)
    options: dict[str, Any] = {"labels": range(5)}
    if name == "quadratic":
        options["weights"] = "quadratic"
    with np.errstate(invalid="ignore"):
        return float(metrics.cohen_kappa_score(*rows.T.astype(int), **options))


@pytest.mark.filterwarnings("ignore")
@pytest.mark.parametrize("name", ["kappa", "quadratic", "kendall"])
@settings(max_examples=20)
@given(pairs=PAIRS)
def test_equal_to_the_official_implementations(name: str, pairs: list[tuple[int, int]]) -> None:
    rows = np.array(pairs, float)
    if len(np.unique(rows)) == 1:  # one category: scikit-learn divides 0 by 0
        assert math.isnan(fold(f"agreement@{name}", rows))
        return
    assert fold(f"agreement@{name}", rows) == pytest.approx(peer(name, rows), nan_ok=True)


@pytest.mark.parametrize("name", ["kappa", "quadratic", "kendall"])
def test_a_weight_counts_as_repeated_rows_and_missing_labels_do_not_count(name: str) -> None:
    rows = np.array([[0, 0], [1, 2], [2, 2], [3, 1], [4, 4]], float)
    unlabelled = np.vstack([rows, [[3, math.nan]], [[0, math.nan]]])
    weights = np.array([[1, 2, 0, 1, 1, 5, 0], [1, 1, 1, 1, 1, 1, 1]], float)
    repeated = np.repeat(rows, weights[0, :5].astype(int), axis=0)
    expected = [fold(f"agreement@{name}", repeated), fold(f"agreement@{name}", rows)]
    assert fold_many(f"agreement@{name}", unlabelled, weights) == pytest.approx(expected)
    assert math.isnan(fold(f"agreement@{name}", unlabelled[5:]))


def test_literal_kappa() -> None:
    # 20 yes-yes, 5 yes-no, 10 no-yes, 15 no-no: po = .7, pe = .5 (Wikipedia, "Cohen's kappa")
    rows = np.repeat([[1, 1], [1, 0], [0, 1], [0, 0]], [20, 5, 10, 15], axis=0).astype(float)
    assert fold("agreement@kappa", rows) == pytest.approx(0.4)
