"""A score without a value has a reason, whatever the metric and whatever part of the samples."""

from __future__ import annotations

from math import nan

import pytest
from msgspec.structs import replace

from mmbench import metric_names, stats
from mmbench.builtin import METRICS
from mmbench.engine.scoring.measure import measure
from mmbench.engine.scoring.retrieval_bounds import refold
from mmbench.errors import Missing
from mmbench.types import Prediction, ScoreInfo
from tests.support.metric_inputs import OPTIONS, can_run, made, measured, names_of

OWN = [form for form in METRICS if form not in ("torchmetrics[CLASS]", "judge[RUBRIC]")]
SLOW = {"meteor", "spice", "spider", "spider_fl", "dnsmos[ovrl|sig|bak|p808]"}
FORMS = [pytest.param(form, marks=pytest.mark.slow if form in SLOW else ()) for form in OWN]


def reasons(infos: dict[str, ScoreInfo]) -> dict[str, str]:
    return {name: info.reason for name, info in infos.items() if info.value is None}


@pytest.mark.parametrize("form", FORMS)
def test_every_score_without_a_value_has_a_reason(form: str) -> None:
    """Of all samples, of each sample alone, and of the mean over the samples."""
    if not can_run(form):
        pytest.skip(f"{form} cannot run here")
    name = names_of(form)[0]
    if metric_names.metric_info(name).wants is not None:
        score = measured(name, 0)  # features come from another model, so not by `measure`
        for rows in ([], [0], [1]):
            part = refold(score, rows) if score.fold != "whole" else score
            assert stats.undefined_reason(part) or part.value == part.value
        return
    predictions = [
        replace(one, tags={**one.tags, "part": f"{at}"}) for at, one in enumerate(made(name, 0)[0])
    ]
    options = {name: OPTIONS[name]} if name in OPTIONS else None
    failed = [replace(one, error="no output", value=None) for one in predictions]
    for some in (predictions, failed, [*predictions[:1], *failed[1:]]):
        try:
            found = measure([name], {"": [some]}, breakdowns=["part"], options=options)
        except Missing:
            return
        every = [found.scores, *found.breakdowns.get("part", {}).values()]
        missing = [one for infos in every for one in reasons(infos).items()]
        assert all(reason for _, reason in missing), missing


def test_the_mean_over_parts_names_the_part_without_a_value() -> None:
    options = {"answer": "A", "options": ["a", "b"]}
    predictions = [
        Prediction("1", "A", options, tags={"subject": "art"}),
        Prediction("2", "7", ["7"], tags={"subject": "maths"}),
    ]
    found = measure(["mmmu_unparsed"], {"": [predictions]}, breakdowns=["subject"])
    macro = found.scores["mmmu_unparsed{macro:subject}"]
    assert macro.value is None
    why = "the samples have nothing that this score counts"
    assert macro.reason == f"no value for subject maths: {why}"
    assert found.breakdowns["subject"]["maths"]["mmmu_unparsed"].reason == why


def test_a_reason_of_all_samples_is_not_that_of_a_part() -> None:
    score = stats.score([[1, 1], [0, 0]], fold_name="ratio", reason="a remark")
    assert stats.undefined_reason(refold(score, [1])).startswith("the samples have nothing")
    assert stats.undefined_reason(refold(score, [0])) == ""
    undefined = stats.score([nan, 1.0], reason="an unknown rank")
    assert stats.undefined_reason(refold(undefined, [0])) == "an unknown rank"
