"""Rows that are read as columns, a block at a time, are those that are read one by one."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.columns import Mappings, Table, column
from mmbench.data.readers import table_files
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import Record, full_texts, plain_name, tags
from mmbench.data.readers.rows import FileRows
from mmbench.data.readers.table_files import parse_records, read_records
from mmbench.errors import DataError
from tests.support.files import write_file

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
CELL = st.one_of(TEXT, st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.lists(TEXT))
ROW = st.dictionaries(st.sampled_from(["id", "value", "{", "a:b"]), CELL, max_size=4)
PATH = Path("x.jsonl")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "_BLOCK", 64)
    monkeypatch.setattr(table_files, "_ROWS", 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.tuples(ROW, st.sampled_from(["\n", "\r\n", "\n\n", " \n"])), min_size=1))
def test_json_lines_are_read_as_one_by_one(rows: list[tuple[dict[str, object], str]]) -> None:
    text = "".join(json.dumps(row) + end for row, end in rows)
    expected = [
        Record(f"x.jsonl line {number}", json.loads(line))
        for number, line in enumerate(text.split("\n"), 1)
        if line.strip()
    ]
    records = parse_records(text.encode(), PATH)
    assert isinstance(records, Table)
    assert list(records) == expected
    assert [records[row] for row in range(len(expected))] == expected


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.lists(TEXT.filter(lambda t: "\0" not in t), min_size=3, max_size=3), min_size=1))
def test_csv_is_read_as_one_by_one(rows: list[list[str]]) -> None:
    stream = io.StringIO(newline="")
    csv.writer(stream).writerows([["id", "value", "id"], *rows])
    records = parse_records(stream.getvalue().encode(), Path("x.csv"))
    expected = [{"id": [c for c in (a, b) if c], "value": value} for a, value, b in rows]
    assert [record.cells for record in records] == expected


@pytest.mark.parametrize(
    "line",
    ['{"id": 1} {"id": 2}', '{"id": 1, "id": 2}', '{"a": {"b": 1, "b": 2}}', "[1]", '{"a": NaN}'],
)
def test_an_invalid_line_is_named_in_any_block(line: str) -> None:
    good = "".join(f'{{"id": "{row}", "value": "x"}}\n' for row in range(9))
    with pytest.raises(DataError, match=r"x\.jsonl:? line 10"):
        parse_records(f"{good}{line}\n{good}".encode(), PATH)


def test_cells_that_are_nan_are_none(tmp_path: Path) -> None:
    file = write_file(tmp_path / "x.csv", "id,value\na,nan\nb,NaN\nc,none\n")
    assert [record.cells["value"] for record in read_records(file)] == [None, None, "none"]


@pytest.mark.parametrize("separator", ["\t", ";", ","])
def test_the_header_of_a_csv_has_its_separator(separator: str) -> None:
    rows = [["filepath", "title"], ["a.jpg", "one, two; three"], ["b.jpg", 'a "dog"\tor cat']]
    stream = io.StringIO()
    csv.writer(stream, delimiter=separator).writerows(rows)
    read = parse_records(stream.getvalue().encode(), Path("x.csv"))
    assert [[*one.cells.values()] for one in read] == rows[1:]
    assert [*read[0].cells] == rows[0]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1))
def test_tags_and_texts_of_columns_are_those_of_rows(rows: list[dict[str, object]]) -> None:
    records = parse_records("".join(json.dumps(row) + "\n" for row in rows).encode(), PATH)
    found = OwnTable(FileRows(PATH, records))
    assert list(tags(records, {"id"})) == [_tags(row) for row in rows]
    assert list(Mappings(found.tags({"id"}), len(rows))) == [_tags(row) for row in rows]
    ids = full_texts(records, ("id",))
    if ids is not None:
        assert list(ids) == [row["id"] for row in rows]
        assert list(found.ids()) == list(found.texts("id")) == list(ids)


def _tags(row: dict[str, object]) -> dict[str, str]:
    plain = {name: cell for name, cell in row.items() if name and plain_name(name) != "id"}
    texts = {n: str(c).lower() if isinstance(c, bool) else str(c) for n, c in plain.items()
             if isinstance(c, str | int | float)}  # fmt: skip
    return {name: text for name, text in texts.items() if text}


def test_texts_of_one_column_are_held_without_an_object_each() -> None:
    lines = "".join(f'{{"id": "{row}", "value": {row}}}\n' for row in range(50))
    records = parse_records(lines.encode(), PATH)
    cells = column(records, "cells").columns  # type: ignore[attr-defined]
    assert {name: type(cells[name]).__name__ for name in cells} == {"id": "Texts", "value": "array"}
