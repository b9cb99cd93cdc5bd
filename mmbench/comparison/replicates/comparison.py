"""Comparison of methods that were trained, or run, several times with other seeds.

The interval of a difference counts the noise of seeds and of samples (`mmbench.stats.replicates`).
Two methods are analysed in pairs if their replicates are checkpoints of the same trainings, which
are not independent, or if `paired` is set. Without rows, only the values of the runs are used: the
interval is then for new seeds on the same samples.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isfinite, nan, sqrt

import msgspec
import numpy as np

from mmbench.comparison.comparability import common_scores, refuse_incomparable, task_name
from mmbench.comparison.compare import ALPHA, direction
from mmbench.comparison.join import CommonRows, common_rows
from mmbench.comparison.replicates.grouping import Method, methods
from mmbench.comparison.replicates.result import (
    MethodDifference,
    MethodRuns,
    MethodScore,
    ReplicateComparison,
)
from mmbench.comparison.rows import open_rows
from mmbench.errors import UserError
from mmbench.stats.corrections import holm
from mmbench.stats.folds import Floats, fold
from mmbench.stats.replicates import (
    SeedDifference,
    between_seeds,
    covariances,
    needed_seeds,
    seed_difference,
)
from mmbench.storage.records import StoredRun

_ONE_RUN = "{} has one run: this compares checkpoints, not methods"
_CONSTANT = "neither replicates nor samples vary"


def compare_replicates(
    runs: Sequence[StoredRun],
    key: str,
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    seed: int = 0,
    paired: bool = False,
) -> ReplicateComparison:
    """Compare methods, each with its runs for several values of `key`; see `methods`.

    P-values are corrected (Holm) over all pairs and metrics. Raises UserError for runs that cannot
    be compared, for a key that no run has, for fewer than two methods, if no method has two
    replicates, and with `paired` for methods without common values of the key.
    """
    found = methods(runs, key)
    _refuse_single(found, key)
    kept = [run for method in found for run in method.runs.values()]
    records = [run.record for run in kept]
    names = common_scores(records, metrics)
    for record in records[1:]:
        refuse_incomparable(records[0], record, names)
    unreadable: list[str] = []
    opened = open_rows(kept, names, unreadable)
    # Without the rows of one run, only the values of the runs can be compared.
    rows = common_rows(list(opened.values()), names) if len(opened) == len(kept) else {}
    tables = [_Table(name, found, rows.get(name), seed) for name in names]
    pairs = list(combinations(range(len(found)), 2))
    differences = [
        _difference(table, *pair, alpha=alpha, paired=paired) for table in tables for pair in pairs
    ]
    return ReplicateComparison(
        task=task_name(records[0]),
        key=key,
        alpha=alpha,
        seed=seed,
        methods=[
            MethodRuns(m.name, {value: run.record.run for value, run in m.runs.items()})
            for m in found
        ],
        scores=[table.score(at) for table in tables for at in range(len(found))],
        differences=_with_verdicts(differences, alpha),
        samples={name: len(own.groups) for name, own in rows.items()},
        groups={name: len(set(own.groups)) for name, own in rows.items()},
        excluded={name: own.excluded for name, own in rows.items() if own.excluded},
        notes=unreadable,
    )


def _refuse_single(found: Sequence[Method], key: str) -> None:
    if all(len(method.runs) < 2 for method in found):
        raise UserError(
            f"--replicates {key!r}: no method has two runs, so that nothing can be said about"
            " methods; add runs with other values of the key, or leave --replicates out to compare"
            " the checkpoints"
        )


class _Table:
    """The values of one score in the runs of all methods, and their covariances over samples."""

    def __init__(
        self, name: str, found: Sequence[Method], rows: CommonRows | None, seed: int
    ) -> None:
        self.name, self.methods = name, found
        records = [run.record for method in found for run in method.runs.values()]
        self.better = records[0].scores[name].better
        self.groups = 0 if rows is None else len(set(rows.groups))
        self.covariance: Floats | None = None
        if rows is None:
            scores = [record.scores[name].value for record in records]
            self._values = np.array([nan if value is None else value for value in scores])
        else:
            self._values = np.array([fold(rows.fold, own) for own in rows.tables])
            covariance = covariances(rows.fold, rows.tables, rows.groups, seed=seed)
            self.covariance = covariance if np.isfinite(covariance).all() else None
        self._ends = np.cumsum([0, *(len(method.runs) for method in found)])

    def places(self, at: int) -> list[int]:
        """Return the positions of the runs of a method."""
        return list(range(self._ends[at], self._ends[at + 1]))

    def values(self, places: Sequence[int]) -> Floats:
        """Return the values of the runs at these positions."""
        return self._values[list(places)]

    def covariances(self, places: Sequence[int]) -> Floats | None:
        """Return the covariances of the runs at these positions; None without rows."""
        return None if self.covariance is None else self.covariance[np.ix_(places, places)]

    def score(self, at: int) -> MethodScore:
        """Return the score of a method."""
        places = self.places(at)
        values, covariance = self.values(places), self.covariances(places)
        return MethodScore(
            self.name,
            self.methods[at].name,
            dict(zip(self.methods[at].runs, map(_number, values), strict=True)),
            _number(values.mean()),
            _number(values.std(ddof=1)) if len(values) > 1 else None,
            None if covariance is None else sqrt(max(0.0, between_seeds(covariance))),
        )


def _difference(
    table: _Table, first: int, second: int, *, alpha: float, paired: bool
) -> MethodDifference:
    a, b = table.methods[first], table.methods[second]
    places = [table.places(first), table.places(second)]
    pairs = _pairs(a, b, paired=paired)
    if pairs:
        places = [
            [own[list(method.runs).index(value)] for value in pairs]
            for own, method in zip(places, (a, b), strict=True)
        ]
    one, other = map(table.values, places)
    base = MethodDifference(
        table.name,
        table.better,
        a.name,
        b.name,
        "no test",
        _number(other.mean() - one.mean()),
        (len(one), len(other)),
        bool(pairs),
        table.covariance is None,
    )
    reason = _untested(a, b, one, other)
    if reason:
        return msgspec.structs.replace(base, reason=reason)
    covariance = table.covariances([*places[0], *places[1]])
    found = seed_difference(
        one, other, covariance, table.groups, paired=bool(pairs), level=1 - alpha
    )
    if not isfinite(found.p_value):
        return msgspec.structs.replace(base, reason=_CONSTANT)
    return msgspec.structs.replace(
        base,
        low=found.low,
        high=found.high,
        p_value=found.p_value,
        error=found.error,
        degrees=found.degrees,
        noise=found.reach,
        replicate_share=_share(found),
        needed=needed_seeds(
            one, other, found.test_set, table.groups, paired=bool(pairs), level=1 - alpha
        ),
    )


def _number(value: float) -> float | None:
    return float(value) if isfinite(value) else None


def _share(found: SeedDifference) -> float | None:
    """Return the share of replicates in the squared error; None if the other part is unknown."""
    if found.test_set is None or not found.error:
        return None
    return found.seeds / (found.seeds + found.test_set)


def _pairs(a: Method, b: Method, *, paired: bool) -> list[str]:
    """Return the common values of the key by which two methods are paired; [] if they are not."""
    common = [value for value in a.runs if value in b.runs]
    if paired:
        if len(common) < 2:
            raise UserError(
                f"--paired: {a.name} and {b.name} have fewer than two common values of the key"
            )
        return common
    one, other = a.trainings, b.trainings
    same = [value for value in common if value in one and one[value] == other.get(value)]
    return same if len(same) > 1 else []


def _untested(a: Method, b: Method, one: Floats, other: Floats) -> str:
    """Return why two methods cannot be compared, or ""."""
    single = next((method.name for method in (a, b) if len(method.runs) < 2), None)
    if single is not None:
        return _ONE_RUN.format(single)
    return "" if np.isfinite([*one, *other]).all() else "a run has no value"


def _with_verdicts(differences: Sequence[MethodDifference], alpha: float) -> list[MethodDifference]:
    corrected = holm([one.p_value for one in differences])
    return [
        one if one.p_value is None else _with_verdict(one, p_holm, alpha)
        for one, p_holm in zip(differences, corrected, strict=True)
    ]


def _with_verdict(one: MethodDifference, p_holm: float, alpha: float) -> MethodDifference:
    change = direction(one.difference or 0.0, one.better) if p_holm <= alpha else ""
    return msgspec.structs.replace(one, p_holm=p_holm, verdict=change or "no difference")
