"""Tables that compare the searches of a run, from its record: indexes, or forms of vectors."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any, Literal, NamedTuple

from mmbench.text.number_format import format_number, format_rate
from mmbench.types import RunRecord

LEGEND = (
    "exact@k: the share of the k nearest documents that an index finds, against exact search of up"
    " to 1,000 queries; equal scores count as found. front: no other index is as fast and as good"
    " in exact@10, and better in one of them."
)
VECTORS_LEGEND = (
    "full@k: the share of the k nearest documents by full vectors that are found, for up to 1,000"
    " queries; equal scores count as found. front: no other form is as small and as good in"
    " full@10, and better in one of them."
)
_RECALL, _AGAINST = "recall@", " against exact"
_FRONT_RECALL, _SPEED = f"{_RECALL}10{_AGAINST}", "queries per second"
# The columns between the recalls and the front, with their names in a record.
_SPEED_COLUMNS = {"queries/s": _SPEED, "build s": "build seconds", "MB": "bytes"}
_SIZE_COLUMNS = {"bytes/vector": "bytes per vector", "MB": "bytes"}


def _format_two(number: float | None) -> str:
    return format_number(number, 2)


def _format_speed(number: float | None) -> str:
    return format_rate(number or 0.0)


def _format_bytes(number: float | None) -> str:
    return format_number(number, 0)


_FORMATS: dict[str, Callable[[float | None], str]] = {
    "queries/s": _format_speed,
    "build s": _format_two,
    "MB": _format_two,
    "bytes/vector": _format_bytes,
}


class IndexPoint(NamedTuple):
    """A search with its recall@10 against exact search, and its queries per second; None: unknown.

    `on_front` says whether no other one is as fast, or small, and as good, and better in one.
    """

    name: str
    recall: float | None
    speed: float | None
    on_front: bool


class IndexTable(NamedTuple):
    """The comparison of the indexes, or of the forms of vectors, of a run in one direction.

    `compared` is `index` or `vectors`. `direction` is "" if the task has one direction. The first
    row is the one whose scores the run has. `rows` are texts, and `numbers` the numbers in the same
    cells, or None. `metrics` are the names of the scores in the last columns.
    """

    direction: str
    header: list[str]
    rows: list[list[str]]
    numbers: list[list[float | None]]
    metrics: list[str]
    points: list[IndexPoint]
    compared: Literal["index", "vectors"] = "index"

    @property
    def title(self) -> str:
        """The title of the table without its direction."""
        return "Indexes" if self.compared == "index" else "Vectors"


def legends(tables: Iterable[IndexTable]) -> list[str]:
    """Return the explanations of the columns of the tables, each once."""
    compared = {table.compared for table in tables}
    return [LEGEND] * ("index" in compared) + [VECTORS_LEGEND] * ("vectors" in compared)


def index_tables(record: RunRecord) -> list[IndexTable]:
    """Return a table for each direction in which indexes or forms of vectors were compared."""
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
    return _searches(record, "index", "factory")


def vector_forms(record: RunRecord) -> list[str]:
    """Return the forms of vectors of a run as `--vectors` accepts them, the scored form first."""
    return _searches(record, "vectors", "vectors")


def _searches(record: RunRecord, compared: str, key: str) -> list[str]:
    tables = [table for table in index_tables(record) if table.compared == compared]
    names = [row[0] for table in tables for row in table.rows]
    scored = [str(one[key]) for one in index_reports(record).values() if key in one]
    return list(dict.fromkeys(names or scored))


def _is_comparison(report: Mapping[str, Any]) -> bool:
    """Return whether a value of the field `index` is a comparison, and not a report."""
    rows = report.get("rows")
    return isinstance(rows, list) and bool(rows) and all(isinstance(row, dict) for row in rows)


def _table(direction: str, rows: list[dict[str, Any]]) -> IndexTable:
    recalls = [name for name in rows[0] if name.startswith(_RECALL)]
    scores = list(_scores(rows[0]))
    metrics = [name.removesuffix(f"[{direction}]") for name in scores]
    by_vectors = "vectors" in rows[0]
    prefix, columns = ("full", _SIZE_COLUMNS) if by_vectors else ("exact", _SPEED_COLUMNS)
    header = [
        "vectors" if by_vectors else "index",
        *(f"{prefix}@{name.removeprefix(_RECALL).removesuffix(_AGAINST)}" for name in recalls),
        *columns,
        "front",
        *metrics,
    ]
    facts = [[_number(row.get(name)) for name in columns.values()] for row in rows]
    numbers = [
        [
            None,
            *_numbers(row, recalls),
            *_sizes(columns, fact),
            None,
            *_numbers(_scores(row), scores),
        ]
        for row, fact in zip(rows, facts, strict=True)
    ]
    texts = [_texts(row, header, one) for row, one in zip(rows, numbers, strict=True)]
    compared: Literal["index", "vectors"] = "vectors" if by_vectors else "index"
    points = [*map(_point, rows)]
    return IndexTable(direction, header, texts, numbers, scores, points, compared)


def _numbers(row: Mapping[str, Any], names: Iterable[str]) -> list[float | None]:
    return [_number(row.get(name)) for name in names]


def _sizes(columns: Iterable[str], facts: Iterable[float | None]) -> list[float | None]:
    """Return the numbers of columns of speed and size; sizes in bytes become MB."""
    return [
        (fact or 0.0) / 1e6 if name == "MB" else (fact or 0.0) if name == "queries/s" else fact
        for name, fact in zip(columns, facts, strict=True)
    ]


def _texts(row: Mapping[str, Any], header: list[str], numbers: list[float | None]) -> list[str]:
    """Return the texts of a row; `header` has the names of the columns."""
    front = header.index("front")
    texts = [
        _FORMATS.get(name, format_number)(one) for name, one in zip(header, numbers, strict=True)
    ]
    texts[0], texts[front] = _name(row), "yes" if row.get("front") else ""
    return texts


def _point(row: Mapping[str, Any]) -> IndexPoint:
    recall, speed = _number(row.get(_FRONT_RECALL)), _number(row.get(_SPEED))
    return IndexPoint(_name(row), recall, speed, bool(row.get("front")))


def _name(row: Mapping[str, Any]) -> str:
    return str(row.get("vectors", row.get("factory", "")))


def _scores(row: Mapping[str, Any]) -> Mapping[str, Any]:
    scores = row.get("scores")
    return scores if isinstance(scores, dict) else {}


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None
