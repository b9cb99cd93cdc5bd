"""Recomputation of another program's aggregated score from its scores per sample.

Programs aggregate in different ways: a mean of rates instead of a rate over the corpus, a mean over
groups, with or without samples that have no answer, rounded, as a percentage. The first way that
gives the number in their file explains it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench import metric_names, stats
from mmbench.comparison.explain.rescoring import Measured
from mmbench.comparison.explain.their_scores import PERCENT
from mmbench.engine.score_names import ScoreName
from mmbench.text import count

_MOST_GROUPS = 1000  # distinct values of a tag that can be groups of a mean
_EXACT = 1e-9  # relative difference of equal values


class AggregatedSamples(NamedTuple):
    """The n samples that their value of a score may include.

    `measured` has a row for each sample with a score, `tags` [n] are their tags, and `answered` [n]
    marks samples with an answer. `unscored` counts the samples in their file without a score.
    """

    name: ScoreName
    measured: Measured
    tags: Sequence[dict[str, str]]
    answered: NDArray[np.bool_]
    unscored: int


class Aggregation(NamedTuple):
    """Ways from our aggregate of their samples to theirs: what differs, and the value after it.

    `value` is their value as a fraction; `explained` is false if it cannot be recomputed.
    """

    steps: list[tuple[str, float]]
    value: float
    explained: bool


class _Candidate(NamedTuple):
    """A possible aggregation: the description of each step, and the value after it."""

    steps: list[tuple[str, float]]

    @property
    def value(self) -> float:
        return self.steps[-1][1]


def aggregation(samples: AggregatedSamples, stated: float, scale: float) -> Aggregation:
    """Explain the number `stated` in their file from their samples.

    `scale` is that of their scores per sample; the number itself may be a percentage anyway.
    """
    candidates = list(_candidates(samples))
    for equal in (_is_equal, _is_rounded):
        for unit in dict.fromkeys((scale, 1.0, PERCENT)):
            for candidate in candidates:
                if equal(candidate.value, stated, unit):
                    return _explained(candidate, stated * unit, stated, unit)
    value = stated * _unit(samples.name, stated, scale)
    return Aggregation([], value, explained=False)


def gives(value: float, stated: float) -> bool:
    """Return whether a value is the number in their file, as fraction or percentage, rounded."""
    units = (1.0, PERCENT)
    return any(_is_equal(value, stated, u) or _is_rounded(value, stated, u) for u in units)


def _explained(candidate: _Candidate, value: float, stated: float, unit: float) -> Aggregation:
    steps = candidate.steps[1:]
    if not np.isclose(candidate.value, value, rtol=_EXACT, atol=_EXACT):
        what = "rounded percentage" if unit == PERCENT else "rounded"
        steps = [*steps, (f"{what}: {stated:g}", value)]
    elif unit == PERCENT and not steps:
        steps = [("a percentage, read as a fraction", value)]
    # The last value is the number in the file, so that the points add up to the last bit.
    return Aggregation([*steps[:-1], (steps[-1][0], value)] if steps else [], value, explained=True)


def _is_equal(value: float, stated: float, unit: float) -> bool:
    return abs(value - stated * unit) <= _EXACT * max(1.0, abs(value))


def _is_rounded(value: float, stated: float, unit: float) -> bool:
    """Return whether a value rounds to the number in their file, by the decimals of that number."""
    digits = repr(stated).partition(".")[2]
    if "e" in digits or len(digits) > 6:
        return False
    half = 0.5 * 10.0 ** -max(1, len(digits))
    return abs(value / unit - stated) <= half * (1 + 1e-6)


def _unit(name: ScoreName, stated: float, scale: float) -> float:
    """Return the scale of a number that cannot be recomputed.

    A score above 1 of a metric that ends at 1 is a percentage. For a metric without an end, such as
    an error rate, a number above 2 counts as a percentage.
    """
    info = metric_names.metric_info(name.metric)
    ends = [end for end in (info.worst, info.best) if end is not None]
    limit = 1.0 if len(ends) == 2 and max(ends) == 1 else 2.0
    is_rate = len(ends) < 2 or max(ends) == 1
    return PERCENT if scale == PERCENT or (is_rate and stated > limit) else 1.0


def _candidates(samples: AggregatedSamples) -> Iterator[_Candidate]:
    name, measured, tags, answered, unscored = samples
    start = ("", measured.value)
    yield _Candidate([start])
    each, has_row = measured.each(), measured.measured
    if unscored and each is not None:
        yield _Candidate([start, _with_unscored(name, each[has_row], unscored)])
    for what, mask in _selections(measured, answered):
        if 0 < mask.sum() < has_row.sum():
            selected = measured.take(np.flatnonzero(mask).tolist())
            left_out = int(has_row.sum() - mask.sum())
            step = (f"without {count(left_out, 'sample')} {what}", selected.value)
            yield _Candidate([start, step])
            yield from (_Candidate([start, step, mean]) for mean in _means(selected))
    yield from (_Candidate([start, mean]) for mean in _means(measured))
    yield from (_Candidate([start, mean]) for mean in _group_means(measured, tags))


def _with_unscored(name: ScoreName, each: NDArray[np.float64], unscored: int) -> tuple[str, float]:
    """Return the value if samples without a score count as wrong."""
    worst = metric_names.metric_info(name.metric).worst or 0.0
    value = (each.sum() + worst * unscored) / (len(each) + unscored)
    return f"{count(unscored, 'sample')} without a score counted as wrong", float(value)


def _selections(
    measured: Measured, answered: NDArray[np.bool_]
) -> Iterator[tuple[str, NDArray[np.bool_]]]:
    has_row = measured.measured
    yield "without an answer", has_row & answered
    if measured.fold.endswith("ratio"):
        with np.errstate(invalid="ignore"):
            yield "with an empty reference", has_row & (measured.rows[:, 1] > 0)


def _means(measured: Measured) -> Iterator[tuple[str, float]]:
    """Yield the fold without its groups, or the plain mean over samples."""
    each, fold = measured.each(), measured.fold
    if fold.startswith("split-mean:"):
        inner = fold.partition(":")[2]
        rows = measured.rows[measured.measured][:, :-1]
        what = "over all samples instead of the mean over groups"
        yield what, stats.fold(inner, rows)
    elif each is not None and fold != "mean":
        ours = "the rate over the corpus" if fold == "ratio" else f"the fold {fold}"
        yield f"the mean over samples instead of {ours}", float(np.nanmean(each))


def _group_means(measured: Measured, tags: Sequence[dict[str, str]]) -> Iterator[tuple[str, float]]:
    """Yield the mean over the values of each tag that groups the samples."""
    if measured.fold.startswith("split-"):
        return
    has_row = measured.measured
    for tag in sorted({name for own in tags for name in own}):
        values = np.array([own.get(tag, "") for own in tags], object)
        groups = sorted(set(values[has_row]) - {""})
        if 1 < len(groups) <= min(_MOST_GROUPS, len(tags) - 1):
            parts = [measured.rows[has_row & (values == group)] for group in groups]
            value = float(np.mean([stats.fold(measured.fold, part) for part in parts]))
            yield f"the mean over {len(groups)} values of {tag}", value
