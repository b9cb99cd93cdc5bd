"""Plans: from pairs of runs, from one run, from stated numbers; groups, costs, other scores."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from mmbench.comparison.compare import compare_runs
from mmbench.comparison.power.plan import plan
from mmbench.errors import DataError, MissingRows, UnknownName, UserError
from mmbench.stats.paired import MCNEMAR, PERMUTATION
from tests.support.boards import coins, model_info, write_record_alone, write_run
from tests.support.paths import ROOT

LLAVA, UNIFIED = "20261128-144317-llava-nano-35c4be", "20261128-144048-unified-nano-7cc116"


def answers(n: int = 400, flips: int = 40) -> tuple[list[float], list[float]]:
    """0/1 values of two models that disagree on `flips` samples, half of them in each direction."""
    a = coins(n, 0.6)
    right, wrong = (np.flatnonzero(np.array(a) == value)[: flips // 2] for value in (1, 0))
    b = np.array(a)
    b[right], b[wrong] = 0, 1
    return a, [float(value) for value in b]


def two(out: Path, **changes: Any) -> None:
    a, b = answers()
    write_run(out, "a", {"em": a}, **changes)
    write_run(out, "b", {"em": b}, **changes)


def test_a_pair_of_runs_decides(tmp_path: Path) -> None:
    two(tmp_path)
    made = plan("t", difference=0.02, out=tmp_path)
    assert (made.test, made.basis, made.samples, made.groups) == (MCNEMAR, "pair", 400, 400)
    assert made.pair is not None and made.needed is not None and made.achieved is not None
    assert (made.pair.agreement, made.pair.difference, made.pair.relation) == (0.9, 0, "one model")
    # Connor: (1.96 √.1 + .8416 √(.1 - .02²))² / .02² = 1,961, and 1 / .02 more for the exact test.
    assert made.needed.samples == pytest.approx(1961 + 50, rel=0.02)
    assert 0.1 < made.achieved < 0.3
    assert made.detectable == pytest.approx(2.8 * (0.1 / 400) ** 0.5, rel=0.1)


def test_a_stated_pair_is_planned_like_its_rows(tmp_path: Path) -> None:
    two(tmp_path)
    from_rows = plan("t", difference=0.02, out=tmp_path)
    stated = plan(accuracy=0.6, agreement=0.9, samples=400, difference=0.02)
    assert (stated.basis, stated.needed, stated.gate) == (
        "stated",
        from_rows.needed,
        from_rows.gate,
    )
    assert stated.detectable == from_rows.detectable


@pytest.mark.parametrize("difference", [0.5, 0.6, 1, "100%"])
def test_a_margin_of_half_the_range_cannot_be_lost_twice(difference: float | str) -> None:
    made = plan(accuracy=0.75, agreement=0.9, samples=1000, difference=difference)
    assert made.gate is not None and made.needed is not None
    assert (made.gate.double.samples is None) == (difference != 0.5)
    assert made.needed.samples is not None and made.needed.samples < 50


@pytest.mark.parametrize("difference", [1.01, "1000%"])
def test_a_difference_that_no_two_runs_have_is_refused(difference: float | str) -> None:
    with pytest.raises(UserError, match=r"--difference .*: scores of right and wrong samples diff"):
        plan(accuracy=0.75, agreement=0.9, samples=1000, difference=difference)


def test_without_agreement_models_are_independent() -> None:
    independent = plan(accuracy=0.75, samples=1000)
    assert independent.detectable == plan(agreement=0.625, samples=1000).detectable  # 2 · ¾ · ¼


def test_a_deviation_for_graded_scores() -> None:
    made = plan(sd=0.3, difference=0.05)
    assert made.test == PERMUTATION
    assert made.needed is not None
    assert made.needed.samples == pytest.approx((2.8016 * 0.3 / 0.05) ** 2, rel=0.02)
    assert (made.samples, made.detectable, made.achieved) == (None, None, None)


def test_groups_are_counted_and_cost_precision(tmp_path: Path) -> None:
    a, b = (list(np.repeat(values, 5)) for values in answers(200, 40))
    groups = [f"g{i // 5:03}" for i in range(1000)]
    for run, values in (("a", a), ("b", b)):
        write_run(tmp_path, run, {"em": values}, groups=groups)
    made = plan("t", difference=0.05, out=tmp_path)
    assert (made.test, made.samples, made.groups) == (PERMUTATION, 1000, 200)
    # Five equal rows per group are worth one sample.
    assert made.per_group == pytest.approx(1, abs=0.15)
    assert made.needed is not None and made.needed.groups is not None
    assert made.needed.samples == 5 * made.needed.groups
    alone = plan(agreement=0.8, difference=0.05).needed
    assert alone is not None
    assert made.needed.groups == pytest.approx(alone.groups, rel=0.15)


def test_the_detectable_difference_is_that_of_compare(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    rows = [list(rng.random(300)) for _ in range(2)]
    for run, values in zip("ab", rows, strict=True):
        write_run(tmp_path, run, {"em": values})
    (score,) = compare_runs(["a", "b"], out=tmp_path)[0].scores
    assert plan("t", out=tmp_path).detectable == pytest.approx(score.detectable, rel=0.06)


def test_a_percentage_is_of_the_baseline(tmp_path: Path) -> None:
    two(tmp_path)
    made = plan("t", difference="5%", out=tmp_path)
    assert made.value is not None and made.needed is not None
    assert made.needed.difference == pytest.approx(0.05 * made.value)
    with pytest.raises(UserError, match="needs the baseline's value; give --accuracy"):
        plan(agreement=0.9, difference="5%")


def test_pairs_of_one_model_are_preferred_and_the_median_is_taken(tmp_path: Path) -> None:
    a, b = answers()
    for run, values, name in (("a", a, "m"), ("b", b, "m"), ("c", answers(400, 80)[1], "m"),
                              ("d", coins(400, 0.5, seed=1), "other")):  # fmt: skip
        write_run(tmp_path, run, {"em": values}, name=name)
    made = plan("t", out=tmp_path)
    assert made.pair is not None
    assert (
        sorted(one.relation for one in made.pairs) == ["different models"] * 3 + ["one model"] * 3
    )
    near = [one.detectable for one in made.pairs if one.relation == "one model"]
    assert made.pair.relation == "one model"
    assert made.detectable == sorted(near)[1]  # type: ignore[type-var]


def test_named_runs_are_the_only_pair(tmp_path: Path) -> None:
    for run, values in zip("abc", [*answers(), coins(400, 0.5, seed=1)], strict=True):
        write_run(tmp_path, run, {"em": values})
    made = plan("t", baseline="b", candidate="c", out=tmp_path)
    assert [(one.baseline, one.candidate) for one in made.pairs] == [("b", "c")]
    made = plan(baseline="b", out=tmp_path)
    assert sorted((one.baseline, one.candidate) for one in made.pairs) == [("b", "a"), ("b", "c")]


def test_baselines_and_older_runs_of_a_model_are_left_out(tmp_path: Path) -> None:
    a, b = answers()
    write_run(tmp_path, "a", {"em": a})
    for at, run in enumerate(("b", "bb")):
        created = f"2026-01-02T00:00:0{at}.000+00:00"
        write_run(tmp_path, run, {"em": b}, created=created, model=model_info(hash="B"))
    write_run(tmp_path, "random", {"em": coins(400, 0.5, seed=2)}, baseline="random")
    assert [one.candidate for one in plan("t", out=tmp_path).pairs] == ["bb"]


def test_one_run_is_an_upper_limit(tmp_path: Path) -> None:
    a, b = answers()
    write_run(tmp_path, "a", {"em": a})
    one = plan("t", out=tmp_path)
    assert one.basis == "one run"
    assert one.pair is None
    assert "upper limit" in one.notes[-1]
    write_run(tmp_path, "b", {"em": b})
    assert one.detectable is not None
    both = plan("t", out=tmp_path).detectable
    assert both is not None
    assert one.detectable > 1.5 * both


def test_the_cost_is_that_of_the_last_run_without_its_cache(tmp_path: Path) -> None:
    counts = {"samples": 400, "failed": 0, "requests": 400, "computed": 100, "cached": 300}
    two(
        tmp_path,
        counts=counts,
        seconds={"prepare": 1.0, "load": 4.0, "write image": 10.0, "measure": 2.0},
        tokens={"all": {"prompt": 8000, "completion": 800, "reasoning": 0, "uncounted": 0}},
        cost={"price": [1, 1], "all": 0.4},
    )
    made = plan("t", difference=0.02, out=tmp_path)
    assert made.needed is not None and made.needed.cost is not None and made.needed.samples
    share, cost = made.needed.samples / 400, made.needed.cost
    # The seconds of 100 computed answers, times 4, and the stages that the cache does not shorten.
    assert cost.seconds == pytest.approx(5 + share * (4 * 10 + 2))
    assert (cost.prompt, cost.completion) == (round(share * 8000), round(share * 800))
    assert cost.money == pytest.approx(share * 0.4)
    priced = plan("t", difference=0.02, price=(1.0, 10.0), out=tmp_path).needed
    assert priced is not None and priced.cost is not None
    assert priced.cost.money == pytest.approx(share * (8000 + 8000) / 1e6)


def test_a_run_from_the_cache_tells_no_cost(tmp_path: Path) -> None:
    two(tmp_path, counts={"samples": 400, "failed": 0, "requests": 4, "computed": 0, "cached": 4})
    made = plan("t", difference=0.02, out=tmp_path)
    assert made.cost_run == ""
    assert made.needed is not None
    assert made.needed.cost is None


def test_other_scores_by_what_they_see(tmp_path: Path) -> None:
    rng = np.random.default_rng(0)
    noise = rng.normal(size=(2, 400))
    for run, shift, at in (("a", 0.0, 0), ("b", 0.1, 1)):
        sharp, dull = shift + 0.2 * noise[at], shift + 2 * noise[at]
        write_run(tmp_path, run, {"dull": list(dull), "sharp": list(sharp)})
    made = plan("t", difference=0.05, out=tmp_path)
    assert [score.metric for score in made.other_scores] == ["sharp", "dull"]
    assert plan("t", difference=2.0, out=tmp_path).other_scores == []  # the set is large enough


def test_the_runs_of_this_repository() -> None:
    made = plan(
        "shapes-vqa", baseline=UNIFIED, candidate=LLAVA, difference="1%", out=ROOT / "leaderboards"
    )
    (score, _) = compare_runs([UNIFIED, LLAVA], out=ROOT / "leaderboards")[0].scores
    assert made.pair is not None and made.detectable is not None and made.needed is not None
    assert made.pair.difference == pytest.approx(score.difference)
    # The discordance, 0.375, is that of equally good models; the error of `compare` is smaller.
    assert made.detectable == pytest.approx(2.8 * (0.375 / 1000) ** 0.5, rel=0.03)
    assert made.needed.samples is not None
    assert made.needed.samples > 50_000


def test_what_cannot_be_planned(tmp_path: Path) -> None:
    two(tmp_path)
    for arguments, message in (
        ({}, "nothing to plan from"),
        ({"task": "t", "accuracy": 0.5}, "--accuracy replaces earlier runs"),
        ({"accuracy": 0.5, "sd": 1.0}, "give one"),
        ({"candidate": "b"}, "--candidate needs --baseline"),
        ({"task": "t", "samples": 5}, "--samples is only for"),
        ({"task": "t", "difference": "0"}, "give a difference above 0"),
        ({"task": "t", "difference": "x"}, "write a number in the unit of the metric"),
    ):
        with pytest.raises(UserError, match=message):
            plan(**arguments, out=tmp_path)  # type: ignore[arg-type]
    with pytest.raises(UnknownName, match="em"):
        plan("t", metric="en", out=tmp_path)
    with pytest.raises(DataError, match="has no runs"):
        plan("other", out=tmp_path)


def test_runs_without_rows_or_variation(tmp_path: Path) -> None:
    for run in ("a", "b"):
        write_run(tmp_path, run, {"em": [1.0] * 20})
    with pytest.raises(UserError, match="its rows do not vary"):
        plan("t", out=tmp_path)
    made = write_run(tmp_path / "with", "a", {"em": coins(20, 0.5)})
    write_record_alone(tmp_path / "without", made)
    with pytest.raises(UserError, match=r"no run of t has its rows; .* --accuracy"):
        plan("t", out=tmp_path / "without")
    write_run(tmp_path / "without", "b", {"em": coins(20, 0.6)})
    assert plan("t", out=tmp_path / "without").notes[0] == "left out: 1 model without rows"
    with pytest.raises(MissingRows):
        plan("t", baseline="a", out=tmp_path / "without")
