"""Scores by label in the columns of a CSV or TSV, with the labels in the header."""

from __future__ import annotations

from collections.abc import Sequence

from mmbench.data.readers.records import Record, cells_of, columns_of, plain_name, record_number
from mmbench.errors import DataError
from mmbench.predictions.column_choice import IDS, cell_kind
from mmbench.text import listed


def score_table(records: Sequence[Record], id_column: str) -> list[dict[str, float]]:
    """Return the scores by label of each row; [] if a column holds anything but numbers.

    Every column is a label, except the id column and a column called `id`. If a column of numbers
    has a cell that is empty, NaN, infinite or a text, the function raises DataError, which names
    the line and the column.
    """
    labels = [n for n in columns_of(records) if n != id_column and plain_name(n) != "id"]
    first = [next(filter(None, map(cell_kind, cells_of(records, name))), "") for name in labels]
    if "text" in first or "number" not in first:
        return []
    return [{name: record_number(record, name) for name in labels} for record in records]


def refuse_label_next_to_scores(record: Record, column: str) -> None:
    """Raise DataError for a column `label` next to scores, because it may hold the true labels."""
    if plain_name(column) != "label":
        return
    others = [n for n in record.cells if n and plain_name(n) not in IDS and n != column]
    scores = [name for name in others if cell_kind(record.cells[name]) == "number"]
    if len(scores) > 1 and len(scores) == len(others):
        raise DataError(
            f"{record.where}: column {column} may hold the true labels, because the file has scores"
            f" in {listed(scores)}; to evaluate the scores, remove {column}; to evaluate {column},"
            f" pass --field prediction={column}"
        )
