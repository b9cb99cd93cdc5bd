"""What metrics declare: each of mmbench's against the Scores that it returns, and plugins."""

from __future__ import annotations

import math
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

import mmbench
from mmbench import metric_names, registry, stats
from mmbench.builtin import KINDS, METRICS
from mmbench.engine.scoring.apply import apply
from mmbench.engine.scoring.measure import measure
from mmbench.errors import MissingExtra, UserError
from mmbench.protocols import MetricInfo
from mmbench.types import FeatureRequest, Prediction, Score
from tests.support.errors import one_line_error
from tests.support.metric_inputs import can_run, measured, names_of

SLOW = {"meteor", "spice", "spider", "spider_fl", "dnsmos[ovrl|sig|bak|p808]"}
# Each class of torchmetrics and each rubric has a direction and a range of its own.
OWN = [form for form in METRICS if form not in ("torchmetrics[CLASS]", "judge[RUBRIC]")]
# Their dictionaries are installed for slow tests alone.
MECAB = {"sacrebleu[ja-mecab]", "sacrebleu[ko-mecab]"}
FORMS = [pytest.param(f, marks=pytest.mark.slow if f in SLOW else ()) for f in OWN]


@pytest.mark.parametrize("form", OWN)
def test_every_metric_declares_unit_direction_and_kinds(form: str) -> None:
    info = metric_names.metric_info(form)
    assert info.unit
    assert info.better in ("higher", "lower")
    assert info.kinds
    assert info.kinds <= KINDS.keys()
    assert all(metric_names.metric_info(name).kinds == info.kinds for name in names_of(form))


@pytest.mark.parametrize("form", OWN)
def test_the_docstring_says_the_declared_direction(form: str) -> None:
    doc = " ".join((registry.lookup("metric", form).__doc__ or "").lower().split())
    said = re.search("(higher|lower)(?: one)? is (?:called )?better", doc)
    assert said is None or said[1] == metric_names.metric_info(form).better
    assert said is not None or form in ("pope_yes_ratio",)


@pytest.mark.parametrize("form", FORMS)
def test_values_lie_in_the_declared_range(form: str) -> None:
    if not can_run(form):
        pytest.skip(f"{form} cannot run here")
    info = metric_names.metric_info(form)
    low, high = (info.worst, info.best) if info.better == "higher" else (info.best, info.worst)
    for name in names_of(form):
        for seed in range(1 if form in SLOW else 3):
            try:
                score = measured(name, seed)
            except MissingExtra:
                assert name in MECAB, name
                continue
            assert math.isfinite(score.value), name
            assert (-math.inf if low is None else low) - 1e-12 <= score.value, name
            assert score.value <= (math.inf if high is None else high) + 1e-12, name
            assert (score.better, score.worst, score.best) == (info.better, info.worst, info.best)


def test_the_request_names_the_other_model() -> None:
    wants = metric_names.metric_info("clipscore").wants
    other = metric_names.metric_info("clipscore@clip-nano").wants
    assert wants is not None
    assert other is not None
    assert wants.model == "clip@openai/clip-vit-base-patch32"
    assert other.model == "clip-nano"
    assert other.contents is wants.contents
    assert metric_names.metric_info("fid@clip-nano") is metric_names.metric_info("fid@features")


@mmbench.register("metric", "test_undeclared@k")
def undeclared(predictions: Sequence[Prediction], k: int) -> Score:
    return stats.score([k for _ in predictions], better="lower", best=1)


def test_an_undeclared_metric_is_what_its_score_says() -> None:
    assert metric_names.metric_info("test_undeclared@3") == MetricInfo()
    metric_names.check_metric("test_undeclared@3", "retrieval")
    score = mmbench.metric("test_undeclared@3")([Prediction("a")])
    assert (score.value, score.better, score.worst, score.best) == (3, "lower", None, 1)


@mmbench.declare(unit="letters", better="lower", worst=9, best=0, kinds={"writing"})
@mmbench.register("metric", "test_letters")
def letters(predictions: Sequence[Prediction]) -> Score:
    """Declared above its registration, which is as good."""
    return stats.score([len(p.value) for p in predictions])


def test_a_declaration_holds_in_either_order_of_the_decorators() -> None:
    assert metric_names.metric_info("test_letters").unit == "letters"
    for score in (letters([Prediction("a", "xy")]), mmbench.metric("test_letters")([])):
        assert (score.better, score.worst, score.best) == ("lower", 9, 0)
    with pytest.raises(UserError, match="measures tasks of kind writing, not choice; remove"):
        metric_names.check_metric("test_letters", "choice")
    metric_names.check_metric("test_letters", "a-plugin-s-kind")


@mmbench.register("metric", "test_lacking")
@mmbench.declare(better="lower")
def lacking(predictions: Sequence[Prediction]) -> Score:
    raise MissingExtra("test_lacking", "nolib", "nolib")


def test_a_score_that_cannot_be_measured_has_the_declared_direction() -> None:
    scores = measure(["test_lacking", "test_letters"], {"": [[Prediction("a", "xy")]]}).scores
    assert scores["test_lacking"].value is None
    assert scores["test_lacking"].better == "lower"


@mmbench.register("metric", "test_no_score")
@mmbench.declare(better="lower")
def no_score(predictions: Sequence[Prediction]) -> Any:
    return 1.0


def test_a_declared_metric_that_returns_no_score() -> None:
    with pytest.raises(UserError, match=r"metric test_no_score returned a float; return an"):
        apply("test_no_score", [])


def test_a_value_that_is_not_a_number_has_no_bounds() -> None:
    assert stats.bounds(stats.score([math.nan, 1.0], worst=0, best=1), failed=1) is None


@pytest.mark.parametrize(
    ("declared", "message"),
    [
        ({"better": "up"}, "better is 'up'; give 'higher' or 'lower'"),
        ({"kinds": "retrieval"}, "kinds is 'retrieval'; give a set of names"),
        ({"needs": [1]}, "needs is [1]; give a set of names"),
        ({"unit": None}, "unit is None; give a word"),
        ({"worst": 0}, "worst is 0; give a number, and set better"),
        ({"better": "lower", "best": "0"}, "best is '0'; give a number"),
        ({"better": "lower", "worst": 0, "best": 1}, "lower is better; swap worst and best"),
        ({"better": "higher", "worst": 1, "best": 1}, "higher is better; swap worst and best"),
        ({"wants": "clip"}, "wants is 'clip'; give a FeatureRequest"),
        (
            {"wants": FeatureRequest("caption", {})},
            "'caption' is not a function; give functions as",
        ),
        (
            {"wants": FeatureRequest(list, {"a": "image"})},
            "wants has 'image' for 'a'; give a modality",
        ),  # type: ignore[dict-item]
        ({"extremes": 3}, "extremes is 3; give a tuple of two functions"),
        ({"extremes": (max,)}, "give a tuple of two functions"),
        ({"extremes": ("best", "worst")}, "'best' is not a function; give functions as"),
        ({"check_argument": "x"}, "'x' is not a function; give functions as"),
        ({"check_options": {"n"}}, "{'n'} is not a function; give functions as"),
        ({"slow": "yes"}, "slow is 'yes'; give True or False"),
        ({"lenient": "a"}, "lenient is 'a'; give True or False"),
        ({"sums_directions": 1}, "sums_directions is 1; give True or False"),
    ],
)
def test_a_wrong_declaration_is_one_line(declared: dict[str, Any], message: str) -> None:
    with one_line_error(UserError) as caught:
        mmbench.declare(**declared)
    assert str(caught.value).startswith("mmbench.declare: ")
    assert message in str(caught.value)


def test_a_wrong_declaration_in_a_plugin_file(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    from mmbench.cli import main

    file = tmp_path / "declares_up.py"
    file.write_text("import mmbench\n@mmbench.declare(better='up')\ndef f(p): ...\n")
    assert main(["run", "--plugin", str(file), "-m", "random", "-t", "shapes-retrieval"]) == 2
    assert capsys.readouterr().err.strip().endswith("better is 'up'; give 'higher' or 'lower'")
