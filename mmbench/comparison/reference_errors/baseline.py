"""The share of wrong phrases in the outputs of a run, and its comparison with another run."""

from __future__ import annotations

from collections.abc import Iterable
from math import isfinite

import numpy as np

from mmbench import stats
from mmbench.comparison.reference_errors.free_texts import Form
from mmbench.comparison.reference_errors.observations import Observation, Observed
from mmbench.comparison.reference_errors.result import BaselineVerdict, WithBaseline, WrongShare
from mmbench.stats.folds import Floats
from mmbench.stats.paired import Paired, paired_many


def wrong_share(some: Iterable[Observation], observed: Observed, seed: int) -> WrongShare:
    """Return the share of wrong phrases in observations, with its 95 % interval."""
    own = list(some)
    wrong = [float(one.is_wrong) for one in own]
    score = stats.score(wrong, better="lower", worst=1.0, best=0.0)
    groups = [observed.group(one.id) for one in own]
    ((ends, _),) = stats.intervals([score], [groups], seed=seed)
    share = score.value if isfinite(score.value) else None
    return WrongShare(int(sum(wrong)), len(own), share, *(ends or (None, None)))


def compare_with(
    run: str, theirs: Observed, ours: Observed, alpha: float, seed: int
) -> WithBaseline:
    """Compare our run with the run called `run`, on the errors that both can be tested for.

    Each error gives both runs a row: whether the output has the wrong phrase, and whether it has
    either. The shares are ratios of sums, so that an output with neither phrase counts in no share.
    """
    common = [number for number in ours.forms if number in theirs.forms]
    rows = [_ratio_rows([side.forms[number] for number in common]) for side in (theirs, ours)]
    pair = ("ratio", rows[0], rows[1])
    groups = [ours.group(ours.ids[number]) for number in common]
    (tested,) = paired_many([pair], groups, seed=seed, level=1 - alpha)
    return WithBaseline(
        baseline=wrong_share(theirs.here, theirs, seed),
        run=run,
        difference=tested.difference if isfinite(tested.difference) else None,
        low=tested.low,
        high=tested.high,
        p_value=tested.p_value,
        verdict=_verdict(tested, alpha),
    )


def _ratio_rows(forms: list[Form | None]) -> Floats:
    rows = [[form == "wrong", form is not None] for form in forms]
    return np.array(rows, np.float64).reshape(-1, 2)


def _verdict(tested: Paired, alpha: float) -> BaselineVerdict:
    if tested.p_value is None or tested.groups < 2:
        return "too little data"
    if tested.p_value > alpha or not tested.difference:
        return "no difference"
    return "more" if tested.difference > 0 else "fewer"
