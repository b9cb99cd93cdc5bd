"""The Score of a metric from its rows, and combinations of several Scores."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from itertools import chain
from typing import Any, Literal

import numpy as np
from msgspec.structs import replace
from numpy.typing import ArrayLike

from mmbench.stats.folds import fold
from mmbench.types import Score


def score(
    rows: ArrayLike,
    *,
    fold_name: str = "mean",
    better: Literal["higher", "lower"] = "higher",
    signature: str = "",
    reason: str = "",
    worst: float | None = None,
    best: float | None = None,
    details: Mapping[str, Sequence[Any]] | None = None,
) -> Score:
    """Return the Score of a metric, from per-sample rows [n] or [n, c].

    `fold_name` names the function that aggregates the rows (`mmbench.stats.folds`). `signature`
    states the settings of the metric. `reason` explains NaN or a missing interval, or is a note.
    `worst` and `best` are the ends of the range, None if unbounded. They and `better` are used only
    for a metric that declares no direction: the values of `mmbench.declare` override them.
    `details` are further values of each row, by name. Raises ValueError for rows of other shapes,
    for details of another length, and for an unknown direction.
    """
    if better not in ("higher", "lower"):
        raise ValueError(f"better is {better!r}; give higher or lower")
    table = np.asarray(rows, dtype=np.float64)
    table = table[:, None] if table.ndim == 1 else table
    if table.ndim != 2:
        raise ValueError(f"the rows have the shape {table.shape}; give [n] or [n, columns]")
    if fold_name == "ratio" and len(table) and table.shape[1] < 2:
        raise ValueError("the fold ratio divides column 0 by column 1; give rows [n, 2]")
    details = details or {}
    for name, values in details.items():
        if len(values) != len(table):
            raise ValueError(f"details {name!r} have {len(values)} values; give {len(table)}")
    full = f"fold={fold_name}" + (f",{signature}" if signature else "")
    value = fold(fold_name, table)
    return Score(value, table, fold_name, full, better, reason, worst, best, details=details)


def undefined_reason(score: Score) -> str:
    """Return why the value of a score is NaN: its own reason, or what its fold implies.

    "" for a finite value.
    """
    if math.isfinite(score.value):
        return ""
    if score.reason:
        return score.reason
    if not len(score.rows):
        return "no sample was measured"
    if score.fold.rpartition(":")[2] == "ratio":
        return "the samples have nothing that this score counts"
    return "the score is not defined for these samples"


def over_splits(scores: Sequence[Score]) -> Score:
    """Return the Score of the mean over splits, from the Score of a metric on each split.

    Rows are concatenated, and the number of the split is appended as last column.
    """
    return _join("split-mean", scores, f"splits={len(scores)}")


def over_directions(scores: Sequence[Score]) -> Score:
    """Return the Score of the sum over directions, from the Score of a metric in each direction.

    Metrics such as rsum are sums over directions. The value is NaN if a direction has no row.
    """
    joined = _join("split-sum", scores, f"directions={len(scores)}")
    if all(len(part.rows) for part in scores):
        return joined
    return replace(joined, value=math.nan, reason="no sample was measured in one direction")


def _join(kind: str, scores: Sequence[Score], parts_signature: str) -> Score:
    first = scores[0]
    rows = [np.column_stack([s.rows, np.full(len(s.rows), i)]) for i, s in enumerate(scores)]
    name = f"{kind}:{first.fold}"
    table = np.concatenate(rows)
    reason = next((s.reason for s in scores if s.reason), "")
    times = len(scores) if kind == "split-sum" else 1
    return Score(
        fold(name, table),
        table,
        name,
        f"{parts_signature},{first.signature}",
        first.better,
        reason,
        None if first.worst is None else times * first.worst,
        None if first.best is None else times * first.best,
        details={
            name: [*chain.from_iterable(score.details[name] for score in scores)]
            for name in first.details
        },
    )


def bounds(scored: Score, failed: int) -> tuple[float, float] | None:
    """Return the lowest and the highest value that are possible if no sample had failed.

    For one bound, all `failed` samples get the worst score of the metric, for the other the best
    score. Return None if nothing failed, if the value is not finite, if the range has no end (a
    mean rank has no worst value), and for folds other than the mean.
    """
    n, ends = len(scored.rows), (scored.worst, scored.best)
    if not failed or not math.isfinite(scored.value) or scored.fold != "mean" or None in ends:
        return None
    total = scored.value * n
    low, high = sorted((total + failed * (end or 0.0)) / (n + failed) for end in ends)
    return low, high
