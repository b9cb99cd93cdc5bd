"""docs/records.md names the fields of records and the columns of rows, with their types."""

from __future__ import annotations

import json
import re
from pathlib import Path
from types import NoneType
from typing import Any, Literal, get_args, get_origin, get_type_hints

import msgspec
import pyarrow.parquet as pq
import pytest

from mmbench.types import EstimateInfo, ModelInfo, PublishedInfo, RunRecord, ScoreInfo, TaskInfo
from tests.support.command_line import run_record
from tests.support.documents import fenced_blocks
from tests.support.files import write_file
from tests.support.paths import ROOT

PAGE = ROOT / "docs/records.md"
STRUCTS = {
    "The record": RunRecord,
    "model": ModelInfo,
    "task": TaskInfo,
    "scores": ScoreInfo,
    "estimates": EstimateInfo,
    "published": PublishedInfo,
}
JSON_TYPES = {
    str: "text",
    int: "integer",
    float: "number",
    dict: "object",
    list: "array",
    tuple: "array",
    Literal: "text",
}


def fields_of(heading: str) -> dict[str, str]:
    """Return the types of the fields that a section names, in order."""
    sections = re.split(r"^## (.+)\n", PAGE.read_text(encoding="utf-8"), flags=re.MULTILINE)
    section = dict(zip(sections[1::2], sections[2::2], strict=True))[heading]
    return dict(re.findall(r"^\| `(\w+)` \| ([^|]+) \|", section, re.MULTILINE))


def json_type(annotation: Any) -> str:
    """Return a type as the page writes it: `number or null`."""
    options = get_args(annotation) if NoneType in get_args(annotation) else (annotation,)
    origins = [get_origin(one) or one for one in options if one is not NoneType]
    names = [JSON_TYPES.get(origin, "object") for origin in origins]
    return " or ".join(names + ["null"] * (NoneType in options))


@pytest.mark.parametrize("heading", STRUCTS)
def test_the_fields_are_those_of_the_struct(heading: str) -> None:
    struct = STRUCTS[heading]
    hints = get_type_hints(struct)
    expected = {
        field.name: json_type(hints[field.name]) + ("" if field.required else ", optional")
        for field in msgspec.structs.fields(struct)
    }
    assert fields_of(heading) == expected


@pytest.fixture
def record(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> dict[str, Any]:
    """Score three outputs and return the record; its files are in the folder `board`."""
    monkeypatch.chdir(tmp_path)
    rows = "id,question,answer,prediction\n1,a?,x,<think>so</think>x\n2,b?,y,x\n3,c?,z,z\n"
    write_file(Path("answers.csv"), rows)
    score = ["score", "-t", "answers", "--predictions", "answers.csv", "--data", "answers.csv"]
    return run_record(capsys, *score, "--out", "board", "--strip-reasoning")


def test_the_keys_of_a_record_are_those_of_the_page(record: dict[str, Any]) -> None:
    assert record.keys() == fields_of("The record").keys()
    assert record["counts"].keys() == fields_of("counts").keys()
    required = {name for name, kind in fields_of("environment").items() if "optional" not in kind}
    assert record["environment"].keys() == required


def test_the_columns_are_those_of_the_rows(record: dict[str, Any]) -> None:
    name = f"board/runs/{record['task']['name']}/{record['run']}"
    assert json.loads(Path(f"{name}.json").read_text()) == record
    schema = pq.read_schema(f"{name}.parquet")
    stored = {column.name: str(column.type) for column in schema}
    same = json.loads(schema.metadata[b"mmbench.same"])
    columns = fields_of("The rows")
    columns = {n: kind for n, kind in columns.items() if n in stored or "optional" not in kind}
    assert list(stored)[: len(columns)] == list(columns)
    for column, kind in columns.items():
        types = kind.removesuffix(", optional").split(" or ")
        assert stored[column] in (*types, "null"), column
    metrics = {name: kind for name, kind in stored.items() if name not in columns}
    lists = {name: kind for name, kind in metrics.items() if ":" not in name}
    scores = {name for name in metrics.keys() | same.keys() if name.endswith(":score")}
    assert lists.keys() | same.keys() - scores == record["scores"].keys()
    assert {kind.replace("item", "element") for kind in lists.values()} == {"list<element: double>"}
    assert scores == {f"{name}:score" for name in record["scores"]}
    assert {kind for name, kind in metrics.items() if name in scores} == {"double"}


def test_the_code_of_the_page_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    """It finds the score of a run in the repository in its rows."""
    monkeypatch.chdir(ROOT)
    (code,) = [block.text for block in fenced_blocks(PAGE) if block.language == "python"]
    names: dict[str, Any] = {}
    exec(code, names)
    share_wrong = len(names["wrong"]) / len(names["rows"])
    assert names["score"]["value"] == pytest.approx(1 - share_wrong)
