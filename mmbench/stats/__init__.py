"""Values computed from per-sample rows, their confidence intervals, and tests between two runs."""

from mmbench.stats.bootstrap import intervals
from mmbench.stats.folds import fold, fold_many, sample_values, sums_fold
from mmbench.stats.scores import (
    bounds,
    over_directions,
    over_splits,
    score,
    undefined_reason,
)

__all__ = [
    "bounds",
    "fold",
    "fold_many",
    "intervals",
    "over_directions",
    "over_splits",
    "sample_values",
    "score",
    "sums_fold",
    "undefined_reason",
]
