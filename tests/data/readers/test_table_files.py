"""Rows that are read as columns, a block at a time, are those that are read one by one."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.columns import Mappings, column
from mmbench.data.readers import table_files
from mmbench.data.readers.own_tables import OwnTable
from mmbench.data.readers.records import full_texts, plain_name, tags
from mmbench.data.readers.table_files import parse_records

TEXT = st.text(st.characters(exclude_categories=("Cs",)), max_size=8)
CELL = st.one_of(TEXT, st.integers(-(2**70), 2**70), st.booleans(), st.none(), st.lists(TEXT))
ROW = st.dictionaries(st.sampled_from(["id", "value", "{", "a:b"]), CELL, max_size=4)
PATH = Path("x.jsonl")


@pytest.fixture(autouse=True)
def small_blocks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(table_files, "_BLOCK", 64)
    monkeypatch.setattr(table_files, "_ROWS", 2)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(ROW, min_size=1))
def test_tags_and_texts_of_columns_are_those_of_rows(rows: list[dict[str, object]]) -> None:
    records = parse_records("".join(json.dumps(row) + "\n" for row in rows).encode(), PATH)
    found = OwnTable(PATH, records)
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
