"""Text that fits into charts, and axes with round values."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mmbench.reports.charts.scales import (
    Scale,
    fitting_ticks,
    tick_texts,
    ticks,
    value_range,
)
from mmbench.reports.charts.svg import shorten, text, text_width
from mmbench.reports.pages.html import element
from mmbench.reports.pages.shell import page
from tests.support.browser import OpenPage

NAMES = [
    "clip-nano@runs/a/step-500 (width=64)", "WWW MMM @@@", "0.6068 [0.5912 to 0.6226]",
    "recall@10[text-to-image]", "random (baseline)", "illicit fjord, a.b;c:d", "ÄÖÜ ÉÈ ñ ß",
    "Größenverhältnis", "привет мир", "a_b-c=d{e}(f)", "QUICK BROWN FOX 1234567890",
]  # fmt: skip


def test_the_estimated_width_of_a_text_is_not_below_its_width(
    open_page: OpenPage, tmp_path: Path
) -> None:
    lines = [text(0, 20 * (at + 1), name) for at, name in enumerate(NAMES)]
    file = tmp_path / "texts.html"
    file.write_text(page("Texts", element("svg", lines, width=800, height=400)), encoding="utf-8")
    script = "all => all.map((one) => one.getComputedTextLength())"
    widths = open_page(file).locator("svg text").evaluate_all(script)
    assert [
        (name, width) for name, width in zip(NAMES, widths, strict=True) if width > text_width(name)
    ] == []


@given(st.text(), st.floats(8, 400))
def test_a_shortened_text_fits_and_is_one_line(content: str, room: float) -> None:
    shown = shorten(content, room)
    assert text_width(shown) <= room or shown == "…"
    assert "\n" not in shown


def test_a_shortened_text_has_its_whole_text_as_a_tooltip() -> None:
    whole = "a very long name of a model"
    assert f"…<title>{whole}</title></text>" in text(0, 0, whole, room=60)
    assert "<title>" not in text(0, 0, "short", room=60)


def test_a_hostile_text_adds_no_element() -> None:
    made = text(0, 0, '"><script>alert(1)</script>\u202e', room=60)
    assert "<script" not in made and "\u202e" not in made


@pytest.mark.parametrize(
    ("low", "high", "most", "expected"),
    [
        (0, 1, 6, [0, 0.2, 0.4, 0.6, 0.8, 1]),
        (0, 1, 11, [0, 0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9, 1]),
        (400, 8000, 5, [2000, 4000, 6000, 8000]),
        (-0.05, 0.11, 5, [-0.05, 0, 0.05, 0.1]),
        (0.987, 0.989, 3, [0.987, 0.988, 0.989]),
    ],
)
def test_ticks_are_round_values(low: float, high: float, most: int, expected: list[float]) -> None:
    assert ticks(low, high, most) == pytest.approx(expected)


@given(st.floats(-1e6, 1e6), st.floats(1e-6, 1e6), st.integers(2, 10))
def test_ticks_lie_within_the_range_and_are_few(low: float, width: float, most: int) -> None:
    found = ticks(low, low + width, most)
    assert len(found) <= most + 1
    assert all(low - width * 1e-6 <= tick <= low + width * (1 + 1e-6) for tick in found)
    assert len(set(tick_texts(found))) == len(found) or width < 1e-6 * abs(low)


def test_tick_texts_have_equally_many_decimals() -> None:
    assert tick_texts([0, 0.25, 0.5]) == ["0.00", "0.25", "0.50"]
    assert tick_texts([0, 2500, 5000]) == ["0", "2,500", "5,000"]


def test_ticks_that_do_not_fit_are_left_out() -> None:
    assert len(fitting_ticks(0, 1, 400)) > len(fitting_ticks(0, 1, 120)) >= 2
    assert len(fitting_ticks(0, 1, 10)) == 1


def test_a_range_has_all_values_and_stays_within_the_limits_of_the_metric() -> None:
    assert value_range([0.5, None, 0.99, 1.0], (0, 1)) == pytest.approx((0.47, 1.0))
    assert value_range([0.0, 0.2], (0, None)) == pytest.approx((0, 0.212))
    assert value_range([-3.0, float("nan"), 3.0]) == pytest.approx((-3.36, 3.36))
    assert value_range([]) == (0, 1)
    low, high = value_range([1.0], (0, 1))
    assert low < 1.0 <= high
    low, high = value_range([0.0], (0, 0))
    assert low < high


def test_a_scale_keeps_values_inside() -> None:
    scale = Scale(0, 2, 10, 110)
    assert [scale.at(value) for value in (-1, 0, 1, 2, 5)] == [10, 10, 60, 110, 110]
