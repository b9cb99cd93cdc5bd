"""Small files: texts, JSON, JSON lines, tables and tasks, in folders that may be new."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

Row = Mapping[str, Any]


def write_file(path: Path, content: Any = b"") -> Path:
    """Write bytes as they are, a text in UTF-8 and any other value as JSON; return the path."""
    path.parent.mkdir(parents=True, exist_ok=True)
    if not isinstance(content, bytes):
        content = (content if isinstance(content, str) else json.dumps(content)).encode()
    path.write_bytes(content)
    return path


def write_lines(path: Path, *rows: Row) -> Path:
    """Write a line of JSON for each row and return the path."""
    return write_file(path, "".join(json.dumps(row) + "\n" for row in rows))


def write_table(path: Path, rows: Sequence[Row]) -> Path:
    """Write rows of the same keys as CSV, TSV, JSON lines or Parquet, by the ending of the path."""
    if path.suffix == ".jsonl":
        return write_lines(path, *rows)
    if path.suffix == ".parquet":
        import pyarrow as pa
        from pyarrow import parquet

        parquet.write_table(pa.Table.from_pylist(rows), path)
        return path
    with path.open("w", newline="", encoding="utf-8") as stream:
        delimiter = "\t" if path.suffix == ".tsv" else ","
        writer = csv.DictWriter(stream, list(rows[0]), delimiter=delimiter)
        writer.writeheader()
        writer.writerows(rows)
    return path


def write_task(path: Path, *, metric: str = "", **keys: Any) -> str:
    """Write a task or model file with these keys; return its path as text, as commands take it.

    A `metric` is the only metric of the task and its headline.
    """
    scored = {"metrics": [metric], "headline": metric} if metric else {}
    lines = (f"{key}: {json.dumps(value)}\n" for key, value in (keys | scored).items())
    return str(write_file(path, "".join(lines)))  # YAML, in which JSON is a notation of values
