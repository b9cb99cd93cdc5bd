"""The other scores of a task, by what the whole set can see with them."""

from __future__ import annotations

from collections.abc import Iterator
from statistics import median

from mmbench.comparison.power.earlier_runs import EarlierPair, EarlierRuns
from mmbench.comparison.power.needs import Planner
from mmbench.comparison.power.result import ScorePower
from mmbench.comparison.power.variation import Estimate, estimate_pair
from mmbench.comparison.rows import RunRows


def other_scores(
    runs: EarlierRuns, pair: EarlierPair, planner: Planner, seed: int
) -> list[ScorePower]:
    """Return the scores that the runs of a pair have, the most sensitive first.

    A score is sensitive if its detectable difference, by the rows of `pair`, is small compared with
    the typical difference of the pairs with the same relation.
    """
    stored = {one.record.run: one.run for one in runs.rows}
    names = [name for name in pair.baseline.scores if name in pair.candidate.scores]
    names = [name for name in names if pair.baseline.measured_as(name)]
    a, b = (RunRows(stored[one.run], names) for one in (pair.baseline, pair.candidate))

    def estimate(name: str) -> Estimate | None:
        return pair.estimate if name == runs.metric else estimate_pair(a, b, name, seed)

    related = [one for one in runs.pairs if one.relation == pair.relation]
    found = [
        score
        for name in names
        if pair.baseline.measured_as(name) == pair.candidate.measured_as(name)
        and (score := _score_power(name, estimate(name), related, planner))
    ]
    return sorted(found, key=lambda score: score.ratio)


def _score_power(
    name: str, estimate: Estimate | None, related: list[EarlierPair], planner: Planner
) -> ScorePower | None:
    differences = [*_differences(name, related)]
    if estimate is None or not differences or not (typical := median(differences)):
        return None
    own = planner._replace(variation=estimate.variation, samples=estimate.n, groups=estimate.groups)
    detectable = own.detectable()
    if detectable is None:
        return None
    return ScorePower(name, detectable, typical, detectable / typical)


def _differences(name: str, pairs: list[EarlierPair]) -> Iterator[float]:
    for pair in pairs:
        values = [one.scores[name].value for one in (pair.baseline, pair.candidate)
                  if name in one.scores]  # fmt: skip
        if len(values) == 2 and values[0] is not None and values[1] is not None:
            yield abs(values[1] - values[0])
