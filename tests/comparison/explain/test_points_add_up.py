"""The points of all causes add up to the difference, whatever differs between two results."""

from __future__ import annotations

import math
from typing import Any

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from mmbench.comparison.explain.results import OurResult, TheirSample
from mmbench.types import Prediction
from tests.comparison.explain.results import explained, our_run

WORDS = st.sampled_from(["cat", "Cat", "cat.", "dog", "a cat", "", "two", "2", "hello world"])
PROMPTS = st.sampled_from(["What is {}?", "<image> What is {}?", "What is {}? Be brief."])
SCORES = st.sampled_from([0.0, 0.5, 1.0, 100.0, 33.3])


def their_sample(data: st.DataObject, ident: str, prediction: Prediction | None) -> TheirSample:
    """Return a sample of the other result in which each stage may differ or be absent."""
    maybe = st.none() | WORDS
    own = prediction.value if prediction and not prediction.error else "cat"
    return TheirSample(
        None,
        ident,
        prompt=data.draw(PROMPTS).replace("{}", ident),
        raw=data.draw(st.just(own) | maybe),
        extracted=data.draw(st.just(own) | maybe),
        reference=data.draw(st.just("cat") | maybe),
        scores=data.draw(st.just({}) | st.fixed_dictionaries({"their_score": SCORES})),
        error=data.draw(st.sampled_from(["", "", "", "timeout"])),
        tags=data.draw(st.sampled_from([{}, {"subject": "a"}, {"subject": "b"}])),
    )


@pytest.mark.slow
@settings(max_examples=60, deadline=None)
@given(
    st.data(),
    st.sampled_from(["exact_match", "wer[basic]", "cer[none]", "anls"]),
    st.none() | st.sampled_from([0.0, 0.5, 0.6667, 66.67, 50.0]),
)
def test_points_add_up(data: st.DataObject, metric: str, stated: float | None) -> None:
    n = data.draw(st.integers(1, 6))
    predictions = [
        Prediction(str(at), data.draw(WORDS), data.draw(WORDS.filter(bool))) for at in range(n)
    ]
    failed = data.draw(st.sets(st.integers(1, 6)))
    predictions = [
        replace(p, value=None, error="broken") if at in failed else p
        for at, p in enumerate(predictions)
    ]
    ours = our_run(metric, predictions, [f"What is {at}?" for at in range(n)])
    assume(not math.isnan(ours.value))
    ids = data.draw(st.lists(st.sampled_from([*map(str, range(n)), "x", "y"]), unique=True))
    by_id = {p.id: p for p in predictions}
    theirs = [their_sample(data, ident, by_id.get(ident)) for ident in ids]
    assume(any(shared(ours, sample, theirs) for sample in theirs))
    explained(ours, theirs, stated)


def shared(ours: OurResult, sample: TheirSample, theirs: list[TheirSample]) -> bool:
    """Return whether a sample has a scored output in both results."""
    own: dict[str, Any] = {item.prediction.id: item.prediction.error for item in ours.items}
    scored = any(one.scores for one in theirs)
    counted = sample.scores if scored else sample.raw is not None or sample.extracted is not None
    return sample.id in own and not own[sample.id] and not sample.error and bool(counted)
