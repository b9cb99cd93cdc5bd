"""`explain`: the stages at which two results differ, and the points that each stage moves."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from mmbench.comparison.explain.counterparts import counterparts
from mmbench.comparison.explain.explainer import Explainer
from mmbench.comparison.explain.explanation import Explanation
from mmbench.comparison.explain.matching import match
from mmbench.comparison.explain.ours import our_result
from mmbench.comparison.explain.results import MMBENCH, OurResult, TheirResult
from mmbench.comparison.explain.their_scores import by_sample, choose_score
from mmbench.comparison.explain.theirs import their_result
from mmbench.errors import DataError
from mmbench.storage.run_lookup import RunReference, find_run
from mmbench.types import Ranking


def explain(
    run: RunReference,
    theirs: str,
    *,
    metric: str | None = None,
    their_metric: str | None = None,
    out: str | Path = "leaderboards",
    task: str | None = None,
    tasks: Sequence[str] = (),
    fields: Mapping[str, str] | None = None,
) -> Explanation:
    """Explain the difference between a run and another result of the same task.

    `theirs` is a file of results of another harness, a file of outputs, or a second run. `metric`
    is the name of our score (default: the headline), and `their_metric` the name of theirs
    (default: the one that corresponds to ours). `tasks` are folders with task files, and `fields`
    the keys and values of `--field`. Raises UserError if the results cannot be read or matched.
    """
    ours = our_result(find_run(run, out, task), metric, tasks)
    other = their_result(theirs, ours, out=out, task=task, tasks=tasks, fields=fields)
    return explain_results(ours, other, their_metric)


def explain_results(
    ours: OurResult, theirs: TheirResult, their_metric: str | None = None
) -> Explanation:
    """Explain the difference between two results.

    Raises DataError if our run has no value for the score, or no sample has an output in both.
    """
    if math.isnan(ours.value):
        raise DataError(f"run {ours.record.run} has no value for {ours.name}; choose --metric NAME")
    if theirs.source != MMBENCH and _lacks_relevant(ours):
        raise DataError(
            f"run {ours.record.run}: the relevant documents of its queries are not stored; score"
            f" {theirs.name} with mmbench score, and give that run"
        )
    matching = match(ours, theirs)
    pairs = counterparts(ours, theirs, matching.places)
    choice = choose_score(ours, theirs, pairs, their_metric)
    explainer = Explainer(ours, theirs, by_sample(pairs, choice), choice)
    return explainer.explanation(matching.method)


def _lacks_relevant(ours: OurResult) -> bool:
    rankings = any(isinstance(item.prediction.value, Ranking) for item in ours.items)
    return rankings and not ours.relevant
