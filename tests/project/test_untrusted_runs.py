"""Rows and sample tables from elsewhere may hold anything: each command reads them or refuses them.

A refusal is exit code 2 and one line with the name of the file, of the run or of the sample. Cells
that say that samples failed count as failed samples, exit code 3.
"""

from __future__ import annotations

import io
import json
import shutil
from collections.abc import Callable
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from mmbench.cli import main
from mmbench.cli.exit_codes import DONE, SAMPLES, UNCLEAR, USER
from mmbench.storage.records import SAME
from mmbench.storage.sample_tables import LABELS, SOURCE
from tests.support.files import write_file, write_lines
from tests.support.media.images import save_image
from tests.support.media.sounds import wav

PLACES: list[dict[str, Any]] = [
    {"path": "/etc/passwd"},
    {"path": "/dev/zero"},
    {"path": "/nul\x00byte"},
    {"path": "a" * 5000},
    {"path": "/etc/passwd", "inside": {"offset": 0, "length": 10**15}},
    {"path": "/etc/passwd", "inside": {"offset": -1, "length": -5}},
    {"path": "/etc/passwd", "inside": {"offset": 0, "length": 9, "pixels": [-1, 10**9]}},
    {"path": "/etc/passwd", "inside": {"column": "a", "row": -1}},
    {"path": "x", "key": "../../../x"},
    {"url": "file:///etc/passwd"},
    {"modality": "smell"},
]
JSON = [
    *("1", "-1", "true", "null", "[]", "{}", '"\\ud800"', "NaN", "1e999", "1e300", "9" * 400),
    *("", "{", "x\x00<script>", "[" * 90 + "]" * 90, "[" * 5000 + "]" * 5000, '["a"]'),
    *('[1,"a",null]', '[0.1,"a"]', "[0.1,null]", '{"a":1}', '{"__proto__":"b"}'),
    *('{"media":5}', '{"media":"/etc/passwd"}', '{"media":"/a\\u0000b.png"}'),
    *('{"ranks":5,"grades":[]}', '{"ranks":null,"grades":null,"top":null}'),
    *('{"ranks":["a"],"grades":[1],"top":5}', '{"ranks":[1e300],"grades":[1],"top":["x"]}'),
    *(f'{{"ranks":[{10**30}],"grades":[1]}}', '{"ranks":[null],"grades":[1],"top":[{},null]}'),
    *('{"answer":"A","options":5}', '{"alternatives":5}', '{"alternatives":[[5]]}'),
    *(json.dumps({"modality": "image", "name": "x"} | place) for place in PLACES),
]
CELLS: list[Callable[[int], pa.Array]] = [
    *(lambda n, text=text: pa.array([text] * n) for text in JSON),
    *(
        lambda n, value=value: pa.array([value] * n)
        for value in (0, 2**63 - 1, 0.5, np.nan, np.inf, True, b"\xff\x00", [1.0, 2.0], ["a"],
                      [np.nan], [None], {"a": 1})
    ),
    pa.nulls,
    lambda n: pa.array([[]] * n, pa.list_(pa.float64())),
    lambda n: pa.array([[1.0] * (1 + k % 3) for k in range(n)]),
    lambda n: pa.array(["a"] * n).dictionary_encode(),
    lambda n: pa.array(["a"] * n, pa.large_string()),
    lambda n: pa.array([0] * n, pa.timestamp("s")),
    lambda n: pa.array([1] * n).cast(pa.decimal128(38, 2)),
]  # fmt: skip
ROWS = ["direction", "split", "id", "group", "error", "value", "scores", "target", "tags"]
ROWS += ["tokens", "reasoning", "exact_match", "exact_match:score", "recall@1", "recall@1:score"]
ROWS += ["exact_match:answer", ":score", ":", "a:b", "__proto__"]
TABLE = ["role", "id", "group", "tags", "target", "relevant", "text:question", "text:"]
TABLE += ["media:image", "media:", "data:image", "data:x", "text:__proto__"]
METADATA = [b"", b"[]", b"[1]", b"\xff", b'{"a":1}', b'{"a":"b"}', b'{"id":"group"}', b"[" * 5000]


class Board(NamedTuple):
    """A board with a single run, which is restored before each change."""

    folder: Path
    run: str
    rows: Path
    table: Path
    originals: dict[Path, pa.Table]

    def __repr__(self) -> str:
        return f"a board with {self.run}"


TASKS = ["answers", "transcripts", "shapes-retrieval", "shapes-zeroshot"]


@pytest.fixture(scope="module", params=TASKS)
def board(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Board:
    folder, task = tmp_path_factory.mktemp("board"), request.param
    source = _data(folder, task) or ["run", "-m", "clip-nano", "--limit", "4"]
    assert main([*source, "-t", task, "--out", str(folder / "out"), "--quiet"]) == 0
    runs = folder / "out/runs" / task
    (record,), (table,) = runs.glob("*.json"), runs.glob("data-*")
    rows = record.with_suffix(".parquet")
    originals = {path: pq.read_table(path) for path in (rows, table)}
    return Board(folder, record.stem, rows, table, originals)


def _data(folder: Path, task: str) -> list[str]:
    """Write data and outputs of a task for one's own data; return the command that scores them."""
    if task == "answers":
        names = [save_image(folder / f"{n}.png", n).name for n in range(4)]
        rows = [{"id": name, "image": name, "question": "?", "answer": "a"} for name in names]
    elif task == "transcripts":
        names = [f"{n}.wav" for n in range(4)]
        for name in names:
            write_file(folder / name, wav())
        rows = [{"id": name, "audio": name, "text": "a b"} for name in names]
    else:
        return []
    outputs = [{"id": name, "prediction": "ab"[n % 2]} for n, name in enumerate(names)]
    data = write_lines(folder / "data.jsonl", *rows)
    given = write_lines(folder / "given.jsonl", *outputs)
    return ["score", "--data", str(data), "--predictions", str(given)]


class Change(NamedTuple):
    """A change of the file of rows or of the table; `scored` if metrics read the new values."""

    what: str
    which: str
    scored: bool
    change: Callable[[pa.Table], pa.Table]


@st.composite
def changes(draw: st.DrawFn) -> Change:
    """Return a change of one of the columns of a file, or of its metadata."""
    which = draw(st.sampled_from(["rows", "table"]))
    kind = draw(st.sampled_from(["cells", "cells", "cells", "cells", "lost", "twice", "metadata"]))
    name = draw(st.sampled_from(ROWS if which == "rows" else TABLE))
    cells = draw(st.sampled_from(CELLS))
    key, value = draw(st.sampled_from([SAME, LABELS, SOURCE])), draw(st.sampled_from(METADATA))

    def change(table: pa.Table) -> pa.Table:
        if kind == "metadata":
            return table.replace_schema_metadata({**(table.schema.metadata or {}), key: value})
        kept = table.drop_columns([name]) if name in table.column_names else table
        if kind == "lost":
            return kept
        if kind == "twice":
            return table.append_column(name, table.column(0)).append_column(name, table.column(0))
        return kept.append_column(name, cells(len(table)))

    return Change(f"{kind} {name}", which, kind == "cells" and name in ("value", "target"), change)


def outcome(*command: str) -> tuple[int, str]:
    """Return the exit code of a command, and what it prints on stderr."""
    out, err = io.TextIOWrapper(io.BytesIO(), "utf-8"), io.StringIO()
    with redirect_stdout(out), redirect_stderr(err):
        code = main(list(command))
    return code, err.getvalue()


@settings(max_examples=8, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes())
def test_a_column_of_any_type_is_read_or_refused(board: Board, changed: Change) -> None:
    _check(board, changed)


@pytest.mark.slow
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(changes())
def test_many_columns_of_any_type_are_read_or_refused(board: Board, changed: Change) -> None:
    _check(board, changed)


def _check(board: Board, changed: Change) -> None:
    _, which, scored, change = changed
    for path, table in board.originals.items():
        is_changed = path == (board.rows if which == "rows" else board.table)
        pq.write_table(change(table) if is_changed else table, path)
    run, out = board.run, ["--out", str(board.folder / "out")]
    eee = ["--to", "eee", "--anyway", "--model-id", "o/m", "--file", str(board.folder / "eee")]
    commands = [
        ["inspect", run, *out, "--json"],
        ["inspect", run, run, *out],
        ["inspect", run, *out, "--csv", str(board.folder / "samples.csv")],
        ["report", run, *out, "--file", str(board.folder / "page.html")],
        ["export", run, *out, *eee],
    ]
    if not scored:  # metrics expect outputs and references of their kind
        commands += [["explain", run, run, *out], ["rescore", run, *out, "--quiet"]]
    for command in commands:
        code, err = outcome(*command)
        assert code in (DONE, USER, SAMPLES, UNCLEAR), err
        if code == USER:
            assert err.count("\n") == 1, err
            assert run in err or board.table.name in err or "sample" in err, err
    shutil.rmtree(board.folder / "eee", ignore_errors=True)
    for file in board.rows.parent.iterdir():
        if file.stem not in (run, board.table.stem):  # of a run that was rescored
            file.unlink()
