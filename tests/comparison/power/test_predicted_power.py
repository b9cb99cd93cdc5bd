"""The power that plans predict is the power of the tests of `compare`, by simulation."""

import pytest

from benchmarks.power import check, check_gate, generated, rows_of_runs
from tests.support.paths import ROOT

RUNS = ("20261128-144048-unified-nano-7cc116", "20261128-144317-llava-nano-35c4be")


@pytest.mark.parametrize("share", [0.1, 1.0])
def test_right_and_wrong_answers_of_real_runs(share: float) -> None:
    pair, code = rows_of_runs(str(ROOT / "leaderboards"), RUNS, "exact_match")
    found = check(pair, code, share, 300)
    assert found.predicted == pytest.approx(0.8, abs=0.02)
    assert found.observed == pytest.approx(found.predicted, abs=0.07)  # 3 standard errors


@pytest.mark.parametrize("kind", ["answers", "words", "captions"])
def test_groups_of_unequal_sizes(kind: str) -> None:
    found = check(*generated(kind, 120), 1.0, 150)
    assert found.observed == pytest.approx(found.predicted, abs=0.1)


@pytest.mark.slow
@pytest.mark.parametrize("kind", ["answers", "words", "captions"])
@pytest.mark.parametrize("share", [0.25, 1.0])
def test_predicted_80_of_100_are_76_to_84(kind: str, share: float) -> None:
    found = check(*generated(kind, 300), share, 1000)
    assert found.predicted == pytest.approx(0.8, abs=0.02)
    assert 0.76 <= found.observed <= 0.84


@pytest.mark.slow
@pytest.mark.parametrize("loses", [False, True])
def test_a_gate_gives_the_planned_verdict(loses: bool) -> None:
    pair, code = rows_of_runs(str(ROOT / "leaderboards"), RUNS, "exact_match")
    found = check_gate(pair, code, 400, loses=loses)
    assert found.predicted == pytest.approx(0.8, abs=0.02)
    assert found.observed == pytest.approx(found.predicted, abs=0.06)
