"""The excess of a share within strata, and its exact test."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import fisher_exact

from mmbench import stats
from mmbench.comparison.reference_errors.strata import stratified_exact_test

ROWS = st.lists(
    st.tuples(st.integers(0, 2), st.integers(0, 1), st.integers(0, 1)), min_size=1, max_size=9
)


def table(a: int, b: int, c: int, d: int, stratum: int = 0) -> list[list[float]]:
    """Rows of a 2 x 2 table: a of a + b in the first part, c of c + d in the second."""
    cells = [(1, 1)] * a + [(1, 0)] * b + [(0, 1)] * c + [(0, 0)] * d
    return [[stratum, part, value] for part, value in cells]


@pytest.mark.parametrize("cells", [(8, 2, 1, 9), (3, 1, 1, 3), (0, 4, 2, 5), (5, 0, 0, 60)])
def test_one_stratum_is_fishers_exact_test(cells: tuple[int, int, int, int]) -> None:
    a, b, c, d = cells
    p_value, _ = stratified_exact_test(np.array(table(*cells)))
    assert p_value == pytest.approx(fisher_exact([[a, b], [c, d]], "greater").pvalue)


@settings(max_examples=25, deadline=None)
@given(ROWS)
def test_the_exact_test_equals_the_count_of_all_permutations(
    rows: list[tuple[int, int, int]],
) -> None:
    array = np.array(rows, np.float64)
    sums = {0: 1}  # number of permutations by the sum in the first part
    observed = 0
    for stratum in set(array[:, 0]):
        own = array[array[:, 0] == stratum]
        n1 = int(own[:, 1].sum())
        if n1 in (0, len(own)):
            continue
        observed += int((own[:, 1] * own[:, 2]).sum())
        drawn = [int(sum(own[list(c), 2])) for c in combinations(range(len(own)), n1)]
        further: dict[int, int] = {}
        for total, ways in sums.items():
            for one in drawn:
                further[total + one] = further.get(total + one, 0) + ways
        sums = further
    expected = sum(ways for total, ways in sums.items() if total >= observed) / sum(sums.values())
    p_value, best = stratified_exact_test(array)
    assert p_value == pytest.approx(expected)
    assert best <= p_value + 1e-12


def test_the_excess_is_within_strata() -> None:
    # Simpson: the phrase of stratum 1 is mostly wrong everywhere, that of stratum 0 never.
    rows = np.array(table(9, 1, 90, 10, 1) + table(0, 2, 0, 200, 0))
    assert stats.fold("excess", rows) == pytest.approx(0)
    assert rows[rows[:, 1] == 1, 2].mean() - rows[rows[:, 1] == 0, 2].mean() > 0.4
    alone = np.array(table(5, 0, 0, 0, 7))  # a stratum without a second part is left out
    assert stats.fold("excess", np.concatenate([rows, alone])) == pytest.approx(0)


@settings(max_examples=25, deadline=None)
@given(ROWS, st.integers(0, 9))
def test_weights_of_the_excess_count_rows(rows: list[tuple[int, int, int]], seed: int) -> None:
    array = np.array(rows, np.float64)
    weights = np.random.default_rng(seed).integers(0, 3, len(rows))
    (value,) = stats.fold_many("excess", array, weights[None].astype(float))
    repeated = np.repeat(array, weights, axis=0)
    expected = stats.fold("excess", repeated)
    assert value == pytest.approx(expected, nan_ok=True)
