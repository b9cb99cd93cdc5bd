"""Tables that a reader can sort and filter in the browser; see `assets/mmbench.js`."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from types import MappingProxyType
from typing import NamedTuple

from mmbench.reports.pages.html import Content, Html, element


class Column(NamedTuple):
    """A column of a table. `better` is the order in which a number is sorted first.

    `note` is shown when the pointer rests on the header. If `facet` is set, controls that choose
    another value of a facet hide the column: `("task", "coco-caption")`.
    """

    title: str
    number: bool = False
    better: str = "higher"
    sortable: bool = True
    note: str = ""
    facet: tuple[str, str] | None = None


class Cell(NamedTuple):
    """A cell: its content, and the value by which it is sorted (None: by its text)."""

    content: Content
    value: float | str | None = None
    css: str = ""


class Row(NamedTuple):
    """A row. The first cell is the row's header.

    `kind` is an attribute for filters and a CSS class (`baseline`), `facets` are further attributes
    for filters, and `search` is hidden text that a search also matches.
    """

    cells: Sequence[Cell]
    kind: str = ""
    facets: Mapping[str, str] = MappingProxyType({})
    search: str = ""


def table(
    caption: str,
    columns: Sequence[Column],
    rows: Iterable[Row],
    *,
    filterable: bool = False,
    pinned: bool = False,
) -> Html:
    """Return a sortable table inside a container that scrolls horizontally.

    The controls of the page hide rows of a `filterable` table. The first column of a `pinned` table
    stays visible while the table is scrolled.
    """
    head = element("thead", element("tr", map(_header, columns)))
    body = element("tbody", (_row(columns, row, filterable) for row in rows))
    css = "pinned" if pinned else None
    content = element(
        "table",
        element("caption", element("span", caption)),
        head,
        body,
        class_=css,
        data_sortable=True,
    )
    return element("div", content, class_="scroll", tabindex=0, role="region", aria_label=caption)


def _header(column: Column) -> Html:
    return element(
        "th",
        column.title,
        scope="col",
        class_="number" if column.number else None,
        data_type="number" if column.number else None,
        data_better=column.better if column.number else None,
        data_nosort=not column.sortable,
        title=column.note or None,
        data_column=column.facet and column.facet[0],
        data_facet_value=column.facet and column.facet[1],
    )


def _row(columns: Sequence[Column], row: Row, filterable: bool) -> Html:
    cells = (
        _cell(*pair, first=not at) for at, pair in enumerate(zip(columns, row.cells, strict=True))
    )
    return element(
        "tr",
        cells,
        class_=row.kind or None,
        data_row=filterable,
        data_kind=row.kind or None,
        data_search=row.search or None,
        **{f"data_{name}": value for name, value in row.facets.items()},
    )


def _cell(column: Column, cell: Cell, *, first: bool) -> Html:
    css = " ".join(filter(None, ["number" if column.number else "", cell.css]))
    return element(
        "th" if first else "td",
        cell.content,
        scope="row" if first else None,
        class_=css or None,
        data_value=cell.value,
    )
