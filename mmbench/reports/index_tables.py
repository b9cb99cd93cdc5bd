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
_FRONT_RECALL, _SPEED = f"{_RECALL}10{_AGAINST}", "queries per second"


class IndexPoint(NamedTuple):
    """An index with its recall@10 against exact search, and its queries per second; None: unknown.

    `on_front` says whether no other index is as fast and as good, and better in one of them.
    """

    name: str
    recall: float | None
    speed: float | None
    on_front: bool


class IndexTable(NamedTuple):
    """The comparison of the indexes of a run in one direction.

    `direction` is "" if the task has one direction. The first row is the index whose scores the run
    has. `rows` are texts, and `numbers` the numbers in the same cells, or None. `metrics` are the
    names of the scores in the last columns.
    """

    direction: str
    header: list[str]
    rows: list[list[str]]
    numbers: list[list[float | None]]
    metrics: list[str]
    points: list[IndexPoint]


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
    numbers = [_numbers(row, recalls, scores) for row in rows]
    texts = [_texts(*pair, len(recalls)) for pair in zip(rows, numbers, strict=True)]
    return IndexTable(direction, header, texts, numbers, scores, [*map(_point, rows)])


def _numbers(row: Mapping[str, Any], recalls: list[str], scores: list[str]) -> list[float | None]:
    """Return the number of each cell; None for the name and the front."""
    return [
        None,
        *(_number(row.get(name)) for name in recalls),
        _number(row.get(_SPEED)) or 0.0,
        _number(row.get("build seconds")),
        (_number(row.get("bytes")) or 0.0) / 1e6,
        None,
        *(_number(_scores(row).get(name)) for name in scores),
    ]


def _texts(row: Mapping[str, Any], numbers: list[float | None], recalls: int) -> list[str]:
    speed, build, size = numbers[1 + recalls : 4 + recalls]
    return [
        _name(row),
        *map(format_number, numbers[1 : 1 + recalls]),
        format_rate(speed or 0.0),
        format_number(build, 2),
        format_number(size, 2),
        "yes" if row.get("front") else "",
        *map(format_number, numbers[5 + recalls :]),
    ]


def _point(row: Mapping[str, Any]) -> IndexPoint:
    recall, speed = _number(row.get(_FRONT_RECALL)), _number(row.get(_SPEED))
    return IndexPoint(_name(row), recall, speed, bool(row.get("front")))


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("factory", ""))


def _scores(row: Mapping[str, Any]) -> Mapping[str, Any]:
    scores = row.get("scores")
    return scores if isinstance(scores, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
