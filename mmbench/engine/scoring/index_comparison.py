"""The comparison of searches in a run: indexes, or forms of the vectors.

It has the recall, the speed of indexes, the size, and the scores with each.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import Any

from mmbench.engine.scoring.estimates import estimates
from mmbench.engine.scoring.measure import Measured
from mmbench.types import Predictions, TaskSpec

COMPARED = "compared"  # the beginning of the names of comparisons in a record
RECALL = "recall@10 against exact"  # of the front
SPEED = "queries per second"
VECTORS = "vectors"  # the form of the vectors, in reports on a search of compressed vectors
SIZE = "bytes per vector"

Report = Mapping[str, Any]


def compare_indexes(
    spec: TaskSpec, predictions: Predictions, measured: Measured
) -> dict[str, dict[str, Any]]:
    """Return the comparison of the searches of a run for each direction, as a record stores it.

    `compared, text-to-image` has `rows`, an object per index or form of vectors: the scored one
    first. A row has the report of the search, joined over splits, the scores of the task in this
    direction (`scores`), and whether no other one is better in recall and faster, or smaller if
    forms of vectors are compared (`front`). Without further searches the result is empty.
    """
    if not predictions.alternatives:
        return {}
    values = [{name: score.value for name, score in measured.scores.items()}]
    for one in predictions.alternatives.values():
        scored, _ = estimates(spec.metrics, one.directions, None, spec.metric_options)
        values.append({part.name: _finite(part.score.value) for part in scored})
    searches = [predictions.search, *(one.search for one in predictions.alternatives.values())]
    directions = {part.name: part.direction for part in measured.metrics}
    compared: dict[str, dict[str, Any]] = {}
    for direction in predictions.directions:
        own = [name for name, place in directions.items() if place in (direction, "")]
        rows = [
            _joined(_reports(search, direction)) | {"scores": {n: v.get(n) for n in own}}
            for search, v in zip(searches, values, strict=True)
            if _reports(search, direction)
        ]
        name = f"{COMPARED}, {direction}" if direction else COMPARED
        compared[name] = {"rows": [row | {"front": _is_on_front(row, rows)} for row in rows]}
    return {name: one for name, one in compared.items() if one["rows"]}


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None


def _reports(search: Mapping[str, Report], direction: str) -> list[Report]:
    """Return the reports of a direction: one, or one for each split."""
    label = direction or "index"
    return [
        report
        for name, report in search.items()
        if name == label or name.startswith(f"{label}, split ")
    ]


def _joined(reports: Sequence[Report]) -> dict[str, Any]:
    """Return one report for all splits.

    Recalls are means over the compared queries, and speeds over the queries; times and sizes are
    sums.
    """
    first, n = reports[0], sum(report["checked on"] for report in reports)
    recalls = {
        name: round(sum(one[name] * one["checked on"] for one in reports) / n, 4)
        for name in first
        if name.startswith("recall@")
    }
    joined = {
        "factory": first["factory"],
        **({VECTORS: first[VECTORS]} if VECTORS in first else {}),
        **recalls,
        "checked on": n,
        "bytes": sum(report["bytes"] for report in reports),
    }
    return joined | ({SIZE: first[SIZE]} if SIZE in first else _joined_speed(reports))


def _joined_speed(reports: Sequence[Report]) -> dict[str, float]:
    first, seconds = reports[0], sum(report["search seconds"] for report in reports)
    queries = sum(report[SPEED] * report["search seconds"] for report in reports)
    return {
        SPEED: first[SPEED] if len(reports) == 1 else round(queries / max(seconds, 1e-9), 1),
        "build seconds": round(sum(report["build seconds"] for report in reports), 3),
    }


def _is_on_front(row: Report, rows: Sequence[Report]) -> bool:
    """Return whether no row is at least as good as `row` in both aims, and better in one.

    The aims are recall, and speed or small vectors.
    """
    own = _aims(row)
    others = [_aims(other) for other in rows]
    return not any(a >= own[0] and b >= own[1] and (a, b) != own for a, b in others)


def _aims(row: Report) -> tuple[float, float]:
    return row[RECALL], row[SPEED] if SPEED in row else -row[SIZE]
