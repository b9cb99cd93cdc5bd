"""Tables that compare the indexes of a run, from its record."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple

from mmbench.text.number_format import format_number, format_rate
from mmbench.types import RunRecord

LEGEND = (
    "exact@k: the share of the k nearest documents that an index finds, against exact search of up"
    " to 1,000 queries; equal scores count as found. front: no other index is as fast and as good"
    " in exact@10, and better in one of them."
)
_RECALL, _AGAINST = "recall@", " against exact"


class IndexTable(NamedTuple):
    """The comparison of the indexes of a run in one direction, as texts.

    `direction` is "" if the task has one direction. The first row is the index whose scores the run
    has.
    """

    direction: str
    header: list[str]
    rows: list[list[str]]


def index_tables(record: RunRecord) -> list[IndexTable]:
    """Return a table for each direction in which indexes were compared."""
    return [
        _table(name.partition(", ")[2], compared["rows"])
        for name, compared in record.index.items()
        if _is_comparison(compared)
    ]


def index_reports(record: RunRecord) -> dict[str, dict[str, Any]]:
    """Return the reports on the scored index by the name of the search, without comparisons."""
    return {name: one for name, one in record.index.items() if not _is_comparison(one)}


def index_factories(record: RunRecord) -> list[str]:
    """Return the indexes of a run as `--index` accepts them, the scored index first."""
    compared = [row[0] for table in index_tables(record) for row in table.rows]
    scored = [str(one["factory"]) for one in index_reports(record).values() if "factory" in one]
    return list(dict.fromkeys(compared or scored))


def _is_comparison(report: Mapping[str, Any]) -> bool:
    """Return whether a value of the field `index` is a comparison, and not a report."""
    rows = report.get("rows")
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


def _table(direction: str, rows: list[dict[str, Any]]) -> IndexTable:
    recalls = [name for name in rows[0] if name.startswith(_RECALL)]
    scores = list(_scores(rows[0]))
    metrics = [name.removesuffix(f"[{direction}]") for name in scores]
    header = [
        "index",
        *(f"exact@{name.removeprefix(_RECALL).removesuffix(_AGAINST)}" for name in recalls),
        *("queries/s", "build s", "MB", "front"),
        *metrics,
    ]
    return IndexTable(direction, header, [_row(row, recalls, scores) for row in rows])


def _row(row: Mapping[str, Any], recalls: list[str], scores: list[str]) -> list[str]:
    return [
        str(row.get("factory", "")),
        *(format_number(_number(row.get(name))) for name in recalls),
        format_rate(_number(row.get("queries per second")) or 0),
        format_number(_number(row.get("build seconds")), 2),
        format_number((_number(row.get("bytes")) or 0) / 1e6, 2),
        "yes" if row.get("front") else "",
        *(format_number(_number(_scores(row).get(name))) for name in scores),
    ]


def _scores(row: Mapping[str, Any]) -> Mapping[str, Any]:
    scores = row.get("scores")
    return scores if isinstance(scores, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
