"""The page that compares two runs: its verdict, its numbers, and a pair without rows."""

import re
from pathlib import Path
from typing import Any

import pytest
from msgspec.structs import replace

from mmbench.comparison.compare import Comparison, ScoreComparison, compare_runs
from mmbench.comparison.intervals import comparison_without_rows
from mmbench.errors import UserError
from mmbench.reports.pages.comparison import (
    STYLES,
    ComparisonContext,
    comparison_body,
    comparison_title,
)
from mmbench.reports.pages.html import element, join
from mmbench.reports.pages.shell import page
from mmbench.reports.pages.verdict import verdict
from mmbench.types import RunRecord
from tests.reports.pages.test_run import HOSTILE, words_of
from tests.support.boards import TASK, coins, model_info, write_run
from tests.support.browser import OpenPage, overflowing
from tests.support.charts import text_faults

Runs = tuple[Comparison, RunRecord, RunRecord]


def runs(out: Path, first: list[float | None], second: list[float | None], **changes: Any) -> Runs:
    a = write_run(out, "a", {"recall@1": first, "mrr": first})
    b = write_run(out, "b", {"recall@1": second, "mrr": second}, **changes)
    return compare_runs([a, b], out=out)[0], a, b


def document(made: Runs, **context: Any) -> str:
    pair, a, b = made
    body = comparison_body(pair, a, b, ComparisonContext(**context))
    return page(comparison_title(a, b), body, styles=STYLES)


def test_the_verdict_is_a_sentence_with_all_its_numbers(tmp_path: Path) -> None:
    made = runs(tmp_path, [*coins(400, 0.5)], [*coins(400, 0.8)])
    score = made[0].scores[0]
    words = words_of(document(made))
    assert score.verdict == "better"
    assert score.baseline is not None and score.candidate is not None and score.difference
    sentence = (
        f"better The candidate is better: recall@1 {score.candidate:.4f} against"
        f" {score.baseline:.4f}, a difference of {score.difference:+.4f} [{score.low:+.4f} to"
        f" {score.high:+.4f}], p < 0.0001 after Holm's correction over 2 tests."
    )
    assert sentence in words
    assert f"that 400 samples can show is {score.detectable:.4f}" in words


def test_a_p_value_of_zero_is_shown_with_its_interval(tmp_path: Path) -> None:
    pair, a, b = runs(tmp_path, [*coins(400, 0.5)], [*coins(400, 0.8)])
    sure = [replace(score, p_value=0.0, p_holm=0.0) for score in pair.scores]
    words = words_of(document((replace(pair, scores=sure), a, b)))
    score = sure[0]
    assert f"[{score.low:+.4f} to {score.high:+.4f}], p < 0.0001 after" in words
    assert "0.0000" not in words


@pytest.mark.parametrize(
    ("p_value", "p_holm", "tests", "expected"),
    [
        (0.03, 0.12, 4, "p = 0.1200 after Holm's correction over 4 tests; without it p = 0.0300"),
        (0.2, 0.8, 4, "p = 0.8000 after Holm's correction over 4 tests."),
        (0.001, 0.004, 4, "p = 0.0040 after Holm's correction over 4 tests."),
        (0.03, 0.03, 1, "p = 0.0300."),
    ],
)
def test_a_verdict_that_hangs_on_the_correction_says_so(
    p_value: float, p_holm: float, tests: int, expected: str
) -> None:
    score = ScoreComparison(
        "m", "higher", 0.5, 0.6, "no difference", 0.1, 0.0, 0.2, p_value=p_value, p_holm=p_holm
    )
    assert expected in words_of(join(verdict(score, tests)))


def test_equal_runs_do_not_differ_and_failures_are_counted(tmp_path: Path) -> None:
    values: list[float | None] = [*coins(100, 0.5)]
    second = [None, *values[1:]]
    words = words_of(document(runs(tmp_path, values, second)))
    assert "The runs do not differ significantly:" in words
    assert "0 only in the baseline, 1 only in the candidate, 0 in both" in words
    assert "99 samples with outputs in both runs" in words


def test_changed_samples_are_counted(tmp_path: Path) -> None:
    text = document(runs(tmp_path, [1, 1, 1, 0, 0, 0, 1, 0], [0, 1, 1, 1, 1, 0, 1, 0]))
    chart = text[text.index("Samples by the change of recall@1") :]
    counts = re.findall(r"<text [^>]*>(\d+) \([\d.]+ %\)</text>", chart)[:3]
    assert counts == ["1", "2", "5"]  # worse, better, unchanged


def test_the_samples_and_the_runs_are_linked(tmp_path: Path) -> None:
    made = runs(tmp_path, [*coins(50, 0.5)], [*coins(50, 0.8)])
    browser = element("section", "CHANGED", id="samples")
    html = document(
        made, href_of=lambda run: f"{run.run}.html", browser=browser, task_href="t.html"
    )
    assert 'href="a.html"' in html and 'href="b.html"' in html and 'href="t.html"' in html
    assert html.index("The candidate is") < html.index("All scores") < html.index("CHANGED")


def test_properties_that_differ_are_listed(tmp_path: Path) -> None:
    model = model_info("m", hash="b", dtype="bfloat16", options={"width": 64})
    words = words_of(document(runs(tmp_path, [1, 0], [1, 1], model=model, seed=3)))
    assert "dtype float32 bfloat16" in words
    assert "option width – 64" in words
    assert "seed 0 3" in words


def test_runs_without_rows_are_compared_by_their_intervals(tmp_path: Path) -> None:
    _, a, b = runs(tmp_path, [*coins(400, 0.2)], [*coins(400, 0.9)])
    pair = comparison_without_rows(a, b, "the rows of a run are missing")
    words = words_of(document((pair, a, b)))
    assert "better The candidate is better: recall@1" in words
    assert "the intervals do not overlap; the rows of a run are missing" in words
    assert "outputs in both runs" not in words
    near = comparison_without_rows(a, a, "the rows of a run are missing")
    assert "no test The runs could not be tested:" in words_of(document((near, a, a)))


def test_runs_of_different_data_are_not_compared(tmp_path: Path) -> None:
    a = write_run(tmp_path, "a", {"recall@1": [1, 0]})
    b = write_run(tmp_path, "b", {"recall@1": [1, 0]}, task=replace(TASK, data_hash="other"))
    with pytest.raises(UserError, match="cannot be compared"):
        comparison_without_rows(a, b, "")


@pytest.mark.slow
def test_hostile_names_stay_text_and_fit_at_every_width(
    open_page: OpenPage, tmp_path: Path
) -> None:
    model = model_info(HOSTILE, hash="b", checkpoint=HOSTILE, options={HOSTILE: HOSTILE})
    made = runs(tmp_path, [*coins(60, 0.5)], [*coins(60, 0.9)], model=model)
    file = tmp_path / "compare.html"
    file.write_text(document(made), encoding="utf-8")
    for width, dark in ((320, True), (1024, False), (1920, True)):
        view = open_page(file, width=width, dark=dark)
        assert overflowing(view) == []
        assert text_faults(view) == []
        assert view.locator("img, [onerror]").count() == 0
