"""The best and the worst possible ranking of a query if documents of the corpus failed.

A failed document could have any rank. Each function takes a ranking and the argument of a metric,
and returns a ranking without failed documents. The metric on the returned ranking is a bound of the
metric without failures.
"""

from __future__ import annotations

from math import log2

from mmbench.types import Ranking


def is_uncertain(ranking: Ranking) -> bool:
    """Return whether a document of the corpus failed, so that ranks are uncertain."""
    return bool(ranking.failed or ranking.failed_others)


def best_case(ranking: Ranking, *_: object) -> Ranking:
    """Return the ranking with failed positives first and other failed documents last.

    All ranks are the lowest possible. If positives failed, grades are in descending order, which
    may be better than any possible order. So the bound holds for every metric that rewards a higher
    grade at an earlier rank, and is exact for metrics that ignore grades. `best_gain` gives the
    exact bound for discounted gains.
    """
    known, unknown, moved = _known(ranking), _unknown(ranking), ranking.failed
    ranks = [*range(1, moved + 1), *(rank + moved for rank in known), *unknown]
    grades = sorted(ranking.grades, reverse=True) if moved else ranking.grades
    return Ranking(ranks, grades, [], _deeper(ranking, moved), size=ranking.size)


def worst_case(ranking: Ranking, *_: object) -> Ranking:
    """Return the ranking with failed positives not retrieved and other failed documents first.

    All ranks are the highest possible. If positives failed, grades are in ascending order, the
    reverse of `best_case`.
    """
    known, unknown, moved = _known(ranking), _unknown(ranking), ranking.failed_others
    ranks = [*(rank + moved for rank in known), *unknown, *[None] * ranking.failed]
    grades = sorted(ranking.grades) if ranking.failed else ranking.grades
    return Ranking(
        ranks, grades, [], _deeper(ranking, moved), failed=ranking.failed, size=ranking.size
    )


def _known(ranking: Ranking) -> list[int]:
    return [rank for rank in ranking.ranks if rank is not None]


def _unknown(ranking: Ranking) -> list[None]:
    """Return a list with a None for each positive that did not fail but has no rank.

    The rank is beyond the depth of an index, or the positive is missing from the ranking.
    """
    return [None] * (ranking.ranks.count(None) - ranking.failed)


def _deeper(ranking: Ranking, moved: int) -> int | None:
    return None if ranking.depth is None else ranking.depth + moved


def best_gain(ranking: Ranking, k: int) -> Ranking:
    """Return the possible ranking with the highest discounted gain over the first k documents.

    The gain is Σ grade / log₂(rank + 1).
    """
    return _arranged(ranking, k, best=True)


def worst_gain(ranking: Ranking, k: int) -> Ranking:
    """Return the possible ranking with the lowest discounted gain over the first k documents.

    The gain is Σ grade / log₂(rank + 1).
    """
    return _arranged(ranking, k, best=False)


def _arranged(ranking: Ranking, k: int, *, best: bool) -> Ranking:
    """Insert the failed positives into the ranking of the other positives by dynamic programming.

    In the best ranking, a failed positive is at the top or directly after another positive. In the
    worst ranking, it is directly before another positive or not retrieved. Failed positives are
    inserted in descending order of grade for the best ranking, in ascending order for the worst.
    """
    known, cut = _known(ranking), len(ranking.ranks) - ranking.failed
    shift = 0 if best else ranking.failed_others
    live = [rank + shift for rank in known]
    grades, unknown = ranking.grades[: len(live)], ranking.grades[len(live) : cut]
    failed = sorted(ranking.grades[cut:], reverse=best)
    starts = [1, *(rank + 1 for rank in live)] if best else live  # first rank in each gap
    placed = _merge(live, grades, failed, starts, k, best=best)
    used = len(placed) - len(live)
    moved = ranking.failed if best else shift
    return Ranking(
        [*(rank for rank, _ in placed), *_unknown(ranking), *[None] * (len(failed) - used)],
        [*(grade for _, grade in placed), *unknown, *failed[used:]],
        [],
        _deeper(ranking, moved),
        failed=len(failed) - used,
        size=ranking.size,
    )


def _merge(
    live: list[int],
    grades: list[float],
    failed: list[float],
    starts: list[int],
    k: int,
    *,
    best: bool,
) -> list[tuple[int, float]]:
    """Return (rank, grade) of each positive in the best or the worst ranking.

    `live` and `grades` are the ranks and grades of the positives that did not fail, and `failed`
    are the grades of the failed positives. `starts[i]` is the rank of a failed positive that is
    inserted before positive i.
    """

    def gain(grade: float, rank: int) -> float:
        return grade / log2(rank + 1) if rank <= k else 0.0

    n, m = len(live), len(failed)
    # The best or worst gain of the remaining positives after i live and j failed positives.
    value = [[0.0] * (m + 1) for _ in range(n + 1)]
    takes = [[False] * (m + 1) for _ in range(n + 1)]
    for i in range(n, -1, -1):
        for j in range(m, -1, -1):
            options = []
            if i < n:
                options.append((gain(grades[i], live[i] + j) + value[i + 1][j], False))
            if j < m and i < len(starts):
                options.append((gain(failed[j], starts[i] + j) + value[i][j + 1], True))
            if options:
                value[i][j], takes[i][j] = max(options) if best else min(options)
    order: list[tuple[int, float]] = []
    i = j = 0
    while i < n or takes[i][j]:
        if takes[i][j]:
            order.append((starts[i] + j, failed[j]))
            j += 1
        else:
            order.append((live[i] + j, grades[i]))
            i += 1
    return order
