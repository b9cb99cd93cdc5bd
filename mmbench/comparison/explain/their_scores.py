"""Selection of the other program's score that corresponds to ours, and its scale.

A file may have several scores per sample (`acc`, `acc_norm`), as fractions or as percentages.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np

from mmbench import metric_names
from mmbench.columns import ABSENT
from mmbench.comparison.explain.counterparts import Counterpart
from mmbench.comparison.explain.rescoring import Placed, Rescorer
from mmbench.comparison.explain.results import MMBENCH, OurResult, TheirResult
from mmbench.comparison.explain.variants import reproduced
from mmbench.errors import UnknownName, UserError
from mmbench.stats.folds import Floats

PERCENT = 0.01


class ScoreChoice(NamedTuple):
    """The name of their score, "" if their result has none, and its scale per sample.

    `scale` is 1 for fractions and 0.01 for percentages. `stated` is the aggregated score as their
    file has it, None if it has none.
    """

    name: str
    scale: float
    stated: float | None


def choose_score(
    ours: OurResult, theirs: TheirResult, pairs: Sequence[Counterpart], requested: str | None
) -> ScoreChoice:
    """Return their score with the name `requested`, or the one that corresponds to ours.

    That is the score with the name of our metric, or else the score per sample that equals our
    metric, computed on their answers, on most samples. Raises UnknownName for an unknown name.
    """
    if theirs.source == MMBENCH and requested:
        raise UserError(
            f"--their-metric {requested}: two runs are compared by the same score; choose it with"
            " --metric"
        )
    names = list(dict.fromkeys(name for pair in pairs for name in pair.sample.scores))
    known = list(dict.fromkeys([*names, *theirs.scores]))
    if requested and requested not in known:
        raise UnknownName("score of their result", requested, known)
    if theirs.value is not None:
        return ScoreChoice(ours.name, 1.0, theirs.value)
    name, scale = _best(ours, pairs, [requested] if requested else names)
    name = requested or name or _like(ours.parts.metric, list(theirs.scores))
    stated = theirs.scores.get(name)
    if stated is None and not requested and len(theirs.scores) == 1:
        stated = next(iter(theirs.scores.values()))
    return ScoreChoice(name, scale, stated)


def _best(ours: OurResult, pairs: Sequence[Counterpart], names: Sequence[str]) -> tuple[str, float]:
    """Return the name and the scale of the score per sample that corresponds to ours; "" if none.

    A score with the name of our metric comes first. Of several others, the score that is reproduced
    on most samples is taken.
    """
    same = _like(ours.parts.metric, names)
    by_score = {name: _scores(pairs, name) for name in ([same] if same else names)}
    present = {name: scores for name, scores in by_score.items() if not np.isnan(scores).all()}
    if not present:
        return "", 1.0
    values = _recomputed(ours, pairs)
    ranked = [
        (_n_reproduced(values, scores * scale), -at, -scale, name, scale)
        for at, (name, scores) in enumerate(present.items())
        for scale in (1.0, PERCENT)
    ]
    _, _, _, name, scale = max(ranked, key=lambda one: (one[0], one[1], -one[2]))
    return name, PERCENT if _exceeds(ours, present[name]) else scale


def _n_reproduced(values: Floats | None, scores: Floats) -> int:
    return int(reproduced(values, scores).sum())


def _scores(pairs: Sequence[Counterpart], name: str) -> Floats:
    return np.array([pair.sample.scores.get(name, np.nan) for pair in pairs], np.float64)


def _recomputed(ours: OurResult, pairs: Sequence[Counterpart]) -> Floats | None:
    """Return the value of our metric for each of their answers; NaN where it cannot be computed."""
    usable = [at for at, pair in enumerate(pairs) if _can_score(pair)]
    if not usable:
        return None
    items: list[Placed] = [pairs[at].prediction(pairs[at].final, pairs[at].target) for at in usable]
    each = Rescorer(ours.parts, ours.options)(items).each()
    if each is None:
        return None
    values = np.full(len(pairs), np.nan)
    values[usable] = each
    return values


def _can_score(pair: Counterpart) -> bool:
    return pair.final is not ABSENT and (pair.place is not None or pair.target is not ABSENT)


def _exceeds(ours: OurResult, scores: Floats) -> bool:
    """Return whether scores per sample are outside the range of a metric that ends at 1."""
    info = metric_names.metric_info(ours.parts.metric)
    ends = (info.worst, info.best)
    ends_at_1 = None not in ends and max(end or 0.0 for end in ends) == 1
    return ends_at_1 and bool(np.nanmax(scores) > 1)


def _like(name: str, known: Sequence[str]) -> str:
    """Return the name in `known` of the metric called `name`; "" if there is none, or several.

    A name that ends with it is the second choice: `coco_CIDEr` for `cider`.
    """
    requested = _plain(name)
    equal = [other for other in known if _plain(other) == requested]
    similar = [other for other in known if _plain(other).endswith(requested)]
    return (equal or similar)[0] if equal or len(similar) == 1 else ""


def _plain(name: str) -> str:
    """Return a name of a metric in lower case without separators, filters and variants."""
    return re.sub(r"[\W_]+", "", re.split(r"[\[,{]", name)[0].lower())


def by_sample(pairs: Sequence[Counterpart], choice: ScoreChoice) -> list[Counterpart]:
    """Return the samples with their score as a fraction."""
    return [
        pair._replace(score=score * choice.scale)
        if (score := _finite(pair.sample.scores, choice.name)) is not None
        else pair
        for pair in pairs
    ]


def _finite(scores: Mapping[str, float], name: str) -> float | None:
    score = scores.get(name)
    return score if score is not None and np.isfinite(score) else None
