"""Diagrams: boxes on a grid, arrows between them, and a legend of colours."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise

from tools.pictures.svg import GREY, arrow, block, page, text_line, text_width

# Kind of a box: fill, stroke, dashed, label in the legend.
KINDS = {
    "data": ("#e6e9ed", "#8c959f", False, "data"),
    "learnt": ("#cfe4fb", "#3f7fc4", False, "learnt"),
    "frozen": ("#eef3f8", "#3f7fc4", True, "frozen"),
    "answer": ("#d7f0d9", "#4b9a55", False, "what it gives"),
    "loss": ("#fbdfc8", "#c8803a", False, "in training alone"),
}
_TITLE, _LINE, _SHAPE, _HEAD = 13.0, 11.5, 11.0, 15.0
_PITCH, _PAD, _GAP, _ROW_GAP, _MARGIN = 16.0, 10.0, 28.0, 18.0, 8.0


@dataclass(frozen=True)
class Box:
    """A box: its position (column, row; a row may be fractional), its lines, and its output.

    `shape` is the shape of its output, in the order of the code's tensors, n examples first.
    """

    at: tuple[int, float]
    kind: str
    title: str
    lines: tuple[str, ...] = ()
    shape: str = ""

    @property
    def width(self) -> float:
        """The width in pixels, determined by the longest line."""
        lines = [text_width(line, _LINE) for line in self.lines]
        shape = text_width(self.shape, _SHAPE, "mono")
        return max(text_width(self.title, _TITLE, "bold"), shape, *lines, 0) + 2 * _PAD

    @property
    def height(self) -> float:
        """The height in pixels, the sum over all lines."""
        return (1 + len(self.lines) + bool(self.shape)) * _PITCH + 2 * _PAD - 4

    def draw(self, x: float, y: float, width: float) -> list[str]:
        """Return the SVG elements of the box, drawn with a given width around a centre."""
        fill, stroke, dashed, _ = KINDS[self.kind]
        top, height = y - self.height / 2, self.height
        parts = [block(x - width / 2, top, width, height, fill, stroke, dashed=dashed)]
        baseline = top + _PAD + 10
        parts.append(text_line(x, baseline, self.title, _TITLE, "bold"))
        for number, line in enumerate(self.lines, 1):
            parts.append(text_line(x, baseline + number * _PITCH, line, _LINE))
        if self.shape:
            below = baseline + (1 + len(self.lines)) * _PITCH
            parts.append(text_line(x, below, self.shape, _SHAPE, "mono", fill="#57606a"))
        return parts


@dataclass(frozen=True)
class Diagram:
    """A diagram: boxes by name, and arrows as chains of names ("image > patches > tower")."""

    boxes: dict[str, Box]
    arrows: list[str]

    def svg(self, title: str) -> str:
        """Return the whole picture as SVG."""
        columns, rows = self._columns(), self._rows()
        where = {
            name: (columns[box.at[0]], _between(rows, box.at[1]))
            for name, box in self.boxes.items()
        }
        parts = [text_line(_MARGIN, 22, title, _HEAD, "bold", fill=GREY, anchor="start")]
        for chain in self.arrows:
            for start, end in pairwise(chain.split(" > ")):
                parts.append(arrow(self._route(start, end, where)))
        for name, box in self.boxes.items():
            (x, width), y = where[name]
            parts += box.draw(x, y, width)
        right = max(x + width / 2 for x, width in columns)
        bottom = max(where[name][1] + box.height / 2 for name, box in self.boxes.items())
        parts += _legend({box.kind for box in self.boxes.values()}, bottom + 26)
        return page(right + _MARGIN, bottom + 40, title, parts)

    def _columns(self) -> list[tuple[float, float]]:
        """Return centre and width of each column."""
        columns: list[tuple[float, float]] = []
        left = _MARGIN
        for column in range(1 + max(box.at[0] for box in self.boxes.values())):
            width = max(box.width for box in self.boxes.values() if box.at[0] == column)
            columns.append((left + width / 2, width))
            left += width + _GAP
        return columns

    def _rows(self) -> list[float]:
        """Return the centre of each whole row."""
        rows: list[float] = []
        top = 36.0
        for row in range(1 + int(max(box.at[1] for box in self.boxes.values()))):
            height = max((b.height for b in self.boxes.values() if b.at[1] == row), default=0.0)
            rows.append(top + height / 2)
            top += height + _ROW_GAP
        return rows

    def _route(
        self, start: str, end: str, where: dict[str, tuple[tuple[float, float], float]]
    ) -> list[tuple[float, float]]:
        """Return the points of an arrow, with corners in the gap before the end box.

        Within a column it is straight.
        """
        ((x1, wide1), y1), ((x2, wide2), y2) = where[start], where[end]
        if x1 == x2:
            down = 1 if y2 > y1 else -1
            return [
                (x1, y1 + down * self.boxes[start].height / 2),
                (x2, y2 - down * (self.boxes[end].height / 2 + 1)),
            ]
        first, last = (x1 + wide1 / 2, y1), (x2 - wide2 / 2 - 1, y2)
        if y1 == y2:
            return [first, last]
        corner = x2 - wide2 / 2 - _GAP / 2
        return [first, (corner, y1), (corner, y2), last]


def _between(rows: list[float], row: float) -> float:
    low = int(row)
    return rows[low] if low == row else (rows[low] + rows[low + 1]) / 2


def _legend(kinds: set[str], y: float) -> list[str]:
    parts, x = [], _MARGIN
    for kind, (fill, stroke, dashed, meaning) in KINDS.items():
        if kind in kinds:
            parts.append(block(x, y - 10, 14, 12, fill, stroke, dashed=dashed))
            parts.append(text_line(x + 20, y, meaning, _LINE, fill=GREY, anchor="start"))
            x += 20 + text_width(meaning, _LINE) + 18
    return parts
