"""Comparison of runs on the same samples, with a significance test and the detectable difference.

Two runs are joined sample by sample. The task definition (fingerprint), the data hash and the
signatures of the scores must be equal. A sample that failed in one run is excluded from both runs,
and the excluded samples are counted. P-values are corrected (by default Holm) over all metrics,
pairs and tasks of a comparison.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import combinations
from math import isfinite
from pathlib import Path
from typing import Literal

import msgspec
from msgspec import Struct

from mmbench.comparison.changes import SampleChanges, changes
from mmbench.comparison.comparability import (
    common_scores,
    part_notes,
    refuse_incomparable,
    rows_differ,
    task_name,
)
from mmbench.comparison.join import Joined, join, places_in
from mmbench.comparison.rows import RunRows
from mmbench.errors import UserError
from mmbench.stats.corrections import Correction, correct
from mmbench.stats.paired import Paired, paired_many
from mmbench.storage.records import StoredRun
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.types import RunRecord

Verdict = Literal["better", "worse", "no difference", "no test"]
ComparedPairs = Literal["all", "baseline"]
ALPHA = 0.05


class ScoreComparison(Struct, frozen=True):
    """The comparison of two runs by one metric, on the `n` samples with outputs in both runs.

    The samples form `groups` groups. `difference` is the candidate's value minus the baseline's
    value, and `low` and `high` are its confidence interval at level 1 - alpha (for this metric
    alone). `p_corrected` is the corrected p-value, which decides the verdict; `p_holm` is the same
    if the correction is Holm's. `detectable` is the smallest detectable difference. `failed` has
    three counts of samples: without a row only in the baseline, only in the candidate, and in both
    runs. `reason` explains why there is no test.
    """

    metric: str
    better: Literal["higher", "lower"]
    baseline: float | None
    candidate: float | None
    verdict: Verdict
    difference: float | None = None
    low: float | None = None
    high: float | None = None
    p_value: float | None = None
    p_holm: float | None = None
    test: str = ""
    error: float | None = None
    detectable: float | None = None
    n: int = 0
    groups: int = 0
    failed: tuple[int, int, int] = (0, 0, 0)
    reason: str = ""
    p_corrected: float | None = None


class Comparison(Struct, frozen=True):
    """The comparison of a candidate with a baseline: all common metrics and the changed samples.

    `notes` say which run was evaluated on a part of the samples.
    """

    baseline: str
    candidate: str
    task: str
    alpha: float
    seed: int
    scores: list[ScoreComparison]
    changes: list[SampleChanges]
    only_in_one: list[str]
    notes: list[str] = []
    correction: Correction = "holm"


def compare_runs(
    runs: Sequence[RunReference],
    *,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
    pairs: ComparedPairs = "all",
    correction: Correction = "holm",
) -> list[Comparison]:
    """Compare every pair of runs of the same task; pairs with the first run come first.

    `pairs="baseline"` compares each run with the first run of its task only.

    Runs of one model with different perturbations of the inputs are runs of the same task.

    The runs may belong to several tasks; each task needs at least two runs. P-values are corrected
    over all tasks, pairs and metrics together. Raises UserError for a run that is the only run of
    its task.
    """
    by_task = runs_by_task([find_run(run, out, task) for run in runs])
    names = [compared_scores([run.record for run in own], metrics) for own in by_task]
    pairs_by_task = [
        _pairs([RunRows(run, score_names) for run in own], pairs)
        for own, score_names in zip(by_task, names, strict=True)
    ]
    tests = sum(
        len(its_pairs) * len(own) for its_pairs, own in zip(pairs_by_task, names, strict=True)
    )
    comparisons = [
        compare_rows(a, b, own, alpha, seed, tests)
        for its_pairs, own in zip(pairs_by_task, names, strict=True)
        for a, b in its_pairs
    ]
    return with_verdicts(comparisons, alpha, correction)


def _pairs(runs: Sequence[RunRows], pairs: ComparedPairs) -> list[tuple[RunRows, RunRows]]:
    first, *others = runs
    return list(combinations(runs, 2)) if pairs == "all" else [(first, run) for run in others]


def with_verdicts(
    comparisons: Sequence[Comparison], alpha: float, correction: Correction = "holm"
) -> list[Comparison]:
    """Return comparisons with verdicts, by p-values corrected over all of them."""
    p_values = [score.p_value for pair in comparisons for score in pair.scores]
    corrected = iter(correct(p_values, correction))
    return [
        msgspec.structs.replace(
            pair,
            correction=correction,
            scores=[
                _with_verdict(score, next(corrected), alpha, correction) for score in pair.scores
            ],
        )
        for pair in comparisons
    ]


def runs_by_task(runs: Sequence[StoredRun]) -> list[list[StoredRun]]:
    """Return runs by task, in order.

    Raises UserError for a run that is the only one of its task.
    """
    tasks: dict[str, list[StoredRun]] = {}
    for run in runs:
        tasks.setdefault(task_name(run.record), []).append(run)
    single = [task for task, own in tasks.items() if len(own) < 2]
    if single and len(tasks) == len(runs):
        refuse_incomparable(runs[0].record, runs[-1].record, [])
    if single:
        raise UserError(
            f"only one run belongs to task {single[0]}; give a baseline and a candidate per task"
        )
    return list(tasks.values())


def compared_scores(records: Sequence[RunRecord], metrics: Sequence[str]) -> list[str]:
    """Return the scores to compare for the runs of one task. Raises UserError if incomparable."""
    names = common_scores(records, metrics)
    for a, b in combinations(records, 2):
        refuse_incomparable(a, b, names, parts=True)
    return names


def compare_rows(
    a: RunRows, b: RunRows, names: Sequence[str], alpha: float, seed: int, tests: int
) -> Comparison:
    """Compare two runs by the scores called `names`, without verdicts.

    The verdicts are set later, because they depend on the p-values of all `tests` tests.
    """
    place_in_b = places_in(a, b)
    joined = {
        name: None if rows_differ(a.record, b.record, name) else join(a, b, name, place_in_b)
        for name in names
    }
    tested = _tests([j for j in joined.values() if j is not None], a, alpha, seed, tests)
    headlines = [name for name in names if name == a.record.headline] or names[:1]
    changed = [c for name in headlines if (j := joined[name]) and (c := changes(j, a, b))]
    return Comparison(
        baseline=a.record.run,
        candidate=b.record.run,
        task=task_name(a.record),
        alpha=alpha,
        seed=seed,
        scores=[_compare_score(name, a, b, joined[name], tested.get(name)) for name in names],
        changes=changed,
        only_in_one=sorted(a.record.scores.keys() ^ b.record.scores.keys()),
        notes=part_notes([a.record, b.record]),
    )


def _tests(
    joined: Sequence[Joined], a: RunRows, alpha: float, seed: int, tests: int
) -> dict[str, Paired]:
    """Return the test of each score by its name; scores of the same samples share resamples."""
    shared: dict[bytes, list[Joined]] = {}
    for score in joined:
        shared.setdefault(score.places_a.tobytes(), []).append(score)
    paired_tests: dict[str, Paired] = {}
    for members in shared.values():
        pairs = [(score.fold, score.rows_a, score.rows_b) for score in members]
        groups = a.groups.take(members[0].places_a)
        tested = paired_many(pairs, groups, seed=seed, level=1 - alpha, tests=tests)
        paired_tests |= {score.name: result for score, result in zip(members, tested, strict=True)}
    return paired_tests


def _compare_score(
    name: str, a: RunRows, b: RunRows, joined: Joined | None, tested: Paired | None
) -> ScoreComparison:
    first, second = a.record.scores[name], b.record.scores[name]
    better = first.better
    if joined is None or tested is None:
        apart = rows_differ(a.record, b.record, name)
        reason = apart or first.reason or second.reason or "no rows per sample"
        return ScoreComparison(name, better, first.value, second.value, "no test", reason=reason)
    reason = "" if tested.p_value is not None else _untested(tested)
    return ScoreComparison(
        name,
        better,
        _number(tested.first),
        _number(tested.second),
        "no test",
        difference=_number(tested.difference),
        low=tested.low,
        high=tested.high,
        p_value=tested.p_value,
        test=tested.test,
        error=tested.error,
        detectable=tested.detectable,
        n=tested.n,
        groups=tested.groups,
        failed=joined.failed,
        reason=reason,
    )


def _untested(tested: Paired) -> str:
    if not tested.n:
        return "no sample has outputs in both runs"
    return "all samples belong to one group" if tested.groups < 2 else "no value"


def _number(value: float) -> float | None:
    return value if isfinite(value) else None


def _with_verdict(
    score: ScoreComparison, p_corrected: float, alpha: float, correction: Correction
) -> ScoreComparison:
    if score.p_value is None:
        return score
    change = direction(score.difference or 0.0, score.better) if p_corrected <= alpha else ""
    return msgspec.structs.replace(
        score,
        p_holm=p_corrected if correction == "holm" else None,
        p_corrected=p_corrected,
        verdict=change or "no difference",
    )


def direction(difference: float, better: str) -> Literal["", "better", "worse"]:
    """Return whether a difference of two scores is "better" or "worse"; "" for no difference."""
    if not difference:
        return ""
    return "better" if (difference > 0) == (better == "higher") else "worse"
