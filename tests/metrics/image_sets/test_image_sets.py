"""Metrics of image sets beside their definitions, exact values, and the official functions."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.spatial.distance import cdist

from mmbench.metric_names import metric_info
from mmbench.metrics.image_sets import distances as sets
from mmbench.metrics.image_sets import prdc
from mmbench.metrics.image_sets.distances import Moments, frechet_distance
from mmbench.metrics.image_sets.features import stack
from mmbench.metrics.image_sets.kernel import polynomial_subsets
from mmbench.stats import fold
from mmbench.types import Features, InvalidContent, Media, Prediction, Score

NAMED = [sets.fid, sets.kid, *(getattr(sets, f"prdc_{x}") for x in
         ("precision", "recall", "density", "coverage"))]  # fmt: skip
ALL: list[Callable[..., Score]] = [*NAMED, sets.cmmd, sets.inception_score]
# The same examples in each run, and no clock: the machine may be busy.
steady = settings(max_examples=60, derandomize=True)
Sets = tuple[list[Prediction], list[Features]]


def peer_module(module: str) -> Any:
    """A module of an official package. Three of the packages need torchvision."""
    return pytest.importorskip(module, reason=f"{module}: see `make test-torchvision`")


def of(drawn: Any, real: Any, *, shift: int = 0) -> Sets:
    """Predictions of two sets, with ids that are paired up to `shift`."""
    drawn, real = (np.asarray(side, dtype=np.float32) for side in (drawn, real))
    width = max(drawn.shape[-1], real.shape[-1]) if drawn.ndim == real.ndim == 2 else 3
    nothing = np.empty((0, width), np.float32)
    count = max(len(drawn), len(real) + shift)
    features = [
        {
            "drawn": drawn[i : i + 1] if i < len(drawn) else nothing,
            "real": real[i - shift : i - shift + 1] if 0 <= i - shift < len(real) else nothing,
        }
        for i in range(count)
    ]
    return [Prediction(f"image {i}") for i in range(count)], features


def measure(metric: Callable[..., Score], given: Sets) -> Score:
    predictions, features = given
    argument = ("tf",) if metric in NAMED else ()
    return metric(predictions, *argument, features=features)


def value(metric: Callable[..., Score], drawn: Any, real: Any) -> float:
    return measure(metric, of(drawn, real)).value


def normal(seed: int, n: int, d: int, offset: float = 0.0) -> Any:
    """Correlated features, as float32 has them."""
    draws = np.random.default_rng(seed)
    mixed = draws.standard_normal((n, d)) @ draws.standard_normal((d, d)) + offset
    return mixed.astype(np.float32)


def distance(a: Any, b: Any) -> float:
    return frechet_distance(Moments.from_rows(np.asarray(a)), Moments.from_rows(np.asarray(b)))


# --- Fréchet distance ---------------------------------------------------------------------------


def statistics(features: Any) -> tuple[Any, Any]:
    exact = np.asarray(features, np.float64)
    return exact.mean(axis=0), np.cov(exact, rowvar=False)


def torch_fidelity(m1: Any, s1: Any, m2: Any, s2: Any) -> float:
    module = peer_module("torch_fidelity.metric_fid")
    pair = ({"mu": m1, "sigma": s1}, {"mu": m2, "sigma": s2})
    return float(module.fid_statistics_to_metric(*pair, False)[module.KEY_METRIC_FID])


def pytorch_fid(*moments: Any) -> float:
    return float(peer_module("pytorch_fid.fid_score").calculate_frechet_distance(*moments))


def clean_fid(*moments: Any) -> float:
    return float(peer_module("cleanfid.fid").frechet_distance(*moments))


def torchmetrics(*moments: Any) -> float:
    found = peer_module("torchmetrics.image.fid")
    return float(found._compute_fid(*(torch.from_numpy(x) for x in moments)))


@pytest.mark.parametrize("peer", [torch_fidelity, pytorch_fid, clean_fid, torchmetrics])
@pytest.mark.parametrize(("n", "m", "d"), [(400, 300, 64), (1200, 1000, 100), (90, 70, 3)])
def test_the_distance_is_that_of_the_peers(
    peer: Callable[..., float], n: int, m: int, d: int
) -> None:
    drawn, real = normal(0, n, d), normal(1, m, d, 0.3)
    expected = peer(*statistics(drawn), *statistics(real))
    assert value(sets.fid, drawn, real) == pytest.approx(expected, rel=1e-9)


def test_the_distance_of_diagonal_covariances_by_hand() -> None:
    """Two points per axis, ± s, of four: variances 2s²/3, and Σ (√v₁ - √v₂)² beside 3² + 4²."""
    a, b = np.diag([1.0, 2.0]), np.diag([3.0, 1.0])
    a, b = np.vstack([a, -a]), np.vstack([b, -b]) + np.array([3.0, 4.0])
    expected = 9 + 16 + (2 / 3) * ((1 - 3) ** 2 + (2 - 1) ** 2)
    assert distance(a, b) == pytest.approx(expected, rel=1e-14)


def test_the_distance_of_commuting_covariances() -> None:
    """With one basis of eigenvectors it is the distance of the roots of the eigenvalues."""
    draws = np.random.default_rng(3)
    basis = np.linalg.qr(draws.standard_normal((6, 6)))[0]
    first, second = draws.uniform(0.1, 3, 6), draws.uniform(0.1, 3, 6)
    cross = np.vstack([np.eye(6), -np.eye(6)])
    a, b = cross * first @ basis, cross * second @ basis
    expected = 2 / 11 * ((first - second) ** 2).sum()
    assert distance(a, b) == pytest.approx(expected, rel=1e-13)


def exact(a: Any, b: Any) -> float:
    """In 40 digits; the trace of the root is the sum of singular values of A Bᵀ, for Σ = AᵀA."""
    mp = pytest.importorskip("mpmath")
    with mp.workdps(40):
        (first, m1), (second, m2) = (_centred(mp, side) for side in (a, b))
        roots = mp.svd_r(first * second.T, compute_uv=False)
        total = mp.fsum((x - y) ** 2 for x, y in zip(m1, m2, strict=True))
        total += mp.fsum(x * x for x in first) + mp.fsum(x * x for x in second)
        return float(total - 2 * mp.fsum(roots))


def _centred(mp: Any, rows: Any) -> tuple[Any, Any]:
    table = mp.matrix(np.asarray(rows, np.float64).tolist())
    n, d = table.rows, table.cols
    means = [mp.fsum(table[i, j] for i in range(n)) / n for j in range(d)]
    spread = [[(table[i, j] - means[j]) / mp.sqrt(n - 1) for j in range(d)] for i in range(n)]
    return mp.matrix(spread), means


def singular() -> dict[str, tuple[Any, Any]]:
    draws = np.random.default_rng(5)
    a, b = draws.standard_normal((10, 20)), draws.standard_normal((12, 20))
    line, scales = np.outer(a[0], b[0]), 10.0 ** -np.arange(20)
    dead = a * (np.arange(20) % 3 > 0)
    return {
        "fewer images than features": (a, b),
        "a set and its copy, moved": (a, a + 0.01),
        "on a line each": (line, np.outer(b[1], a[1])),
        "copies of few": (np.repeat(a[:3], 4, axis=0), np.repeat(b[:4], 3, axis=0)),
        "features of all scales": (a * scales, b * scales),
        "dead features": (dead, dead[::-1] * 1.1 + 7),
        "one of them a point": (a, np.repeat(b[:1], 5, axis=0)),
        "both points": (np.repeat(a[:1], 5, axis=0), np.repeat(b[:1], 5, axis=0)),
    }


@pytest.mark.parametrize("case", singular())
def test_singular_covariances_are_exact(case: str) -> None:
    a, b = singular()[case]
    assert distance(a, b) == pytest.approx(exact(a, b), rel=1e-11)
    assert distance(b, a) == pytest.approx(exact(a, b), rel=1e-11)


def test_a_large_offset_costs_no_digits() -> None:
    """The moments are right about the mean; sums of squares would have lost all digits."""
    a, b = (np.round(normal(i, 50, 5) * 64) / 64 + 2.0**20 for i in (0, 1))
    moved = distance(a - 2.0**20, b - 2.0**20)
    assert distance(a, b) == pytest.approx(moved, rel=1e-9)


def test_moments_do_not_depend_on_the_batches() -> None:
    rows = normal(0, 500, 6, 100.0)
    whole, parts, apart = Moments.from_rows(rows), Moments(6), Moments(6)
    for batch in np.split(rows, [1, 1, 7, 300]):
        parts.update(batch)
    apart.merge(Moments.from_rows(rows[:123]))
    apart.merge(Moments(6))
    apart.merge(Moments.from_rows(rows[123:]))
    mean, covariance = statistics(rows)
    for found in (whole, parts, apart):
        assert found.count == 500
        np.testing.assert_allclose(found.mean, mean, rtol=1e-13)
        np.testing.assert_allclose(found.covariance, covariance, rtol=1e-10)


def test_fewer_than_two_have_no_covariance() -> None:
    one = Moments.from_rows(np.ones((1, 3)))
    assert np.isnan(one.covariance).all()
    assert math.isnan(frechet_distance(one, Moments.from_rows(normal(0, 5, 3))))


TABLES = arrays(np.float64, (7, 4), elements=st.floats(-100, 100, width=32))


@steady
@given(TABLES)
def test_a_set_is_at_no_distance_of_itself(a: Any) -> None:
    assert 0 <= distance(a, a[::-1]) <= 1e-9 * (1 + np.cov(a, rowvar=False).trace())


@steady
@given(TABLES, TABLES)
def test_the_distance_is_symmetric_and_never_negative(a: Any, b: Any) -> None:
    there, back = distance(a, b), distance(b, a)
    scale = 1 + (a**2).sum() + (b**2).sum()
    assert there >= 0
    assert abs(there - back) <= 1e-9 * scale


@steady
@given(TABLES, arrays(np.float64, 4, elements=st.floats(-100, 100, width=32)))
def test_a_moved_set_is_as_far_as_it_was_moved(a: Any, by: Any) -> None:
    scale = 1 + (a**2).sum() + (by**2).sum()
    assert abs(distance(a, a + by) - by @ by) <= 1e-9 * scale


@steady
@given(TABLES, TABLES, st.integers(0, 2**32 - 1))
def test_turning_both_sets_changes_nothing(a: Any, b: Any, seed: int) -> None:
    turn = np.linalg.qr(np.random.default_rng(seed).standard_normal((4, 4)))[0]
    # Singular directions of a turned set are only known to the root of a rounding.
    scale = 1 + (a**2).sum() + (b**2).sum()
    assert abs(distance(a @ turn, b @ turn) - distance(a, b)) <= 1e-6 * scale


# --- Kernels ------------------------------------------------------------------------------------


def naive_kid(x: Any, y: Any) -> float:
    """The unbiased estimate, pair by pair (Bińkowski et al. 2018, equation 4)."""

    def k(a: Any, b: Any) -> float:
        return float((np.dot(a, b) / len(a) + 1) ** 3)

    n, m = len(x), len(y)
    same = sum(k(x[i], x[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
    same += sum(k(y[i], y[j]) for i in range(m) for j in range(m) if i != j) / (m * (m - 1))
    return same - 2 * sum(k(a, b) for a in x for b in y) / (n * m)


def test_kid_of_sets_of_one_size_is_the_definition() -> None:
    x, y = normal(0, 12, 5), normal(1, 12, 5, 0.5)
    found = measure(sets.kid, of(x, y))
    assert found.value == pytest.approx(naive_kid(x.astype(float), y.astype(float)), rel=1e-12)
    assert found.interval is None
    assert "no interval" in found.reason


def test_kid_is_torch_fidelitys() -> None:
    x, y = normal(0, 150, 16), normal(1, 120, 16, 0.2)
    settings_ = {"kid_kernel": "poly", "kid_kernel_poly_degree": 3, "kid_kernel_poly_gamma": None,
                 "kid_kernel_poly_coef0": 1, "kid_subsets": 100, "kid_subset_size": 40,
                 "verbose": False, "rng_seed": 2020}  # fmt: skip
    official = peer_module("torch_fidelity.metric_kid")
    pair = (torch.from_numpy(side.astype(np.float64)) for side in (x, y))
    expected = official.kid_features_to_metric(*pair, **settings_)
    found = polynomial_subsets(x, y, subsets=100, size=40, seed=2020)
    assert found.mean() == pytest.approx(expected[official.KEY_METRIC_KID_MEAN], rel=1e-10)
    assert found.std() == pytest.approx(expected[official.KEY_METRIC_KID_STD], rel=1e-10)


def test_kid_is_clean_fids_up_to_the_draws() -> None:
    x, y = normal(0, 60, 8), normal(1, 60, 8, 0.4)
    official = peer_module("cleanfid.fid").kernel_distance
    expected = official(x.astype(float), y.astype(float), num_subsets=1)
    assert value(sets.kid, x, y) == pytest.approx(expected, rel=1e-9)


def test_kid_of_more_than_a_subset_has_an_interval(monkeypatch: pytest.MonkeyPatch) -> None:
    assert (sets._SUBSETS, sets._SUBSET) == (100, 1000)  # clean-fid's
    monkeypatch.setattr(sets, "_SUBSET", 100)
    x, y = normal(0, 130, 4), normal(1, 150, 4, 0.3)
    found = measure(sets.kid, of(x, y))
    pair = (stack(*of(x, y), name)[0] for name in ("drawn", "real"))
    values = polynomial_subsets(*pair, subsets=100, size=100, seed=2020)
    assert found.value == pytest.approx(values.mean(), rel=1e-12)
    half = 1.96 * values.std(ddof=1) * math.sqrt(100 / 30 + 1 / 100)
    assert found.interval == pytest.approx((values.mean() - half, values.mean() + half))
    assert "subsets=100x100" in found.signature


def test_the_interval_of_kid_covers_the_truth(monkeypatch: pytest.MonkeyPatch) -> None:
    """Of 100 worlds with a known distance, about 95 intervals hold it.

    The kernel's expectation over two normals N(0, I), N(c, I) in one dimension, by its moments:
    E(xy + 1)³ = 1 + 3 E²x + 3 E²x² + E²x³ within a set, and the mixed products between.
    """
    monkeypatch.setattr(sets, "_SUBSET", 40)
    moments = [np.array([1, c, c**2 + 1, c**3 + 3 * c]) for c in (0.0, 0.7)]
    apart = moments[0] - moments[1]
    truth = float(np.array([1, 3, 3, 1]) @ apart**2)
    draws, hits = np.random.default_rng(8), 0
    for _ in range(100):
        x, y = draws.standard_normal((2, 200, 1))
        low, high = measure(sets.kid, of(x, y + 0.7)).interval or (math.nan, math.nan)
        hits += low <= truth <= high
    print("HITS", hits)
    assert 89 <= hits <= 99


def naive_cmmd(x: Any, y: Any) -> float:
    def k(a: Any, b: Any) -> Any:
        return np.exp(-cdist(a, b, "sqeuclidean") / (2 * 10.0**2)).mean()

    return float(1000 * (k(x, x) + k(y, y) - 2 * k(x, y)))


def test_cmmd_is_the_definition() -> None:
    x, y = (normal(i, 30 + i, 6, i) for i in (0, 1))
    x, y = (side / np.linalg.norm(side, axis=1, keepdims=True) for side in (x, y))
    assert value(sets.cmmd, x, y) == pytest.approx(naive_cmmd(x, y), rel=1e-6)
    assert value(sets.cmmd, x, x) == 0
    wants: Any = metric_info("cmmd").wants
    assert wants.normalise


def test_cmmd_of_blocks_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = normal(0, 30, 6), normal(1, 25, 6)
    expected = value(sets.cmmd, x, y)
    monkeypatch.setattr("mmbench.metrics.image_sets.kernel._ROWS", 7)
    assert value(sets.cmmd, x, y) == pytest.approx(expected, rel=1e-12)


def test_cmmd_of_the_same_images_in_other_numbers_is_nothing_and_not_less() -> None:
    for seed in range(20):
        x = normal(seed, 11, 5)
        assert 0 <= value(sets.cmmd, x, np.repeat(x, 2, axis=0)) < 1e-9


def test_cmmd_of_two_points_by_hand() -> None:
    # Opposite unit vectors: |x - y|² = 4, so 1000 · (2 - 2 exp(-4 / 200)).
    found = value(sets.cmmd, [[1.0, 0.0]], [[-1.0, 0.0]])
    assert found == pytest.approx(39.602653386, rel=1e-9)


# --- Precision, recall, density and coverage ----------------------------------------------------


def naive_prdc(drawn: Any, real: Any, k: int = 5) -> dict[str, float]:
    def radii(side: Any) -> Any:
        return np.sort(cdist(side, side), axis=1)[:, k]

    apart, reach_real, reach_drawn = cdist(real, drawn), radii(real), radii(drawn)
    inside = apart < reach_real[:, None]
    return {
        "precision": inside.any(axis=0).mean(),
        "recall": (apart < reach_drawn).any(axis=1).mean(),
        "density": inside.sum(axis=0).mean() / k,
        "coverage": inside.any(axis=1).mean(),
    }


def all_prdc(drawn: Any, real: Any) -> dict[str, float]:
    names = ("precision", "recall", "density", "coverage")
    return {name: value(getattr(sets, f"prdc_{name}"), drawn, real) for name in names}


@pytest.mark.parametrize(("n", "m", "d", "offset"), [(60, 80, 4, 0.5), (200, 90, 16, 0.1)])
def test_prdc_is_the_definition(n: int, m: int, d: int, offset: float) -> None:
    drawn, real = normal(0, n, d) * 0.8, normal(1, m, d, offset)
    expected = naive_prdc(drawn.astype(float), real.astype(float))
    assert 0 < expected["precision"] < 1
    assert all_prdc(drawn, real) == pytest.approx(expected, rel=1e-12)


def test_prdc_is_clovaais() -> None:
    official = pytest.importorskip("prdc").compute_prdc
    drawn, real = normal(0, 70, 8) * 0.8, normal(1, 50, 8, 0.2)
    expected = official(real_features=real, fake_features=drawn, nearest_k=5)
    assert all_prdc(drawn, real) == pytest.approx(dict(expected), rel=1e-12)


def test_prdc_of_blocks_is_that_of_the_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    drawn, real = normal(0, 70, 8) * 0.8, normal(1, 50, 8, 0.2)
    expected = all_prdc(drawn, real)
    monkeypatch.setattr("mmbench.metrics.image_sets.balls._PAIRS", 200)
    monkeypatch.setattr("mmbench.metrics.image_sets.prdc._LAST", {})
    assert all_prdc(drawn, real) == expected


def test_prdc_of_points_on_a_line_by_hand() -> None:
    """Real 0 ... 9 and drawn 4.5 and 20 x 5. The ball of an inner point reaches to 3 (5th nearest).

    4.5 is within 3 of 2 ... 7 and, as balls of 0, 1, 8, 9 reach to 5, 4, 4, 5, of all: 10 balls.
    """
    real = np.arange(10.0)[:, None]
    drawn = np.array([[4.5], *[[20.0]] * 5])
    found = all_prdc(drawn, real)
    assert found["precision"] == pytest.approx(1 / 6)
    assert found["density"] == pytest.approx(10 / 5 / 6)
    assert found["coverage"] == 1
    # The ball of 4.5 reaches to 20; those of 20 reach to 4.5, or nowhere: the comparison is strict.
    assert found["recall"] == 1


def test_the_fifth_neighbour_itself_is_not_inside() -> None:
    """Whole numbers in three dimensions: all is a tie, in which distances must be exact."""
    draws = np.random.default_rng(2)
    drawn, real = (draws.integers(0, 5, (60, 3)).astype(np.float32) for _ in range(2))
    squared = [
        ((x[:, None] - y) ** 2).sum(axis=2)
        for x, y in ((real, drawn), (real, real), (drawn, drawn))
    ]
    apart, within_real, within_drawn = squared
    inside = apart < np.sort(within_real, axis=1)[:, 5, None]
    expected = {
        "precision": inside.any(axis=0).mean(),
        "recall": (apart < np.sort(within_drawn, axis=1)[:, 5]).any(axis=1).mean(),
        "density": inside.sum(axis=0).mean() / 5,
        "coverage": inside.any(axis=1).mean(),
    }
    assert all_prdc(drawn, real) == pytest.approx(expected, rel=1e-12)
    assert all_prdc(drawn / 64 + 3, real / 64 + 3) == pytest.approx(expected, rel=1e-12)


def test_copies_of_an_image_are_as_far_as_the_image() -> None:
    """Six copies have balls of no size, in which nothing is: not even another copy."""
    real = normal(0, 400, 300, 10.0)
    copied = np.repeat(real, 6, axis=0)
    assert all_prdc(real, copied) == {"precision": 0, "recall": 1, "density": 0, "coverage": 0}
    # A drawing lies in the balls of the copies of another real image as often as in those of it.
    found = measure(sets.prdc_density, of(copied, real))
    hits = found.rows[:2400, 0].reshape(400, 6)
    assert (hits == hits[:, :1]).all()


def test_prdc_of_a_set_with_itself() -> None:
    same = normal(0, 40, 6, 1000.0)
    found = all_prdc(same, same)
    assert (found["precision"], found["recall"], found["coverage"]) == (1, 1, 1)
    # Each is in its own ball and in those of whom it is one of the first four neighbours: 5 on
    # average, whatever the distances, because the fifth is not inside.
    assert found["density"] == 1


def test_each_needs_neighbours_on_the_side_of_its_balls() -> None:
    few, many = normal(0, 3, 4), normal(1, 9, 4)
    nan = {name for name, found in all_prdc(few, many).items() if math.isnan(found)}
    assert nan == {"recall"}
    nan = {name for name, found in all_prdc(many, few).items() if math.isnan(found)}
    assert nan == {"precision", "density", "coverage"}


def test_only_the_last_comparison_is_kept() -> None:
    for seed in range(3):
        all_prdc(normal(seed, 9, 4), normal(1, 9, 4))
    assert len(prdc._LAST) == 1


def test_prdc_of_sets_far_apart_is_nothing() -> None:
    found = all_prdc(normal(0, 20, 3), normal(1, 20, 3) + 1e4)
    assert found == {"precision": 0, "recall": 0, "density": 0, "coverage": 0}


def test_prdc_has_a_row_per_prediction() -> None:
    drawn, real = normal(0, 9, 3), normal(1, 7, 3)
    given_ = of(drawn, real, shift=4)
    averaged = {"precision": range(9), "density": range(9), "recall": range(4, 11),
                "coverage": range(4, 11)}  # fmt: skip
    for name, there in averaged.items():
        found = measure(getattr(sets, f"prdc_{name}"), given_)
        assert found.rows.shape == (11, 2)
        assert list(np.flatnonzero(found.rows[:, 1])) == list(there)
        assert "balls=fixed" in found.signature
        each = 5 if name == "density" else 1
        assert set(found.rows[list(there), 1]) == {each}
        assert found.value == pytest.approx(found.rows[list(there), 0].mean() / each, rel=1e-12)


# --- Inception score ----------------------------------------------------------------------------


def torch_fidelity_score(logits: Any, splits: int) -> float:
    module = peer_module("torch_fidelity.metric_isc")
    found = module.isc_features_to_metric(torch.from_numpy(logits), splits, False)
    return float(found[module.KEY_METRIC_ISC_MEAN])


@pytest.mark.parametrize("n", [10, 57, 200])
def test_the_inception_score_is_torch_fidelitys(n: int) -> None:
    logits = normal(0, n, 30)
    given_ = of(logits, np.empty((0, 30)))
    expected = torch_fidelity_score(stack(*given_, "drawn")[0], 10)
    assert measure(sets.inception_score, given_).value == pytest.approx(expected, rel=1e-12)


def test_the_inception_score_is_one_to_the_number_of_classes() -> None:
    same = np.tile(normal(0, 1, 8), (20, 1))
    assert value(sets.inception_score, same, np.empty((0, 8))) == pytest.approx(1, abs=1e-12)
    sure = np.zeros((20, 2), np.float32)
    _, owners = stack(*of(sure, np.empty((0, 2))), "drawn")
    sure[owners, np.arange(20) % 2] = 1000.0  # one of each class in every split
    assert value(sets.inception_score, sure, np.empty((0, 2))) == pytest.approx(2, rel=1e-12)


# --- All ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_nothing_is_nan_with_a_reason(metric: Callable[..., Score]) -> None:
    nothing = np.empty((0, 3))
    cases = [([], []), of(nothing, nothing), of(nothing, normal(0, 9, 3))]
    if metric is not sets.inception_score:
        cases.append(of(normal(0, 9, 3), nothing))
    for case in cases:
        found = measure(metric, case)
        assert math.isnan(found.value)
        assert "at least" in found.reason
        assert "are needed, but there are" in found.reason


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_too_few_are_nan_with_a_reason(metric: Callable[..., Score]) -> None:
    if metric is sets.cmmd:
        return
    found = measure(metric, of(normal(0, 1, 3), normal(1, 1, 3)))
    assert math.isnan(found.value)
    assert "are needed, but there are 1" in found.reason


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_what_is_not_finite_is_nan_with_a_reason(metric: Callable[..., Score]) -> None:
    drawn = normal(0, 12, 3)
    drawn[5, 1] = np.inf
    found = measure(metric, of(drawn, normal(1, 12, 3)))
    assert math.isnan(found.value)
    assert found.reason == "a feature of a drawn image is not finite"


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
@settings(steady, max_examples=10)
@given(order=st.permutations(range(14)))
def test_the_order_changes_no_bit(metric: Callable[..., Score], order: Sequence[int]) -> None:
    predictions, features = of(normal(0, 14, 3), normal(1, 9, 3), shift=2)
    found = measure(metric, (predictions, features))
    moved = measure(metric, ([predictions[i] for i in order], [features[i] for i in order]))
    assert moved.value == found.value
    assert moved.interval == found.interval


@pytest.mark.parametrize("metric", ALL, ids=lambda m: m.__name__)
def test_the_value_is_the_fold_of_the_rows(metric: Callable[..., Score]) -> None:
    found = measure(metric, of(normal(0, 14, 3), normal(1, 9, 3)))
    assert math.isfinite(found.value)
    assert fold(found.fold, found.rows) == found.value
    assert found.rows.dtype == np.float64
    whole = found.fold == "whole"
    assert whole == ("prdc" not in metric.__name__)
    assert bool(found.reason) == whole
    assert found.better == ("lower" if metric in (sets.fid, sets.kid, sets.cmmd) else "higher")
    for end, sign in ((found.worst, 1), (found.best, -1)):
        assert (
            end is None or (found.value - end) * sign * (-1 if found.better == "lower" else 1) >= 0
        )


@pytest.mark.parametrize("metric", NAMED, ids=lambda m: m.__name__)
def test_the_features_are_asked_for(metric: Any) -> None:
    wants = metric.info.wants
    assert not wants.normalise
    assert wants.model is None
    assert wants.variants == {
        "tf": ("inception", {"resize": "tf"}),
        "clean": ("inception", {"resize": "clean"}),
    }
    image, other = Media("image", "a.png"), Media("image", "b.png")
    assert wants.contents(Prediction("1", image, other)) == {"drawn": [image], "real": [other]}
    assert wants.contents(Prediction("1", image)) == {"drawn": [image], "real": []}
    assert wants.contents(Prediction("1", target=other)) == {"drawn": [], "real": [other]}
    assert set(wants.modalities) == {"drawn", "real"}
    (broken,) = wants.contents(Prediction("1", "a text", other))["drawn"]
    assert isinstance(broken, InvalidContent)
    assert "features=clean" in metric([], "clean", features=[]).signature


def test_the_inception_score_wants_logits() -> None:
    wants: Any = metric_info("inception_score").wants
    assert (wants.model, wants.options) == (
        "inception",
        {"resize": "tf", "layer": "logits_unbiased"},
    )
    assert wants.contents(Prediction("1", Media("image", "a"), Media("image", "b"))) == {
        "drawn": [Media("image", "a")]
    }
