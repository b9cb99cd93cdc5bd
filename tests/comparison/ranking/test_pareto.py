"""The Pareto front against its definition."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.comparison.ranking.costs import cost_note, run_cost
from mmbench.comparison.ranking.pareto import pareto_places
from tests.support.boards import record


@settings(max_examples=50)
@given(st.data())
def test_a_front_is_that_of_the_definition(data: st.DataObject) -> None:
    runs = data.draw(st.integers(1, 6))
    values = np.array(data.draw(st.lists(st.integers(0, 4), min_size=runs, max_size=runs)), float)
    cost = st.one_of(st.none(), st.integers(0, 3).map(float))
    costs = data.draw(st.lists(cost, min_size=runs, max_size=runs))
    better = values[:, None] - values[None] >= 2
    equal = np.eye(runs, dtype=bool)
    for run, place in enumerate(pareto_places(values, costs, better, equal)):
        own = costs[run]
        if own is None:
            assert place is None
            continue
        others = [k for k, c in enumerate(costs) if c is not None and c <= own and k != run]
        cheaper = [k for k in others if (costs[k] or 0.0) < own]
        worse = [values[k] - values[run] for k in others]
        expected = "yes"
        if any(w > 0 for w in worse) or any(values[k] == values[run] for k in cheaper):
            expected = "unclear"
        if any(w >= 2 for w in worse):
            expected = "no"
        assert place is not None and place.front == expected
        assert (place.by is None) == (expected == "yes")


def test_equal_rows_at_a_lower_cost_exclude_a_run() -> None:
    values, better = np.array([0.5, 0.5]), np.zeros((2, 2), bool)
    equal = np.ones((2, 2), bool)
    places = pareto_places(values, [1.0, 2.0], better, equal)
    assert [place and (place.front, place.by) for place in places] == [("yes", None), ("no", 0)]
    places = pareto_places(values, [1.0, 1.0], better, equal)
    assert [place and place.front for place in places] == ["yes", "yes"]


COUNTS = {"samples": 10, "failed": 0, "requests": 10, "computed": 10, "cached": 0}
RATE = {"throughput": {"image/s": 50.0}}
BOTH = {"embed text": 1.0, "embed image": 2.0}


@pytest.mark.parametrize(
    ("unit", "changes", "expected"),
    [
        ("seconds", {"seconds": {"load": 3.0, "embed text": 1.0, "embed image": 2.0}}, 300.0),
        ("seconds", {"seconds": BOTH, "counts": COUNTS | {"cached": 1}}, None),
        ("seconds", {"seconds": {"write image": 2.0, "judge: write text": 7.0}, **RATE}, 20.0),
        ("seconds", {"seconds": {"draw image": 2.0, "embed image": 7.0}, **RATE}, 20.0),
        ("seconds", {"seconds": {"write image": 0.1}, "counts": COUNTS | {"cached": 10}}, None),
        ("seconds", {}, None),
        ("tokens", {"tokens": {"all": {"completion": 50}}}, 5.0),
        ("tokens", {"tokens": {"judge all": {"completion": 50}}}, None),
        ("price", {"cost": {"all": 1.5}}, 1.5),
        ("price", {"cost": {"all": None}}, None),
    ],
)
def test_costs_of_records(unit: str, changes: dict[str, object], expected: float | None) -> None:
    assert run_cost(record(**changes), unit) == pytest.approx(expected)  # type: ignore[arg-type]


def test_seconds_of_different_devices_are_noted() -> None:
    runs = [record(environment={"device": device}) for device in ("cpu", "cuda", "cpu")]
    assert cost_note(runs, "seconds").endswith("different devices: cpu, cuda")
    assert "measured once" in cost_note(runs[::2], "seconds")
    assert cost_note(runs, "tokens") == ""
