"""The test of whether a run repeats known errors of the references.

Among the outputs with the wrong or the right phrase of an error, the share with the wrong one is
compared with the same share in other samples, whose references do not have the error. A model that
writes `skiis` everywhere has a habit; a model that writes it only where the reference does has seen
the reference, or texts of the same authors.
"""

from __future__ import annotations

from collections.abc import Sequence
from math import isfinite
from pathlib import Path

import numpy as np

from mmbench import stats
from mmbench.comparison.comparability import refuse_incomparable
from mmbench.comparison.compare import ALPHA
from mmbench.comparison.reference_errors.baseline import compare_with, wrong_share
from mmbench.comparison.reference_errors.corrected import corrected_scores
from mmbench.comparison.reference_errors.known_errors import KnownError
from mmbench.comparison.reference_errors.observations import (
    Observed,
    observe,
    run_predictions,
)
from mmbench.comparison.reference_errors.result import (
    ErrorExample,
    RepeatedErrors,
    RepeatVerdict,
)
from mmbench.comparison.reference_errors.strata import EXCESS, stratified_exact_test
from mmbench.stats.folds import Floats
from mmbench.storage.run_lookup import RunReference, find_run


def repeated_errors(
    run: RunReference,
    errors: Sequence[KnownError],
    *,
    baseline: RunReference | None = None,
    metrics: Sequence[str] = (),
    alpha: float = ALPHA,
    out: str | Path = "leaderboards",
    task: str | None = None,
    seed: int = 0,
) -> RepeatedErrors:
    """Test whether a run repeats the errors of the references, and rescore it without them.

    `baseline` is another run on the same data, which is compared error by error. `metrics` are
    those of `corrected_scores`. Raises UserError for a run without texts as outputs, for a list of
    errors of other data, and for a baseline that is not comparable.
    """
    stored = find_run(run, out, task)
    record, predictions = stored.record, run_predictions(stored)
    observed = observe(record, predictions, errors)
    rows, groups = _rows(observed)
    p_value, best = stratified_exact_test(rows)
    excess = stats.score(rows, fold_name=EXCESS)
    ((ends, _),) = stats.intervals([excess], [groups], seed=seed)
    strata = _common_strata(observed)
    with_baseline = None
    if baseline is not None:
        other = find_run(baseline, out, task)
        refuse_incomparable(other.record, record, [])
        theirs = observe(other.record, run_predictions(other), errors)
        with_baseline = compare_with(other.record.run, theirs, observed, alpha, seed)
    verdict, reason = _verdict(observed, strata, excess.value, p_value, best, alpha)
    return RepeatedErrors(
        run=record.run,
        task=record.task.name,
        how=observed.how,
        alpha=alpha,
        counts=observed.counts,
        with_error=wrong_share(observed.here, observed, seed),
        elsewhere=wrong_share(observed.elsewhere, observed, seed),
        strata=strata,
        difference=excess.value if isfinite(excess.value) else None,
        low=ends[0] if ends else None,
        high=ends[1] if ends else None,
        p_value=p_value if strata else None,
        verdict=verdict,
        reason=reason,
        baseline=with_baseline,
        corrected=corrected_scores(record, predictions, errors, metrics, seed),
        examples=_examples(observed, errors),
    )


def _rows(observed: Observed) -> tuple[Floats, list[str]]:
    """Return the rows of the fold `excess` [n, 3], and the group of each."""
    every = [*observed.here, *observed.elsewhere]
    number = {pair: at for at, pair in enumerate(dict.fromkeys(one.pair for one in every))}
    rows = [[number[one.pair], one.has_error, one.is_wrong] for one in every]
    return np.array(rows, np.float64).reshape(-1, 3), [observed.group(one.id) for one in every]


def _common_strata(observed: Observed) -> int:
    pairs = {one.pair for one in observed.here} & {one.pair for one in observed.elsewhere}
    return len(pairs)


def _verdict(
    observed: Observed, strata: int, excess: float, p_value: float, best: float, alpha: float
) -> tuple[RepeatVerdict, str]:
    """Return the verdict, and the reason if there is none."""
    if not observed.here:
        return "too little data", "no output has the wrong or the right phrase of an error"
    if not strata:
        return "too little data", "no output elsewhere has one of the same phrases"
    if p_value <= alpha and excess > 0:
        return "repeats the errors", ""
    if best > alpha:
        return "too little data", f"even if all outputs were wrong, p would be {best:.2g}"
    return "no difference", ""


def _examples(observed: Observed, errors: Sequence[KnownError]) -> list[ErrorExample]:
    """Return the errors whose outputs have one of the phrases, the wrong ones first."""
    examples = [
        ErrorExample(e.id, e.wrong, e.right, form, observed.predictions[e.id].value)
        for number, form in observed.forms.items()
        if form and (e := errors[number])
    ]
    return sorted(examples, key=lambda one: one.form == "right")
