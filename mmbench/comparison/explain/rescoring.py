"""Values of one score, computed by the metric itself on changed answers or references."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from mmbench import stats
from mmbench.engine.score_names import ScoreName, split_name
from mmbench.engine.scoring.estimates import MeasuredDirection, estimates
from mmbench.errors import DataError, UserError
from mmbench.stats.folds import Floats
from mmbench.text import listed
from mmbench.types import Prediction, RunRecord


class Placed(NamedTuple):
    """A prediction with the direction and the split in which it is scored."""

    direction: str
    split: int
    prediction: Prediction


class Measured(NamedTuple):
    """A value with the rows [n, c] from which the fold computes it, one for each prediction.

    The row of a prediction that is not measured is NaN; such a prediction has failed, or it lacks
    the tag of a macro average.
    """

    fold: str
    rows: Floats

    @property
    def measured(self) -> NDArray[np.bool_]:
        """A mask [n] of the predictions with a row."""
        return np.asarray(~np.isnan(self.rows).all(axis=1))

    @property
    def value(self) -> float:
        """The folded value; NaN without rows."""
        return stats.fold(self.fold, self.rows[self.measured])

    def each(self) -> Floats | None:
        """Return the value of each prediction [n], or None if the fold needs all predictions.

        For an error rate with an empty reference, the value is the number of edits.
        """
        values = stats.sample_values(self.fold, self.rows)
        if values is None or not self.fold.endswith("ratio"):
            return values
        return np.where(self.rows[:, 1] == 0, self.rows[:, 0], values)

    def take(self, numbers: Sequence[int]) -> Measured:
        """Return the rows of a selection of the predictions."""
        return Measured(self.fold, self.rows[np.asarray(numbers, np.intp)])


def score_name(name: str, record: RunRecord, directions: Sequence[str]) -> ScoreName:
    """Divide the name of a score of a run into its parts.

    Raises UserError if the run has no such score; the message lists the scores of the run.
    """
    if name not in record.scores:
        known = ", ".join(record.scores)
        raise UserError(f"run {record.run} has no score {name!r}; choose --metric from: {known}")
    return split_name(name, directions)


class Rescorer:
    """A function from predictions to the value of one score."""

    def __init__(self, name: ScoreName, options: Mapping[str, object]) -> None:
        self.name, self._options = name, options

    def __call__(self, items: Sequence[Placed]) -> Measured:
        """Score predictions; failed predictions are left out.

        Raises UserError for a metric that needs a model, and DataError if the metric gives no
        rows or no predictions are left.
        """
        order, directions = _by_split(items)
        scored = self._score(directions)
        if scored.score.fold == "whole":
            raise DataError(
                f"metric {self.name.metric} has one value for the whole set; choose another with"
                " --metric NAME"
            )
        fold, rows = scored.score.fold, np.asarray(scored.score.rows, np.float64)
        places = np.asarray(order, np.intp)[np.asarray(scored.positions, np.intp)]
        if self.name.tag:
            fold, rows, places = _by_tag(self.name.tag, fold, rows, places, items)
        aligned = np.full((len(items), rows.shape[1]), np.nan)
        aligned[places] = rows
        return Measured(fold, aligned)

    def _score(self, directions: Mapping[str, list[list[Prediction]]]) -> MeasuredDirection:
        wanted = self.name
        full = f"{wanted.metric}[{wanted.direction}]" if wanted.direction else wanted.metric
        options = {wanted.metric: self._options}
        scored, missing = estimates([wanted.metric], directions, options=options)
        if missing:
            raise next(iter(missing.values()))
        found = next((one for one in scored if one.name == full), None)
        if found is None:
            names = listed(map(repr, directions))
            raise DataError(f"{full}: the other result has the directions {names}")
        return found


def _by_split(items: Sequence[Placed]) -> tuple[list[int], dict[str, list[list[Prediction]]]]:
    """Return the positions of predictions by direction and split, and the predictions likewise."""
    keys = [(item.direction, item.split) for item in items]
    order = sorted(range(len(items)), key=lambda at: keys[at])
    directions: dict[str, list[list[Prediction]]] = {}
    previous = None
    for at in order:
        splits = directions.setdefault(keys[at][0], [])
        if keys[at] != previous:
            splits.append([])
        splits[-1].append(items[at].prediction)
        previous = keys[at]
    return order, directions


def _by_tag(
    tag: str, fold: str, rows: Floats, places: NDArray[np.intp], items: Sequence[Placed]
) -> tuple[str, Floats, NDArray[np.intp]]:
    """Return fold, rows and positions of the mean over the values of a tag.

    The number of the tag's value is the last column. Predictions without the tag are left out.
    """
    values = [items[at].prediction.tags.get(tag, "") for at in places.tolist()]
    number = {value: n for n, value in enumerate(sorted(set(values) - {""}))}
    numbers = np.array([number.get(value, -1) for value in values])
    tagged = numbers >= 0
    joined = np.column_stack([rows, numbers])[tagged]
    return f"split-mean:{fold}", joined, places[tagged]
