"""The forms of charts: what they draw, their tables, and that their texts fit in a browser."""

import re
from pathlib import Path

import numpy as np
import pytest

from mmbench.reports.charts.figure import Chart, figure
from mmbench.reports.charts.histograms import Bar, bar_chart, histogram
from mmbench.reports.charts.intervals import IntervalRow, interval_chart
from mmbench.reports.charts.matrix import confused_pairs, confusion_matrix
from mmbench.reports.charts.reliability import confidence_bins, reliability_diagram
from tests.support.browser import OpenPage
from tests.support.charts import check_figures

HOSTILE = '"><img src=x onerror=alert(1)>\u202e' + "long " * 40
RNG = np.random.default_rng(0)


def wide(made: Chart) -> str:
    return "".join(made.draw(688).parts)


def test_a_whisker_reaches_from_the_low_to_the_high_end() -> None:
    made = wide(interval_chart("t", [IntervalRow("a", 0.5, 0.25, 0.75), IntervalRow("b", 0, 0, 1)]))
    lines = re.findall(
        r'<line class="whisker series-1" x1="([\d.]+)" y1="([\d.]+)" x2="([\d.]+)"', made
    )
    spans = [(float(x1), float(x2)) for x1, _, x2 in lines if x1 != x2]
    (low, high), (start, end) = spans
    (middle,) = re.findall(r'cx="([\d.]+)"', made)[:1]
    assert high - low == pytest.approx((end - start) / 2, abs=0.2)
    assert float(middle) == pytest.approx((low + high) / 2, abs=0.2)


def test_a_missing_value_has_a_row_without_a_mark() -> None:
    made = interval_chart("t", [IntervalRow("a", 0.5), IntervalRow("b", None)])
    assert wide(made).count("<circle") == 1
    assert "b: n/a" in made.description
    assert [row.cells[1].content for row in made.rows] == ["0.5000", "n/a"]


def test_only_the_first_rows_are_drawn_but_all_are_in_the_table() -> None:
    made = interval_chart("t", [IntervalRow(f"tag {n}", 0.5) for n in range(100)])
    assert wide(made).count("<circle") == 30 and len(made.rows) == 100


def test_the_length_of_a_bar_is_its_count() -> None:
    made = wide(bar_chart("t", [Bar("a", 10), Bar("b", 5), Bar("c", 0)], "query", "rank"))
    lengths = [float(size) for size in re.findall(r'<rect [^>]*width="([\d.]+)"', made)]
    assert lengths == pytest.approx([lengths[0], lengths[0] / 2, 0], abs=0.1)
    assert "10 (66.7 %)" in made


def test_a_histogram_counts_every_finite_value() -> None:
    values = np.array([0.0, 0.01, 0.5, 1.0, np.nan])
    made = histogram("t", values, "bleu")
    sizes = [int(row.cells[1].value or 0) for row in made.rows]
    assert len(sizes) == 20 and sum(sizes) == 4
    assert (sizes[0], sizes[10], sizes[-1]) == (2, 1, 1)
    assert "lowest 0.0000, median 0.2550, highest 1.0000" in made.description


def test_a_matrix_has_a_cell_for_each_pair_and_lists_errors_first() -> None:
    made = confusion_matrix("t", ["cat", "dog"], np.array([[1200, 3], [0, 7]]))
    drawn = wide(made)
    assert drawn.count("<rect") == 4
    assert "cat as dog: 3 of 1,203 (0.2 %)" in drawn and ">1k<" in drawn
    assert [[str(cell.content) for cell in row.cells[:3]] for row in made.rows] == [
        ["cat", "dog", "3"],
        ["cat", "cat", "1,200"],
        ["dog", "dog", "7"],
    ]


def test_many_classes_are_a_table_of_the_most_confused_pairs() -> None:
    counts = np.diag(np.full(50, 9))
    counts[3, 4], counts[7, 2] = 2, 5
    made = confused_pairs("Classes", [f"class {n}" for n in range(50)], counts)
    assert "2 of 2 pairs" in made
    assert made.index("class 7") < made.index("class 3")


def test_a_figure_has_a_name_a_description_and_a_table_for_screen_readers() -> None:
    made = figure(bar_chart("Ranks <of> queries", [Bar("1", 3)], "query", "rank"))
    assert made.count('role="img"') == 2
    assert made.count("<title>Ranks &lt;of&gt; queries</title>") == 2
    assert made.count("<desc>3 queries. 1: 3.</desc>") == 2
    assert ">1</th>" in made
    assert "<details>" in made and "<details open>" in figure(
        bar_chart("t", [Bar("1", 3)], "query", "rank"), unfold=True
    )


@pytest.mark.slow
def test_no_text_is_cut_off_at_any_width(open_page: OpenPage, tmp_path: Path) -> None:
    rows = [
        IntervalRow(f"{HOSTILE}{n}", 10.0**n, 9.0 * 10**n, 1.1 * 10**n, kind, strong=n == 0)
        for n, kind in enumerate(("run", "baseline", "published", "run"))
    ]
    bars = [Bar(HOSTILE, 10**n, mark=HOSTILE if n % 2 else "") for n in range(7)]
    names = [f"{HOSTILE[n:]}" for n in range(20)]
    many = RNG.integers(0, 5000, (20, 20))
    few = RNG.integers(0, 9, (3, 3))
    confidence = RNG.random(300)
    calibrated = np.column_stack([confidence, confidence < 0.5])
    figures = [
        interval_chart(HOSTILE, rows, reference=5.0),
        interval_chart("negative", [IntervalRow("a", -0.5, -0.6, -0.4), IntervalRow("b", 1e-4)]),
        bar_chart("ranks", bars, "query", "rank"),
        histogram("scores", RNG.normal(1e6, 1e3, 400), HOSTILE, 1e6),
        histogram("one value", np.full(3, 0.25), "wer", 0.25),
        confusion_matrix("many", names, many),
        confusion_matrix("few", ["a", "b", "c"], few),
        reliability_diagram("reliability", confidence_bins(calibrated)),
    ]
    check_figures(open_page, tmp_path, *map(figure, figures))
