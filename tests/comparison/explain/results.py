"""Results to explain: a run in memory, and another result that differs in planted stages."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import pytest

from mmbench.comparison.explain.explain import explain_results
from mmbench.comparison.explain.explanation import Explanation
from mmbench.comparison.explain.rescoring import Placed, Rescorer, score_name
from mmbench.comparison.explain.results import OurResult, Prompts, TheirResult, TheirSample
from mmbench.types import Prediction, Sample
from tests.support.boards import record, score_info

THEIRS = "their_score"


def our_run(
    metric: str,
    predictions: Sequence[Prediction],
    prompts: Sequence[str] = (),
    **changes: Any,
) -> OurResult:
    """Return a run with these predictions, scored by a metric of mmbench."""
    items = [Placed("", 0, prediction) for prediction in predictions]
    parts = score_name(metric, record(scores={metric: score_info([0.0])}), [""])
    answered = [item for item in items if not item.prediction.error]
    measured = Rescorer(parts, {})(answered)
    scores = {metric: score_info(measured.rows, measured.fold.replace("split-mean:", ""))}
    scores = {name: _with_value(info, measured.value) for name, info in scores.items()}
    run = record(scores=scores, headline=metric)
    known = Prompts(list(prompts)) if prompts else Prompts(absent="no prompts")
    inputs = [{"question": prompt} for prompt in prompts] or [{}] * len(predictions)
    samples = [Sample(p.id, dict(i), p.target) for p, i in zip(predictions, inputs, strict=True)]
    return OurResult(run, metric, parts, {}, items, samples, known, **changes)


def _with_value(info: Any, value: float) -> Any:
    from msgspec.structs import replace

    return replace(info, value=value)


def same_samples(ours: OurResult, scores: Mapping[str, float] | None = None) -> list[TheirSample]:
    """Return samples of another result that equal ours, with our scores unless others are given."""
    answered = [item for item in ours.items if not item.prediction.error]
    each = Rescorer(ours.parts, ours.options)(answered).each()
    assert each is not None
    by_id = {item.prediction.id: float(one) for item, one in zip(answered, each, strict=True)}
    by_id |= dict(scores or {})
    return [
        TheirSample(
            None,
            item.prediction.id,
            prompt=ours.prompts.texts[at] if ours.prompts.texts else "",
            raw=item.prediction.value,
            extracted=item.prediction.value,
            reference=_reference(item.prediction.target),
            scores={THEIRS: by_id.get(item.prediction.id, 0.0)},
        )
        for at, item in enumerate(ours.items)
    ]


def _reference(target: Any) -> Any:
    return target["answer"] if isinstance(target, dict) else target


def explained(
    ours: OurResult,
    samples: Sequence[TheirSample],
    stated: float | None = None,
    their_metric: str | None = None,
) -> Explanation:
    """Explain a result with these samples and this aggregated score; the points have to add up."""
    scores = {} if stated is None else {THEIRS: stated}
    found = explain_results(
        ours, TheirResult("theirs", "lm-eval", list(samples), scores), their_metric
    )
    assert_adds_up(found)
    return found


def assert_adds_up(found: Explanation) -> None:
    """Check that the points add up to the difference, and each step starts where one ended."""
    assert sum(found.points().values()) == pytest.approx(100 * found.difference, abs=1e-9)
    value = found.ours
    for step in found.steps:
        assert step.before == pytest.approx(value, abs=1e-9)
        value = step.after
    assert value == pytest.approx(found.theirs, abs=1e-9)


def points(found: Explanation) -> dict[str, float]:
    """Return the points of each cause, rounded."""
    return {cause: round(value, 6) for cause, value in found.points().items()}
