"""Metrics over predictions: scores with their intervals, by direction and by tag."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping, Sequence
from itertools import accumulate, compress
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mmbench import registry, stats
from mmbench.engine.bounds import Extremes, extremes, joined
from mmbench.engine.long_texts import readable
from mmbench.errors import Missing, SampleError, UserError
from mmbench.protocols.declarations import with_range
from mmbench.text import count
from mmbench.types import Directions, Prediction, Score, ScoreInfo

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from mmbench.engine.features import Featurer

Breakdowns = dict[str, dict[str, dict[str, ScoreInfo]]]
MetricOptions = Mapping[str, Mapping[str, object]]  # by the name of the metric


class Applied(NamedTuple):
    """A metric's score, the predictions behind its rows, and those that it could not take: why.

    `positions` says at which position of the given predictions each of these stands.
    """

    score: Score
    predictions: list[Prediction]
    positions: list[int]
    lost: dict[str, str]


class Scored(NamedTuple):
    """A metric in one direction. `predictions` are those behind the rows, in their order.

    `positions` are their positions among the predictions of all directions and splits. `asked`
    counts those of the direction, failed ones too; `lost` says by id why the metric itself could
    not take some. `extremes` are there where failures leave rankings uncertain.
    """

    metric: str
    name: str  # with the direction: recall@1[text-to-image]
    direction: str
    score: Score
    predictions: list[Prediction]
    positions: list[int]
    asked: int
    lost: dict[str, str]
    extremes: Extremes | None = None

    @property
    def groups(self) -> list[str]:
        """What the sample of each row shares with others, itself where it shares nothing."""
        return [p.group or p.id for p in self.predictions]


class Measured(NamedTuple):
    """Scores by full name, those of parts by tag, and what they were made of."""

    scores: dict[str, ScoreInfo]
    breakdowns: Breakdowns
    found: list[Scored]

    @property
    def lost(self) -> list[tuple[str, str]]:
        """Id and reason of each sample that answered and that a metric could not take."""
        return list({i: why for scored in self.found for i, why in scored.lost.items()}.items())


def score_names(
    metrics: Sequence[str], directions: Sequence[str], breakdowns: Sequence[str]
) -> list[str]:
    """Return the names of the scores that `measure` gives, in its order.

    A mean over the values of a tag is among them, though it is given for data with one value only
    as the headline.
    """
    names = [
        f"{metric}[{direction}]" if direction and not _sums(metric, directions) else metric
        for metric in metrics
        for direction in directions
    ]
    macros = [macro_name(name, tag) for name in names for tag in breakdowns]
    return list(dict.fromkeys([*names, *macros]))


def macro_name(name: str, tag: str) -> str:
    """Return the name of the mean of a score over the values of a tag."""
    return f"{name}{{macro:{tag}}}"


def measure(
    metrics: Sequence[str],
    directions: Directions,
    *,
    breakdowns: Sequence[str] = (),
    headline: str = "",
    signature: str = "",
    featurer: Featurer | None = None,
    options: MetricOptions | None = None,
    seed: int = 0,
) -> Measured:
    """Score each metric in each direction: `recall@1[text-to-image]`.

    Failed predictions are not measured; they are counted, with the bounds they leave. Of each tag
    in `breakdowns` every metric is also given over the samples of one value, and as the mean over
    the values, `exact_match{macro:subject}`, where there are several or it is the `headline`. A
    metric that lacks a library, a program or a file is n/a with what to install. Raises Missing
    where none could be measured.
    """
    found, missing = estimates(metrics, directions, featurer, options)
    by_tags = [(scored, tag, _parts(scored, tag)) for scored in found for tag in breakdowns]
    macros = [
        _macro(scored, tag, own)
        for scored, tag, own in by_tags
        if len(own) > 1 or (own and headline == macro_name(scored.name, tag))
    ]
    parts = [(tag, value, part) for _, tag, own in by_tags for value, part in own.items()]
    shown = [*found, *macros]
    infos = _infos([*shown, *(scored for _, _, scored in parts)], signature, seed)
    scores = dict(zip([scored.name for scored in shown], infos, strict=False))
    scores |= {name: _unmeasured(name, str(error)) for name, error in missing.items()}
    by_tag: Breakdowns = {}
    for (tag, value, scored), info in zip(parts, infos[len(shown) :], strict=True):
        by_tag.setdefault(tag, {}).setdefault(value, {})[scored.name] = info
    return Measured(scores, by_tag, found)


def estimates(
    metrics: Sequence[str],
    directions: Directions,
    featurer: Featurer | None = None,
    options: MetricOptions | None = None,
) -> tuple[list[Scored], dict[str, Missing]]:
    """Each metric in each direction, without intervals; and what was missing, by metric.

    `options` are those of the task's `metric_options`. Raises Missing where none could be measured.
    """
    found: list[Scored] = []
    missing: dict[str, Missing] = {}
    for name in metrics:
        try:
            found += _in_directions(name, directions, featurer, (options or {}).get(name, {}))
        except Missing as error:
            missing[name] = error
    if missing and not found:
        raise next(iter(missing.values()))
    return found, missing


def apply(
    name: str,
    predictions: Sequence[Prediction],
    featurer: Featurer | None = None,
    options: Mapping[str, object] | None = None,
) -> Applied:
    """The score of one metric, by name, and the predictions that it is of: the failed are left out.

    Raises UnknownName, and UserError for a metric that wants a model where there is none, and for
    options that it does not take.
    """
    function, argument = registry.metric(name)
    given = () if argument is None else (argument,)
    wants = registry.metric_info(name).wants
    function = registry.with_options(name, function, options or {})
    positions = [
        at for at, p in enumerate(predictions) if p.error is None or (wants and wants.failed)
    ]
    answered = [predictions[at] for at in positions]
    if wants is None:
        applied = _by_itself(function, answered, positions, given)
        return applied._replace(score=_a_score(name, applied.score))
    if featurer is None:
        raise UserError(f"metric {name} wants a model, and none can run here")
    featured = featurer.features(name, wants, argument, readable(answered))
    lost = {answered[row].id: f"{name}: {why}" for row, why in featured.failures.items()}
    if lost and wants.failed:  # what is left of them counts
        answered = [_failed(p, lost[p.id]) if p.id in lost else p for p in answered]
        featured = featurer.features(name, wants, argument, readable(answered))
    kept = [row for row in range(len(answered)) if row not in featured.failures]
    features = [featured.features[row] for row in kept]
    answered = [answered[row] for row in kept]
    positions = [positions[row] for row in kept]
    score = _a_score(name, function(readable(answered), *given, features=features))
    told = f"{score.signature},{featured.signature}"
    return Applied(msgspec.structs.replace(score, signature=told), answered, positions, lost)


def _a_score(name: str, value: object) -> Score:
    """Return what a metric returned, with its declared range. Raises UserError for no score."""
    if isinstance(value, Score):
        return with_range(value, registry.metric_info(name))
    raise UserError(
        f"metric {name} returned a {type(value).__name__}: a mmbench.types.Score is needed"
    )


def _failed(prediction: Prediction, why: str) -> Prediction:
    return msgspec.structs.replace(prediction, error=why)


def _by_itself(
    function: Callable[..., Score],
    answered: list[Prediction],
    positions: list[int],
    given: tuple[object, ...],
) -> Applied:
    """The score of the predictions that the metric can take: a sound may be undecodable."""
    try:
        return Applied(function(readable(answered), *given), answered, positions, {})
    except SampleError:
        refused = [_refusal(function, p, given) for p in answered]
    lost = {p.id: why for p, why in zip(answered, refused, strict=True) if why}
    fit = [row for row, why in enumerate(refused) if not why]
    kept = [answered[row] for row in fit]
    score = function(readable(kept), *given)
    return Applied(score, kept, [positions[row] for row in fit], lost)


def _refusal(
    function: Callable[..., Score], prediction: Prediction, given: tuple[object, ...]
) -> str:
    try:
        function(readable([prediction]), *given)
    except SampleError as error:
        return str(error)
    return ""


def _in_directions(
    name: str, directions: Directions, featurer: Featurer | None, options: Mapping[str, object]
) -> list[Scored]:
    found: list[Scored] = []
    start = 0
    for way, splits in directions.items():
        found.append(_scored(name, way, splits, start, featurer, options))
        start += sum(map(len, splits))
    if not _sums(name, list(directions)):
        return found
    score = stats.over_directions([scored.score for scored in found])
    behind = [p for scored in found for p in scored.predictions]
    positions = [at for scored in found for at in scored.positions]
    lost = {ident: why for scored in found for ident, why in scored.lost.items()}
    asked, ends = sum(s.asked for s in found), joined(found, stats.over_directions)
    return [Scored(name, name, "", score, behind, positions, asked, lost, ends)]


def _sums(metric: str, directions: Sequence[str]) -> bool:
    """Whether a metric is one score over both directions, as `rsum` is."""
    return len(directions) > 1 and registry.metric_info(metric).sums_directions


def _scored(
    name: str,
    direction: str,
    splits: list[list[Prediction]],
    start: int,
    featurer: Featurer | None,
    options: Mapping[str, object],
) -> Scored:
    """Return a metric in one direction; `start` is the position of its first prediction."""
    applied = [apply(name, predictions, featurer, options) for predictions in splits]
    scores = [one.score for one in applied]
    score = scores[0] if len(scores) == 1 else stats.over_splits(scores)
    behind = [p for one in applied for p in one.predictions]
    starts = accumulate(map(len, splits), initial=start)
    positions = [
        first + at for first, one in zip(starts, applied, strict=False) for at in one.positions
    ]
    lost = {ident: why for one in applied for ident, why in one.lost.items()}
    if score.fold != "whole" and len(score.rows) != len(behind):
        raise UserError(
            f"metric {name} gave {count(len(score.rows), 'row')}"
            f" for {count(len(behind), 'prediction')}: one each"
        )
    full = f"{name}[{direction}]" if direction else name
    asked, ends = sum(map(len, splits)), extremes(name, splits, options)
    return Scored(name, full, direction, score, behind, positions, asked, lost, ends)


def _by_tag(scored: Scored, tag: str) -> dict[str, NDArray[np.bool_]]:
    """Which rows have each value of a tag; none for a metric without rows per sample."""
    import numpy as np

    if scored.score.fold == "whole":
        return {}
    tags = np.array([p.tags.get(tag, "") for p in scored.predictions], dtype=object)
    return {str(value): tags == value for value in sorted(set(tags)) if value}


def _part(scored: Scored, rows: NDArray[np.bool_]) -> Scored:
    score, table = scored.score, scored.score.rows[rows]
    value = stats.fold(score.fold, table)
    behind = list(compress(scored.predictions, rows))
    positions = list(compress(scored.positions, rows))
    cut = msgspec.structs.replace(score, rows=table, value=value, interval=None)
    return scored._replace(
        score=cut, predictions=behind, positions=positions, asked=len(behind), extremes=None
    )


def _parts(scored: Scored, tag: str) -> dict[str, Scored]:
    """The score over the samples of each value of a tag."""
    parts = {value: _part(scored, rows) for value, rows in _by_tag(scored, tag).items()}
    ends = scored.extremes
    if ends is None:
        return parts
    return {v: part._replace(extremes=ends.within(tag, v)) for v, part in parts.items()}


def _macro(scored: Scored, tag: str, parts: dict[str, Scored]) -> Scored:
    """The mean over the values of a tag."""
    score = stats.over_splits([part.score for part in parts.values()])
    named = msgspec.structs.replace(score, signature=f"macro={tag},{score.signature}")
    behind = [p for part in parts.values() for p in part.predictions]
    ends = joined(list(parts.values()), stats.over_splits)
    return scored._replace(
        name=macro_name(scored.name, tag),
        score=named,
        predictions=behind,
        positions=[at for part in parts.values() for at in part.positions],
        extremes=ends,
    )


def _infos(found: list[Scored], signature: str, seed: int) -> list[ScoreInfo]:
    groups = [scored.groups for scored in found]
    intervals = stats.intervals([scored.score for scored in found], groups, seed=seed)
    return [_info(s, signature, *interval) for s, interval in zip(found, intervals, strict=True)]


def _unmeasured(name: str, reason: str) -> ScoreInfo:
    """A score whose metric cannot run here; it has no signature."""
    better = registry.metric_info(name).better or "higher"
    return ScoreInfo(None, None, None, 0, 0, "", better, "mean", reason=reason)


def _info(
    scored: Scored, signature: str, interval: tuple[float, float] | None, reason: str
) -> ScoreInfo:
    score, n = scored.score, sum(p.error is None for p in scored.predictions)
    missing = scored.asked - n
    low, high = interval or (None, None)
    return ScoreInfo(
        value=score.value if math.isfinite(score.value) else None,
        low=low,
        high=high,
        n=n,
        groups=len(set(scored.groups)),
        signature=f"{score.signature},{signature}" if signature else score.signature,
        better=score.better,
        fold=score.fold,
        failed=missing,
        bounds=scored.extremes.bounds if scored.extremes else stats.bounds(score, missing),
        reason=_reason(score, reason),
    )


def _reason(score: Score, interval: str) -> str:
    """Return what is to be said of a score, and why it has no interval where it has a value."""
    shown = (score.reason, interval) if math.isfinite(score.value) else (score.reason or interval,)
    return "; ".join(filter(None, shown))
