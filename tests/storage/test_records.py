"""Records on disk and behind a URL: whole, found by prefix, refused when they are not ours."""

import json
import os
import re
import shutil
import subprocess
import sys
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from mmbench.columns import Repeated, Texts, pack, texts_of
from mmbench.errors import DataError, UserError
from mmbench.storage import records as store
from mmbench.storage.run_lookup import find_run
from mmbench.types import Media
from tests.support.boards import ROWS, bad_files, record
from tests.support.paths import ROOT


@pytest.mark.parametrize("where", ["disk", "memory://boards", "file"])
def test_a_record_comes_back(tmp_path: Path, where: str) -> None:
    places = {"disk": str(tmp_path), "file": (tmp_path / "a b").as_uri()}
    out = places.get(where, where)
    store.write_record(out, record(), ROWS)
    assert list(store.read_records(out)) == [record()]
    assert find_run("r1", out).record == record()
    assert store.read_table(find_run("r1", out)) == ROWS


def test_rows_lie_beside_the_record(tmp_path: Path) -> None:
    path = Path(store.write_record(tmp_path, record(), ROWS))
    assert pq.read_table(path.with_suffix(".parquet")).to_pydict() == ROWS


def test_json_has_no_nan(tmp_path: Path) -> None:
    path = Path(store.write_record(tmp_path, record(value=None), ROWS))
    text = path.read_text()
    assert "NaN" not in text
    assert json.loads(text)["scores"]["recall@1"]["value"] is None


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (b"{", "not a run record"),
        (b"[]", "not a run record"),
        (b'{"schema": 99}', "schema 99, but this mmbench reads schemas up to 1"),
        (b'{"schema": 1, "run": 5}', "not a run record"),
        (b"", "not a run record"),
        (b'{"schema": 1, "run": "\xff"}', "not a run record"),
        (b'{"schema": 1, "x": ' + b"[" * 200_000, "values are nested more than 100 deep"),
        (store.encode(record("../../up")), "the run name '../../up' is not a valid file name"),
        (store.encode(record("a\\b")), "is not a valid file name"),
        (store.encode(record("x" * 300)), "is too long"),
    ],
)
def test_what_is_not_a_record(data: bytes, message: str) -> None:
    with pytest.raises(DataError, match=message):
        store.read_record(data, "x.json")


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match=r"cannot write .*choose another folder with --out"):
        store.write_record(tmp_path / "file", record(), ROWS)
    with pytest.raises(UserError, match="another folder with --board"):
        store.write_record(tmp_path / "file", record(), ROWS, flag="--board")
    with pytest.raises(UserError, match="another folder with --media"):
        store.write_media(tmp_path / "file", record(), {"a": Media("image", "a", lambda: b"x")})


@pytest.mark.parametrize("name", ["../../escaped", "/etc/x", "..", ".hidden", "C:x", "a\nb", ""])
def test_names_lead_to_no_other_folder(tmp_path: Path, name: str) -> None:
    task = msgspec.structs.replace(record().task, name=name)
    for hostile in (record(task=task), record(name)):
        with pytest.raises(UserError, match="is not a valid file name"):
            store.write_record(tmp_path / "in/side", hostile, ROWS)
        with pytest.raises(UserError, match="is not a valid file name"):
            store.write_media(tmp_path / "in/side", hostile, {"a": Media("image", "x", bytes)})
    assert not list(tmp_path.rglob("*"))


def test_files_that_are_no_records_are_passed_over_by_name(tmp_path: Path) -> None:
    store.write_record(tmp_path, record(), ROWS)
    reasons = bad_files(tmp_path, "t")
    found = store.read_records(tmp_path)
    assert found == [record()]
    assert len(found.unreadable) == len(reasons)
    for name, reason in reasons.items():
        (line,) = (line for line in found.unreadable if f"{name}.json: " in line)
        assert reason in line
        with pytest.raises(DataError, match=f"{name}.json: "):  # named explicitly
            find_run(str(tmp_path / f"runs/t/{name}.json"))
        with pytest.raises(DataError, match=f"{name}.json: "):
            find_run(name, tmp_path)


def test_a_copy_under_another_name_or_task_does_not_count_twice(tmp_path: Path) -> None:
    path = Path(store.write_record(tmp_path, record(), ROWS))
    (tmp_path / "runs/u").mkdir()
    for copy in ("runs/t/r1 (copy).json", "runs/u/r1.json"):
        shutil.copy(path, tmp_path / copy)
        assert find_run(str(tmp_path / copy)).record == record()  # named explicitly
    found = store.read_records(tmp_path)
    assert found == [record()]
    assert all("the file contains the record runs/t/r1.json" in line for line in found.unreadable)
    assert len(found.unreadable) == 2


@pytest.mark.parametrize(
    ("column", "values", "fault"),
    [
        ("split", [10**12], "column 'split' holds numbers below 0 or from"),
        ("split", ["0"], "column 'split' holds values of type string"),
        ("direction", [["a"]], "column 'direction' holds values of type list"),
        ("id", [None], "column 'id' has rows without a value"),
        ("target", [{"a": 1}], "column 'target' holds values of type struct"),
        ("value", [[]], "column 'value' holds values of type list"),
        ("tags", ["[1]"], "column 'tags' is not JSON as expected: Expected `object`"),
        ("m:answer", [1], "column 'm:answer' holds values of type int64"),
        ("m:answer", [[1.0]], "column 'm:answer' holds values of type list"),
        ("m", [["text"]], "column 'm' holds values of type list<element: string>"),
        ("m", [[None, 1.0]], "column 'm' has lists with missing numbers"),
    ],
)
def test_columns_that_no_run_wrote_are_one_line(
    tmp_path: Path, column: str, values: list[object], fault: str
) -> None:
    """A split of 10^12 was as many empty lists."""
    path = Path(store.write_record(tmp_path, record(), ROWS | {column: values}))
    with pytest.raises(DataError, match=re.escape(f"r1.parquet: not the rows of a run: {fault}")):
        store.read_rows(find_run(path))


def test_columns_are_written_as_lists_of_the_same_values() -> None:
    rng = np.random.default_rng(0)
    scores, failed = rng.random((70_000, 3)), np.zeros((70_000, 3), bool)
    failed[[0, 5, 66_000, 69_999]] = True
    measured = np.ma.MaskedArray(scores, failed)
    texts = [None if at % 7 == 0 else f"é{at}" for at in range(70_000)]
    columns: dict[str, Any] = {
        "id": texts_of(list(map(str, texts))),
        "group": Repeated("", 70_000),
        "error": Repeated(None, 70_000),
        "value": pack(texts),
        "target": Texts(pa.array([None] * 70_000, pa.large_string())),
        "split": np.arange(70_000),
        "em": measured,
        "again": measured.copy(),
        "whole": scores[:, :1],
        "single": scores[:, :1].astype(np.float32),
        "none": np.ma.masked_all((70_000, 1)),
    }
    lists = {name: list(values) for name, values in columns.items()}
    lists |= {"split": list(range(70_000)), "none": [None] * 70_000}
    lists["em"] = lists["again"] = [None if failed[at, 0] else row for at, row in enumerate(scores)]
    found, wanted = (pq.read_table(BytesIO(store._parquet(rows))) for rows in (columns, lists))
    assert found.schema == wanted.schema
    assert found.schema.metadata == wanted.schema.metadata
    assert found == wanted


def test_some_columns_are_read_without_the_others(tmp_path: Path) -> None:
    rows = {"id": ["a", "b"], "m": [[1.0], None], "n": [[1.0], None], "value": [[None], [None]]}
    store.write_record(tmp_path, record(), rows)
    run = find_run("r1", tmp_path)
    assert store.read_rows(run, ["id", "n", "absent"])["n"].to_pylist() == rows["n"]
    assert store.read_rows(run, ["id"]).to_pydict() == {"id": ["a", "b"]}
    with pytest.raises(DataError, match="column 'value'"):  # read, it is looked at
        store.read_rows(run)


def test_rows_that_are_torn_are_one_line(tmp_path: Path) -> None:
    path = Path(store.write_record(tmp_path, record(), ROWS))
    rows = path.with_suffix(".parquet")
    whole = rows.read_bytes()
    half = len(whole) // 2
    torn = (b"", whole[:-9], whole[half:], bytes(half) + whole[half:], b"PAR1" + whole[:half])
    for data in torn:
        rows.write_bytes(data)
        with pytest.raises(DataError, match=r"r1\.parquet: not the rows of a run"):
            store.read_rows(find_run("r1", tmp_path))
    rows.unlink()
    with pytest.raises(DataError, match="no file of rows at"):
        store.read_rows(find_run("r1", tmp_path))


@pytest.mark.slow
def test_a_record_is_on_the_disk_before_its_name_is(tmp_path: Path) -> None:
    """In the system calls of a writer: fsync of the file, rename, fsync of its folder."""
    if shutil.which("strace") is None:
        pytest.skip("strace absent")
    code = (
        "import sys; from tests.storage import test_records as t;"
        " t.store.write_record(sys.argv[1], t.record(), t.ROWS)"
    )
    trace = ["strace", "-f", "-y", "-e", "trace=fsync,rename,renameat2", "-o", tmp_path / "calls"]
    here = {
        **os.environ,
        "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    }
    subprocess.run([*trace, sys.executable, "-c", code, tmp_path / "out"], check=True, env=here)
    calls = [line for line in (tmp_path / "calls").read_text().splitlines() if "/runs/t" in line]
    for suffix in ("parquet", "json"):
        own = [n for n, line in enumerate(calls) if f".r1.{suffix}." in line]
        synced, renamed = own
        assert "fsync(" in calls[synced]
        assert "rename" in calls[renamed]
        assert re.search(r"fsync\(.*/runs/t>\)", calls[renamed + 1])


def test_run_ids_are_safe_as_file_names() -> None:
    made = store.new_run_id("../../etc/x y\n")
    assert "/" not in made
    assert made.isprintable()
    assert store.new_run_id("m") != store.new_run_id("m")


def test_what_a_model_made_stays_in_its_folder(tmp_path: Path) -> None:
    made = {
        ident: Media("image", "x", lambda: b"png")
        for ident in (
            "../../up",
            "/root",
            "a/b",
            ".hid",
            "a\\b:c",
            "ünï 1.5",
            "x%2E",
            "a\nb",
            "",
            "nul",
        )
    }
    where = store.write_media(tmp_path / "out", record(), made)
    assert Path(where) == tmp_path / "out" / "t" / "r1"
    files = {p.relative_to(where).as_posix() for p in tmp_path.rglob("*.png")}
    assert files == {
        "%2E./%2E./up.png", "%/root.png", "a/b.png", "%2Ehid.png", "a%5Cb%3Ac.png",
        "ünï 1.5.png", "x%252E.png", "a%0Ab.png", "%.png",
        "%6Eul.png",
    }  # fmt: skip
