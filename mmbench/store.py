"""Run records as files, one per run, under `OUT/runs/<task>/<run>.json`, with the rows beside them.

Every file is written under a name of its own and appears whole or not at all, so that concurrent
writers need no lock. `OUT` is a folder or an fsspec URL (`s3://bucket/boards`).
"""

from __future__ import annotations

import os
import secrets
import time
from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import Any

import msgspec

from mmbench.errors import DataError, UserError
from mmbench.media import read_bytes
from mmbench.types import Media, RunRecord

SCHEMA = 1
_SUFFIXES = {"image": ".png", "audio": ".wav"}
_UNFIT = frozenset('%<>:"\\|?*')  # in a file name, somewhere
SAME = b"mmbench.same"  # in the rows' schema: metric → the metric whose column holds its rows


class Folder:
    """A folder on disk or behind an fsspec URL: read, list, and write files whole."""

    def __init__(self, where: str | Path, flag: str = "--out") -> None:
        self.where = str(where)
        self._flag = flag  # names another folder, in messages
        self._remote = "://" in self.where

    def _fs(self) -> tuple[Any, str]:
        from fsspec.core import url_to_fs

        fs, root = url_to_fs(self.where)
        return fs, root

    def path(self, name: str) -> str:
        """The full path or URL of a file in the folder."""
        return f"{self.where.rstrip('/')}/{name}" if self._remote else str(Path(self.where) / name)

    def write(self, name: str, data: bytes) -> None:
        """Write a file whole: readers see the old one or the new one. Raises UserError."""
        if self._remote:
            fs, root = self._fs()
            fs.pipe_file(f"{root}/{name}", data)
            return
        path = Path(self.where) / name
        part = path.with_name(f".{path.name}.{os.getpid()}-{secrets.token_hex(4)}")
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            part.write_bytes(data)
            part.replace(path)
        except OSError as error:
            if part.exists():
                part.unlink()
            raise UserError(
                f"cannot write {path}: {error.strerror}; the outputs are kept in the cache: choose"
                f" another folder with {self._flag} and repeat the command"
            ) from error

    def read(self, name: str) -> bytes:
        """The bytes of a file. Raises FileNotFoundError."""
        if self._remote:
            fs, root = self._fs()
            return bytes(fs.cat_file(f"{root}/{name}"))
        return (Path(self.where) / name).read_bytes()

    def glob(self, pattern: str) -> list[str]:
        """Names of the files that match, relative to the folder, sorted; hidden ones left out."""
        if self._remote:
            fs, root = self._fs()
            return sorted(p.removeprefix(root).lstrip("/") for p in fs.glob(f"{root}/{pattern}"))
        base = Path(self.where)
        found = (p.relative_to(base) for p in base.glob(pattern))
        return sorted(str(p) for p in found if not p.name.startswith("."))


def new_run_id(model: str) -> str:
    """A run id that sorts by time: `20261123-140500-clip-nano-3fa94c`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in model)[:40].strip("-")
    return f"{stamp}-{safe}-{secrets.token_hex(3)}"


def encode(record: RunRecord | Sequence[RunRecord]) -> bytes:
    """A record, or a list of them, as indented JSON. NaN has no place in it: it is null before."""
    return msgspec.json.format(msgspec.json.encode(record), indent=2)


def write_record(
    out: str | Path,
    record: RunRecord,
    rows: Mapping[str, Sequence[Any]],
    *,
    flag: str = "--out",
) -> str:
    """Write the rows, then the record that refers to them. Returns the record's path.

    Errors name the `flag` that chooses another folder.
    """
    folder = Folder(out, flag)
    stem = f"runs/{record.task.name}/{record.run}"
    folder.write(f"{stem}.parquet", _parquet(rows))
    folder.write(f"{stem}.json", encode(record) + b"\n")
    return folder.path(f"{stem}.json")


def write_made(out: str | Path, record: RunRecord, made: Mapping[str, Media]) -> str:
    """Write images as PNG and sounds as WAV, each named by the id of its sample. Returns where.

    An id with a slash lies in a folder; what no file may be called stands as %XX, so that nothing
    is written elsewhere. Raises UserError.
    """
    folder = Folder(out, "--media")
    stem = f"{record.task.name}/{record.run}"
    for ident, medium in made.items():
        name = "/".join(_file_name(part) for part in ident.split("/"))
        folder.write(f"{stem}/{name}{_SUFFIXES[medium.modality]}", read_bytes(medium))
    return folder.path(stem)


def _file_name(part: str) -> str:
    told = "".join(c if c.isprintable() and c not in _UNFIT else _escaped(c) for c in part)
    return f"%2E{told[1:]}" if told.startswith(".") else told or "%"


def _escaped(character: str) -> str:
    return "".join(f"%{byte:02X}" for byte in character.encode("utf-8", "surrogatepass"))


def _parquet(rows: Mapping[str, Sequence[Any]]) -> bytes:
    """A Parquet file; a metric with the very rows of another is left to that one's column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, Any] = {}
    same: dict[str, str] = {}
    for name, values in rows.items():
        column = pa.array(values)
        lists = columns.items() if pa.types.is_list(column.type) else ()
        twin = next((n for n, c in lists if c.type == column.type and c.equals(column)), None)
        if twin is not None:
            same[name] = twin
        else:
            columns[name] = column
    table = pa.table(columns).replace_schema_metadata({SAME: msgspec.json.encode(same)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def read_record(data: bytes, name: str) -> RunRecord:
    """Decode a record. Raises DataError naming the file and what is wrong with it."""
    try:
        schema = msgspec.json.decode(data, type=_Schema).schema
        if schema > SCHEMA:
            raise DataError(f"{name}: has schema {schema}; this mmbench reads up to {SCHEMA}")
        return msgspec.json.decode(data, type=RunRecord)
    except msgspec.DecodeError as error:
        raise DataError(f"{name}: not a run record: {error}") from error


class _Schema(msgspec.Struct):
    schema: int


def read_records(out: str | Path, task: str = "*") -> Iterator[RunRecord]:
    """All records of a task (of every task by default), oldest first."""
    folder = Folder(out)
    records = [
        read_record(folder.read(name), folder.path(name))
        for name in folder.glob(f"runs/{task}/*.json")
    ]
    yield from sorted(records, key=lambda record: (record.created, record.run))


def find_record(out: str | Path, run: str) -> RunRecord:
    """The record of a path, a run id or a unique prefix of one.

    Raises DataError for none or several.
    """
    if run.endswith(".json"):
        path = Path(run)
        if not path.is_file():
            raise DataError(f"{run}: no such run record")
        return read_record(path.read_bytes(), run)
    folder = Folder(out)
    names = [n for n in folder.glob("runs/*/*.json") if Path(n).name.startswith(run)]
    if len(names) != 1:
        found = f"{len(names)} runs start with it" if names else "no run starts with it"
        raise DataError(f"run {run!r}: {found} in {folder.where}; `mmbench list runs` shows all")
    return read_record(folder.read(names[0]), folder.path(names[0]))


def read_table(out: str | Path, run: str, record: RunRecord) -> dict[str, list[Any]]:
    """The stored rows of a run as lists: see `read_rows`."""
    table = read_rows(out, run, record)
    return {name: table[name].to_pylist() for name in table.column_names}


def read_rows(out: str | Path, run: str, record: RunRecord) -> Any:
    """The stored rows of a run, an Arrow table: `direction`, `split`, `id`, … and one per metric.

    `run` is what the record was found by. Raises DataError where the rows do not lie beside it.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    beside = Path(run) if run.endswith(".json") else None
    folder = Folder(beside.parent if beside else out)
    name = f"{beside.stem}.parquet" if beside else f"runs/{record.task.name}/{record.run}.parquet"
    try:
        table = pq.ParquetFile(BytesIO(folder.read(name))).read()
    except FileNotFoundError as error:
        raise DataError(
            f"run {record.run}: its rows are not there: {folder.path(name)} (git does not keep"
            " them: run it again, or copy them beside the record)"
        ) from error
    except pa.ArrowInvalid as error:
        raise DataError(f"{folder.path(name)}: not the rows of a run: {error}") from error
    same = msgspec.json.decode((table.schema.metadata or {}).get(SAME, b"{}"), type=dict[str, str])
    for metric, twin in same.items():
        table = table.append_column(metric, table[twin])
    return table
