"""Values of metrics in each direction, without intervals."""

from __future__ import annotations

from array import array
from collections.abc import Mapping, Sequence
from itertools import accumulate, chain
from typing import TYPE_CHECKING, NamedTuple

from mmbench import stats
from mmbench.columns import Repeated, column, joined, packed
from mmbench.engine.score_names import sums_directions
from mmbench.engine.scoring.apply import apply
from mmbench.engine.scoring.bounds import Extremes, extremes
from mmbench.engine.scoring.bounds import joined as joined_extremes
from mmbench.errors import Missing, UserError
from mmbench.text import count
from mmbench.types import Directions, Prediction, Score

if TYPE_CHECKING:
    from mmbench.engine.scoring.features import Featurer

MetricOptions = Mapping[str, Mapping[str, object]]  # by the name of the metric


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
    predictions: Sequence[Prediction]
    positions: Sequence[int]
    asked: int
    lost: dict[str, str]
    extremes: Extremes | None = None

    @property
    def groups(self) -> Sequence[str]:
        """Return the group of each row's sample; its id where it has no group."""
        groups, ids = column(self.predictions, "group"), column(self.predictions, "id")
        if isinstance(groups, Repeated) and not groups.only:
            return ids
        return packed([group or ident for group, ident in zip(groups, ids, strict=True)])


def estimates(
    metrics: Sequence[str],
    directions: Directions,
    featurer: Featurer | None = None,
    options: MetricOptions | None = None,
) -> tuple[list[Scored], dict[str, Missing]]:
    """Return each metric in each direction, without intervals; and what was missing, by metric.

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


def _in_directions(
    name: str, directions: Directions, featurer: Featurer | None, options: Mapping[str, object]
) -> list[Scored]:
    found: list[Scored] = []
    start = 0
    for way, splits in directions.items():
        found.append(_scored(name, way, splits, start, featurer, options))
        start += sum(map(len, splits))
    if not sums_directions(name, list(directions)):
        return found
    score = stats.over_directions([scored.score for scored in found])
    behind = joined([scored.predictions for scored in found])
    positions = list(chain.from_iterable(scored.positions for scored in found))
    lost = {ident: why for scored in found for ident, why in scored.lost.items()}
    asked, ends = sum(s.asked for s in found), joined_extremes(found, stats.over_directions)
    return [Scored(name, name, "", score, behind, positions, asked, lost, ends)]


def _scored(
    name: str,
    direction: str,
    splits: Sequence[Sequence[Prediction]],
    start: int,
    featurer: Featurer | None,
    options: Mapping[str, object],
) -> Scored:
    """Return a metric in one direction; `start` is the position of its first prediction."""
    applied = [apply(name, predictions, featurer, options) for predictions in splits]
    scores = [one.score for one in applied]
    score = scores[0] if len(scores) == 1 else stats.over_splits(scores)
    behind = joined([one.predictions for one in applied])
    starts = accumulate(map(len, splits), initial=start)
    positions = array("q")
    for first, one in zip(starts, applied, strict=False):
        positions.extend(first + at for at in one.positions)
    lost = {ident: why for one in applied for ident, why in one.lost.items()}
    if score.fold != "whole" and len(score.rows) != len(behind):
        raise UserError(
            f"metric {name} gave {count(len(score.rows), 'row')}"
            f" for {count(len(behind), 'prediction')}: one each"
        )
    full = f"{name}[{direction}]" if direction else name
    asked, ends = sum(map(len, splits)), extremes(name, splits, options)
    return Scored(name, full, direction, score, behind, positions, asked, lost, ends)
