"""The scores of a run against corrected references."""

from __future__ import annotations

import re
from collections.abc import Sequence
from math import isfinite
from typing import Any

from msgspec.structs import replace

from mmbench import metric_names
from mmbench.comparison.reference_errors.known_errors import KnownError
from mmbench.comparison.reference_errors.result import CorrectedScore
from mmbench.engine.score_names import is_macro
from mmbench.engine.scoring.estimates import MeasuredDirection, estimates
from mmbench.errors import Missing, UserError
from mmbench.stats.paired import paired_many
from mmbench.types import Prediction, Predictions, RunRecord

_TIME = "rtfx"  # depends on no reference


def corrected_scores(
    record: RunRecord,
    predictions: Predictions,
    errors: Sequence[KnownError],
    metrics: Sequence[str] = (),
    seed: int = 0,
) -> list[CorrectedScore]:
    """Return the scores of a run against its references and against the corrected references.

    `metrics` are the metrics to compute; by default, all metrics of the run that need no model, no
    option and no other program. Scores that do not change are left out, except the headline and
    those of `metrics`. Raises UserError for one of `metrics` that scores no outputs of this kind,
    or cannot be computed here.
    """
    for name in metrics:
        metric_names.check_metric(name, record.task.kind, {})
    by_id: dict[str, list[KnownError]] = {}
    for error in errors:
        by_id.setdefault(error.id, []).append(error)

    def correct(prediction: Prediction) -> Prediction:
        own = by_id.get(prediction.id, ())
        return replace(prediction, target=corrected(prediction.target, own)) if own else prediction

    names = list(metrics) or [name for name in record.scores if _is_simple(name)]
    try:
        given = _measured(names, predictions)
        fixed = _measured(names, predictions.mapped(correct))
    except Missing:
        if metrics:
            raise
        return []
    scores = [_score(given[name], fixed[name], seed) for name in given if name in fixed]
    return [one for one in scores if one.difference or one.metric in (record.headline, *metrics)]


def _is_simple(name: str) -> bool:
    if is_macro(name) or name == _TIME:
        return False
    try:
        info = metric_names.metric_info(name)
        metric_names.check_options(name, {})
    except UserError:
        return False
    return info.wants is None and not info.slow and not info.needs


def _measured(names: Sequence[str], predictions: Predictions) -> dict[str, MeasuredDirection]:
    if not names:
        return {}
    scored, _ = estimates(names, predictions.directions)
    return {one.name: one for one in scored if one.score.fold != "whole"}


def _score(given: MeasuredDirection, fixed: MeasuredDirection, seed: int) -> CorrectedScore:
    pair = (given.score.fold, given.score.rows, fixed.score.rows)
    (tested,) = paired_many([pair], given.groups, seed=seed)
    number = tested.difference if isfinite(tested.difference) else None
    old, new = (one.score.value if isfinite(one.score.value) else None for one in (given, fixed))
    better = given.score.better
    return CorrectedScore(given.name, better, old, new, number, tested.low, tested.high)


def corrected(target: Any, errors: Sequence[KnownError]) -> Any:
    """Return a reference in which the wrong phrases are replaced by the right ones.

    A reference is a text, a list of texts, or a reference with alternatives. Case is ignored, and
    the first letter keeps its case.
    """
    if isinstance(target, str):
        for error in errors:
            target = _replaced(target, error)
        return target
    if isinstance(target, list):
        return [corrected(one, errors) for one in target]
    if isinstance(target, dict):
        return {key: corrected(value, errors) for key, value in target.items()}
    return target


def _replaced(text: str, error: KnownError) -> str:
    spaces = r"\s+".join(map(re.escape, error.wrong.split()))

    def right(match: re.Match[str]) -> str:
        upper = match[0][:1].isupper() and not error.wrong[:1].isupper()
        return error.right[:1].upper() + error.right[1:] if upper else error.right

    return re.sub(rf"(?<!\w){spaces}(?!\w)", right, text, flags=re.IGNORECASE)
