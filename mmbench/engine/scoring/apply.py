"""Application of one metric to the predictions that it can score.

Failed predictions and predictions that do not suit the metric are left out.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from msgspec.structs import replace

from mmbench import metric_names
from mmbench.columns import column, rows_not_none, without_rows
from mmbench.engine.scoring.features import FeatureExtractor
from mmbench.engine.scoring.long_texts import truncate_long_texts
from mmbench.errors import SampleError, UserError
from mmbench.protocols import Metric
from mmbench.protocols.declarations import with_range
from mmbench.types import Features, Prediction, Score


class Applied(NamedTuple):
    """The score of a metric, and the prediction of each row of the score.

    `positions` are the indices of these predictions in the list passed to `apply`. `rejected` maps
    the ids of predictions that the metric could not score to reasons.
    """

    score: Score
    predictions: Sequence[Prediction]
    positions: Sequence[int]
    rejected: dict[str, str]


def apply(
    name: str,
    predictions: Sequence[Prediction],
    feature_extractor: FeatureExtractor | None = None,
    options: Mapping[str, object] | None = None,
) -> Applied:
    """Score predictions with the metric called `name`.

    Failed predictions are left out unless the metric declares that it scores them
    (`FeatureRequest.failed`). Raises UnknownName for an unknown metric. Raises UserError if the
    metric needs a model but `feature_extractor` is None, or if the metric does not accept
    `options`.
    """
    function, argument = metric_names.metric(name)
    arguments = () if argument is None else (argument,)
    wants = metric_names.feature_request(name, options)
    function = metric_names.with_options(name, function, options or {})
    failed = [] if wants and wants.failed else rows_not_none(column(predictions, "error"))
    positions = without_rows(range(len(predictions)), failed)
    answered = without_rows(predictions, failed)
    if wants is None:
        applied = _apply_each(function, answered, positions, arguments)
        return applied._replace(score=_check_score(name, applied.score))
    if feature_extractor is None:
        raise UserError(f"metric {name} needs a model, and no model can run here")
    featured = feature_extractor.features(name, wants, truncate_long_texts(answered))
    rejected = {answered[row].id: f"{name}: {why}" for row, why in featured.failures.items()}
    if rejected and wants.failed:  # rejected predictions count as failed
        answered = [replace(p, error=rejected[p.id]) if p.id in rejected else p for p in answered]
        featured = feature_extractor.features(name, wants, truncate_long_texts(answered))
    kept_rows = [row for row in range(len(answered)) if row not in featured.failures]
    features = [featured.features[row] for row in kept_rows]
    answered = [answered[row] for row in kept_rows]
    positions = [positions[row] for row in kept_rows]
    applied = _apply_each(function, answered, positions, arguments, features)
    score = _check_score(name, applied.score)
    signature = f"{score.signature},{featured.signature}"
    return applied._replace(
        score=replace(score, signature=signature), rejected=rejected | applied.rejected
    )


def _check_score(name: str, value: object) -> Score:
    """Return a metric's score with its declared range. Raises UserError if it is no Score."""
    if isinstance(value, Score):
        return with_range(value, metric_names.metric_info(name))
    raise UserError(
        f"metric {name} returned a {type(value).__name__}; return an mmbench.types.Score"
    )


def _apply_each(
    function: Metric,
    answered: Sequence[Prediction],
    positions: Sequence[int],
    arguments: tuple[object, ...],
    features: Sequence[Features] | None = None,
) -> Applied:
    """Score the predictions that the metric accepts; reject the rest, such as undecodable audio.

    `features` are those of each prediction, for a metric that requests features.
    """

    def scored(rows: Sequence[int]) -> Score:
        predictions = answered if len(rows) == len(answered) else [answered[row] for row in rows]
        keywords = {} if features is None else {"features": [features[row] for row in rows]}
        return function(truncate_long_texts(predictions), *arguments, **keywords)

    def refusal(row: int) -> str:
        """Return the reason why the metric cannot score a prediction, or "" if it can."""
        try:
            scored([row])
        except SampleError as error:
            return str(error)
        return ""

    try:
        return Applied(scored(range(len(answered))), answered, positions, {})
    except SampleError:
        reasons = [*map(refusal, range(len(answered)))]
    rejected = {p.id: why for p, why in zip(answered, reasons, strict=True) if why}
    fitting = [row for row, why in enumerate(reasons) if not why]
    accepted = [answered[row] for row in fitting]
    return Applied(scored(fitting), accepted, [positions[row] for row in fitting], rejected)
