"""The chart of a history: lines, intervals, changes, and names that are too long or hostile."""

import re
from pathlib import Path

import pytest

from mmbench.comparison.history import Point, history
from mmbench.reports.charts.history import history_chart
from tests.support.boards import coins, model_info, write_run
from tests.support.browser import OpenPage
from tests.support.charts import check_figures

HOSTILE = '<script>alert(1)</script>"\u202e' + "x" * 300


def trained(out: Path, chances: dict[int, float], training: str = "runs/a") -> list[Point]:
    for step, chance in chances.items():
        model = model_info("clip", hash=f"h{step}", checkpoint=f"{training}/step-{step}")
        write_run(out, f"r{step:05}", {"recall@1": coins(400, chance)}, model=model)
    return history("t", out=out)[1]


def test_a_history_has_a_marker_for_each_checkpoint_and_marks_its_changes(tmp_path: Path) -> None:
    points = trained(tmp_path, {500: 0.3, 1000: 0.6, 1500: 0.605, 2000: 0.4})
    assert [point.change for point in points] == ["", "better", "", "worse"]
    chart = history_chart(points)
    narrow, wide = re.findall(r"<svg.*?</svg>", chart)
    for drawing in (narrow, wide):
        assert drawing.count('class="dot series-1"') == 3  # two points and the legend
        assert drawing.count('class="better"') == drawing.count('class="worse"') == 2
        assert drawing.count('class="whisker series-1"') == 4
        assert "better by 0.3" in drawing
        assert "Significant changes: 1 better, 1 worse" in drawing
    assert 'data-value="2000"' in chart  # the table sorts by step


def test_the_height_of_a_marker_is_its_value() -> None:
    chart = history_chart([point(0, step, value) for step, value in enumerate((0, 0.5, 1))])
    wide = chart[chart.index("chart-wide") :]
    circles = re.findall(r'<circle class="dot series-1" cx="[\d.]+" cy="([\d.]+)"', wide)
    heights = [float(y) for y in circles[:3]]
    assert heights[0] > heights[1] > heights[2]
    assert abs(heights[0] - 2 * heights[1] + heights[2]) < 0.3  # equal distances


def test_a_run_is_linked_from_the_table() -> None:
    chart = history_chart([point()], links={"run-0": "runs/t/run-0.html"})
    assert '<a href="runs/t/run-0.html">run-0</a>' in chart


def test_a_history_without_values_says_so() -> None:
    assert "No run has a value for this metric." in history_chart([point(value=None)])
    assert "No run has a value" in history_chart([])


def point(
    line: int = 0, step: int | None = 0, value: float | None = 0.5, name: str = "clip"
) -> Point:
    low, high = (None, None) if value is None else (value - 0.02, value + 0.02)
    return Point(
        run=f"run-{step}",
        created="2026-01-01T00:00",
        model=name,
        checkpoint=f"runs/{name}/step-{step}",
        dtype="float32",
        line=line,
        value=value,
        low=low,
        high=high,
        n=100,
        failed=0,
        metric="recall@1",
        order="created" if step is None else "step",
        step=step,
        training=f"runs/{name}",
    )


@pytest.mark.slow
def test_long_and_hostile_names_fit_at_every_width(open_page: OpenPage, tmp_path: Path) -> None:
    many = [
        point(line, step * 997, 0.1 * line + step / 100, f"{HOSTILE}{line}")
        for line in range(8)
        for step in range(25)
    ]
    by_time = [point(line, None, 0.1 + line / 20, f"{HOSTILE}{line}") for line in range(19)]
    check_figures(open_page, tmp_path, history_chart(many), history_chart(by_time))
    assert "<script>alert" not in history_chart(many)
