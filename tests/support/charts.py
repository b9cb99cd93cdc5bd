"""Charts in a browser: texts that touch, or that reach out of their drawing; rows for charts."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
from playwright.sync_api import Page

from mmbench.comparison.samples.run_samples import RunSamples
from mmbench.reports.charts import STYLE
from mmbench.reports.pages.html import Content
from mmbench.reports.pages.shell import page
from tests.support.boards import plain_score, record
from tests.support.browser import OpenPage, overflowing

_SCRIPT = """() => Array.from(document.querySelectorAll("svg")).flatMap((svg) => {
  if (!svg.getClientRects().length) return [];
  const frame = svg.getBoundingClientRect();
  const texts = Array.from(svg.querySelectorAll("text"), (text) =>
    [text.firstChild ? text.firstChild.data : "", text.getBoundingClientRect()]);
  const shared = (a, b, start, end) => Math.min(a[end], b[end]) - Math.max(a[start], b[start]);
  return texts.flatMap(([name, box], at) => {
    const outside = box.left < frame.left - 1 || box.right > frame.right + 1
      || box.top < frame.top - 1 || box.bottom > frame.bottom + 1;
    const touched = texts.slice(at + 1).filter(([, other]) =>
      shared(box, other, "left", "right") > 0 && shared(box, other, "top", "bottom") > 2);
    return [...(outside ? [`outside: ${name}`] : []),
      ...touched.map(([other]) => `overlap: ${name} / ${other}`)];
  });
})"""


def text_faults(view: Page) -> list[str]:
    """Return the visible texts of drawings that overlap, or that are outside their drawing."""
    return list(view.evaluate(_SCRIPT))


def visible_drawings(view: Page) -> int:
    """Return the number of drawings that the page shows."""
    script = """() => Array.from(document.querySelectorAll("figure svg"))
        .filter((svg) => svg.getClientRects().length).length"""
    return int(view.evaluate(script))


def check_figures(open_page: OpenPage, folder: Path, *figures: Content) -> None:
    """Open figures at three widths, light and dark: all are shown, and no text is cut off."""
    file = folder / "charts.html"
    file.write_text(page("Charts", *figures, styles=(STYLE,)), encoding="utf-8")
    for width in (320, 1024, 1920):
        view = open_page(file, width=width, dark=width == 1024)
        assert visible_drawings(view) == len(figures)
        assert text_faults(view) == []
        assert overflowing(view) == []


def samples_of(
    columns: dict[str, Any], scores: Sequence[str] = ("exact_match",), **changes: Any
) -> RunSamples:
    """Return the samples of a run with these columns of rows, without a sample table."""
    n = len(next(iter(columns.values())))
    fixed = {"direction": "", "split": 0, "group": "", "error": None, "target": None}
    rows = {name: [value] * n for name, value in fixed.items()} | {"tags": ["{}"] * n}
    rows |= {"id": [f"s{at}" for at in range(n)], **columns}
    made = record(scores={name: plain_score() for name in scores}, headline=scores[0], **changes)
    return RunSamples(made, pa.table(rows), None)
