"""The chart and the table of indexes on the page of a run."""

import re
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from mmbench.engine.scoring.index_comparison import _is_on_front
from mmbench.reports.charts.recall_speed import recall_speed_chart
from mmbench.reports.index_tables import IndexPoint, index_tables
from mmbench.reports.pages.html import element, join
from mmbench.reports.pages.run import run_body
from mmbench.reports.pages.run_scores import indexes_section
from mmbench.types import RunRecord
from tests.support.boards import plain_score, record
from tests.support.browser import OpenPage
from tests.support.charts import check_figures

SPEEDS = {"exact": 1250.0, "Flat": 980.4, "HNSW32": 43642.0, "IVF64,Flat;nprobe=2": 90_000.0}
RECALLS = {"exact": 1.0, "Flat": 1.0, "HNSW32": 0.9871, "IVF64,Flat;nprobe=2": 0.7436}


def row(name: str, **changes: Any) -> dict[str, Any]:
    return {
        "factory": name,
        **{f"recall@{k} against exact": RECALLS.get(name, 0.5) for k in (1, 10, 100)},
        "checked on": 1000,
        "queries per second": SPEEDS.get(name, 10.0),
        "build seconds": 0.25,
        "bytes": 5_120_000,
        "scores": {"recall@1[text-to-image]": 0.61, "median_rank[text-to-image]": 3.0},
        "front": name not in ("Flat",),
        **changes,
    }


def compared(rows: list[dict[str, Any]], direction: str = "text-to-image") -> RunRecord:
    scores = {
        "recall@1[text-to-image]": plain_score(0.61),
        "median_rank[text-to-image]": plain_score(3.0, better="lower"),
    }
    return record(scores=scores, index={f"compared, {direction}": {"rows": rows}})


def section(one: RunRecord) -> str:
    return str(join(indexes_section(one)))


def test_the_page_has_the_table_with_numbers_by_which_it_is_sorted() -> None:
    html = section(compared([row(name) for name in SPEEDS]))
    html = html.rpartition("</figure>")[2].replace("<wbr>", "")
    assert re.findall(r"<th[^>]*scope=\"row\"[^>]*>(.*?)</th>", html) == [*SPEEDS]
    for cell in (
        'data-value="43642.0">43,642<', 'data-value="0.7436">0.7436<', 'data-value="5.12">5.12<',
    ):  # fmt: skip
        assert cell in html, cell
    orders = {name: order for order, name in re.findall(r'data-better="(\w+)"[^>]*>([^<]*)<', html)}
    assert orders == {
        "exact@1": "higher", "exact@10": "higher", "exact@100": "higher", "queries/s": "higher",
        "build s": "lower", "MB": "lower", "recall@1": "higher", "median_rank": "lower",
    }  # fmt: skip


def test_the_section_is_on_the_page_of_the_run_and_only_with_a_comparison() -> None:
    made = compared([row(name) for name in SPEEDS])
    page = str(element("main", run_body(made, None)))
    assert '<section id="indexes"><h2>Indexes</h2>' in page
    assert '<a href="#indexes">Indexes</a>' in page
    assert 'id="indexes"' not in str(element("main", run_body(record(), None)))


def test_lines_connect_the_front_by_speed() -> None:
    html = section(
        compared([row(name) for name in ("IVF64,Flat;nprobe=2", "exact", "Flat", "HNSW32")])
    )
    wide = html.split('class="chart-wide"')[1]
    ends = re.findall(r'<line class="mark" x1="(.*?)" y1="(.*?)" x2="(.*?)" y2="(.*?)"', wide)
    lines = [[float(end) for end in one] for one in ends]
    assert len(lines) == 2  # exact, HNSW32, IVF64
    assert lines[0][2:] == lines[1][:2]
    assert lines[0][0] < lines[0][2] < lines[1][2]  # faster to the right
    assert lines[0][1] < lines[0][3] < lines[1][3]  # better above
    assert "HNSW32: recall 0.9871, 43,642 queries/s, on the front" in html
    assert "Flat: recall 1.0000, 980 queries/s<" in html


POINTS = st.lists(
    st.builds(
        IndexPoint,
        st.text(max_size=9),
        st.none() | st.floats(0, 1),
        st.none() | st.floats(allow_infinity=True, allow_nan=True),
        st.booleans(),
    ),
    max_size=30,
)


@settings(max_examples=40)
@given(POINTS)
def test_any_values_are_drawn_inside_the_chart_or_left_out(points: list[IndexPoint]) -> None:
    chart = recall_speed_chart("Indexes", points)
    known = [p for p in points if p.recall is not None and p.speed and 0 < p.speed < 1e15]
    assert (chart is None) == (len(known) < 2)
    if chart is not None:
        for width in (288.0, 688.0):
            drawing = chart.draw(width)
            html = str(join(drawing.parts))
            assert "nan" not in html.split("<title>")[0]
            for name, largest in (("cx", drawing.width), ("cy", drawing.height)):
                places = [float(at) for at in re.findall(rf'{name}="(.*?)"', html)]
                assert all(0 <= at <= largest for at in places)


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 5), st.integers(1, 5)), min_size=1, max_size=9))
def test_the_front_of_the_record_is_the_definition(pairs: list[tuple[int, int]]) -> None:
    names = "recall@10 against exact", "queries per second"
    rows = [dict(zip(names, pair, strict=True)) for pair in pairs]
    for one, pair in zip(rows, pairs, strict=True):
        better = [o for o in pairs if o[0] >= pair[0] and o[1] >= pair[1] and o != pair]
        assert _is_on_front(one, rows) == (not better)


def test_a_record_without_numbers_has_a_table_and_no_chart() -> None:
    bare = [{"factory": "exact", "scores": None}, {"factory": "Flat", "front": "no"}]
    html = section(compared(bare, direction="<b>"))
    assert "<svg" not in html and "<table" in html
    assert "Indexes, &lt;b&gt;" in html
    (found,) = index_tables(compared(bare))
    assert [len(one) for one in (*found.rows, *found.numbers)] == [len(found.header)] * 4


@pytest.mark.slow
def test_in_a_browser_no_text_is_cut_off(open_page: OpenPage, tmp_path: Path) -> None:
    hostile = "IVF64,Flat;nprobe=" + "9" * 90
    rows = [row(name) for name in (*SPEEDS, hostile, *map("HNSW{}".format, range(16)))]
    check_figures(open_page, tmp_path, indexes_section(compared(rows)))
