"""Names of scores: `recall@1[image-to-text]`, `accuracy@1{macro:hour}`."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench import metric_names


def score_names(
    metrics: Sequence[str], directions: Sequence[str], breakdowns: Sequence[str]
) -> list[str]:
    """Return the names of the scores that `measure` computes, in the same order.

    The list includes the macro mean over every tag in `breakdowns`. If a tag turns out to have a
    single value, `measure` computes this mean only if it is the headline.
    """
    names = [
        f"{metric}[{direction}]"
        if direction and not sums_directions(metric, directions)
        else metric
        for metric in metrics
        for direction in directions
    ]
    macros = [macro_name(name, tag) for name in names for tag in breakdowns]
    return list(dict.fromkeys([*names, *macros]))


def macro_name(name: str, tag: str) -> str:
    """Return the name of a macro mean: the mean of the score `name` over the values of `tag`."""
    return f"{name}{{macro:{tag}}}"


def is_macro(name: str) -> bool:
    """Return whether a score is the mean over the values of a tag."""
    return name.endswith("}") and "{macro:" in name


def sums_directions(metric: str, directions: Sequence[str]) -> bool:
    """Return whether a metric has one score over both directions, such as `rsum`."""
    return len(directions) > 1 and metric_names.metric_info(metric).sums_directions
