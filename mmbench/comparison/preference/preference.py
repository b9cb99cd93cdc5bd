"""The comparison of two runs by a judge: win rate, interval, test and verdict."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from mmbench import stats
from mmbench.comparison.comparability import refuse_incomparable
from mmbench.comparison.compare import ALPHA, Verdict, direction
from mmbench.comparison.preference.answers import answer_pairs
from mmbench.comparison.preference.judging import judge_pairs
from mmbench.comparison.preference.result import JudgedPair, PairCounts, Preference
from mmbench.comparison.samples.run_samples import run_samples
from mmbench.engine.context import run_context
from mmbench.engine.options import RunSettings
from mmbench.engine.progress import Progress
from mmbench.errors import UserError
from mmbench.metrics.judges.rubric import Rubric, load_rubric
from mmbench.stats.folds import Floats
from mmbench.stats.paired import Paired, paired_many
from mmbench.storage.records import StoredRun

RUBRIC = "preference"
_VALUES = {"candidate": 1.0, "tie": 0.5, "baseline": 0.0}


def preference(
    baseline: StoredRun,
    candidate: StoredRun,
    options: RunSettings,
    *,
    rubric: str = RUBRIC,
    alpha: float = ALPHA,
    progress: Progress | None = None,
) -> Preference:
    """Compare the answers of two runs by the judge `options.judge` with a pairwise rubric.

    `rubric` is the name or the file of a pairwise rubric. The judge sees the inputs that are stored
    in the sample table of the board, and both answers, in both orders; orders with different
    winners are a tie. The data source is not needed. Raises UserError for runs that are not
    comparable or whose outputs are not texts, and for a rubric or a model that cannot compare
    answers.
    """
    refuse_incomparable(baseline.record, candidate.record, [])
    known = pairwise_rubric(rubric)
    several = [run_samples(run) for run in (baseline, candidate)]
    pairs, excluded = answer_pairs(*several, allow_outside=options.allow_outside)
    with run_context(options, progress) as context:
        judged = judge_pairs(known, pairs, context)
        tokens = context.costs.tokens()
    with_verdict = [pair for pair in judged.pairs if pair.winner is not None]
    values = np.array([_VALUES[str(pair.winner)] for pair in with_verdict], np.float64)[:, None]
    groups = [pair.group for pair in with_verdict]
    (tested,) = paired_many(
        [("mean", 1 - values, values)], groups, seed=options.seed, level=1 - alpha
    )
    low, high = _interval(tested, values, groups, options.seed)
    counts = pair_counts(judged.pairs, excluded)
    reason = _reason(judged.pairs, counts, tested)
    return Preference(
        baseline=baseline.record.run,
        candidate=candidate.record.run,
        task=candidate.record.task.name,
        judge=judged.judge,
        rubric=known.signature,
        alpha=alpha,
        seed=options.seed,
        verdict="no test" if reason else _verdict(tested, alpha),
        win_rate=tested.second if len(values) else None,
        low=low,
        high=high,
        bounds=_bounds(values, len(judged.pairs)),
        p_value=tested.p_value,
        n=tested.n,
        groups=tested.groups,
        reason=reason,
        counts=counts,
        tokens=tokens,
        pairs=judged.pairs,
    )


def pairwise_rubric(name: str) -> Rubric:
    """Return the rubric of this name or file. Raises UserError unless it compares two answers."""
    rubric = load_rubric(name)
    if rubric.kind != "pairwise":
        raise UserError(
            f"--rubric {name}: kind is {rubric.kind}; give a pairwise rubric, such as {RUBRIC}"
        )
    return rubric


def _interval(
    tested: Paired, values: Floats, groups: Sequence[str], seed: int
) -> tuple[float | None, float | None]:
    """Return the interval of the win rate.

    It follows from the interval of the difference of both runs' rates, which is twice the win rate
    minus 1. If no resample differs, it is the exact interval of a rate that is 0 or 1.
    """
    if tested.low is not None and tested.high is not None and tested.low < tested.high:
        return (1 + tested.low) / 2, (1 + tested.high) / 2
    score = stats.score(values, worst=0.0, best=1.0)
    ((ends, _),) = stats.intervals([score], [groups], seed=seed)
    return ends or (None, None)


def _verdict(tested: Paired, alpha: float) -> Verdict:
    p_value = 1.0 if tested.p_value is None else tested.p_value
    change = direction(tested.difference, "higher") if p_value <= alpha else ""
    return change or "no difference"


def _bounds(values: Floats, pairs: int) -> tuple[float, float] | None:
    """Return the lowest and the highest win rate if every pair had a verdict; None if all have."""
    missing = pairs - len(values)
    if not missing:
        return None
    return float(values.sum()) / pairs, (float(values.sum()) + missing) / pairs


def _reason(pairs: Sequence[JudgedPair], counts: PairCounts, tested: Paired) -> str:
    """Return why there is no test; "" if there is one.

    Pairs for which the judge was not asked are no test if it failed on all others.
    """
    if not pairs:
        return "no sample has an answer in both runs"
    if not counts.asked and counts.unparsed + counts.failed:
        first = next(pair for pair in pairs if pair.winner is None)
        return f"the judge has no verdict on any pair, e.g. {first.id}: {first.reason}"
    return "" if tested.p_value is not None else "all samples belong to one group"


def pair_counts(pairs: Sequence[JudgedPair], excluded: int) -> PairCounts:
    """Return the numbers of pairs by winner and status."""
    winners = [pair.winner for pair in pairs]
    status = [pair.status for pair in pairs]
    verdicts = [verdict for pair in pairs for verdict in pair.verdicts]
    return PairCounts(
        wins=winners.count("candidate"),
        ties=winners.count("tie"),
        losses=winners.count("baseline"),
        asked=status.count("judged"),
        disagree=sum(pair.disagree for pair in pairs),
        first=verdicts.count("A"),
        second=verdicts.count("B"),
        same=status.count("same answers"),
        empty=status.count("empty answer"),
        unparsed=status.count("unparsed"),
        failed=status.count("not judged"),
        excluded=excluded,
        instructions=sum(len(pair.instructions) for pair in pairs),
    )
