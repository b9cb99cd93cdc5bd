"""Names of scores: `recall@1[image-to-text]`, `accuracy@1{macro:hour}`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple

from mmbench import metric_names
from mmbench.errors import UserError
from mmbench.protocols import MetricInfo

_MACRO = re.compile(r"(?P<name>.*)\{macro:(?P<tag>.*)\}", re.DOTALL)


class ScoreName(NamedTuple):
    """The parts of a score's name: `exact_match[a-to-b]{macro:subject}`.

    `direction` and `tag` are "" if the name has none.
    """

    metric: str
    direction: str
    tag: str


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
    return _MACRO.fullmatch(name) is not None


def without_macro(name: str) -> str:
    """Return the name of the score whose mean over the values of a tag is `name`, or `name`."""
    return _split_macro(name)[0]


def split_name(name: str, directions: Iterable[str]) -> ScoreName:
    """Divide the name of a score into its parts; `directions` are those of the run."""
    base, tag = _split_macro(name)
    for direction in filter(None, directions):
        if base.endswith(f"[{direction}]"):
            return ScoreName(base.removesuffix(f"[{direction}]"), direction, tag)
    return ScoreName(base, "", tag)


def registered_name(name: str) -> tuple[ScoreName, MetricInfo | None]:
    """Divide the name of a score of any run into its parts; return them with the declaration.

    The last brackets are a direction if the rest is the name of a registered metric. Without such a
    metric, the declaration is None, and the metric is the whole name.
    """
    base, tag = _split_macro(name)
    whole, _, direction = base.rpartition("[")
    for metric, rest in ((base, ""), (whole, direction.removesuffix("]"))):
        with suppress(UserError):
            return ScoreName(metric, rest, tag), metric_names.metric_info(metric)
    return ScoreName(base, "", tag), None


def score_info(name: str) -> MetricInfo | None:
    """Return the declaration of a score's metric; None if no such metric is registered."""
    return registered_name(name)[1]


def _split_macro(name: str) -> tuple[str, str]:
    match = _MACRO.fullmatch(name)
    return (match["name"], match["tag"]) if match else (name, "")


def sums_directions(metric: str, directions: Sequence[str]) -> bool:
    """Return whether a metric has one score over both directions, such as `rsum`."""
    return len(directions) > 1 and metric_names.metric_info(metric).sums_directions
