"""Run records: one file `OUT/runs/<task>/<run>.json` per run, and a second file with its rows.

Every file is written under a unique name and then renamed, so that concurrent writers need no lock.
`OUT` is a folder or an fsspec URL (`s3://bucket/boards`).
"""

from __future__ import annotations

import secrets
import time
from collections.abc import Collection, Iterable, Mapping, Sequence
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import msgspec

from mmbench.errors import DataError, MissingRows, UserError
from mmbench.media import read_bytes
from mmbench.protocols.reporters import Rows, StoredSamples
from mmbench.storage.file_names import component_fault, escaped
from mmbench.storage.folders import RUNS, Folder
from mmbench.storage.row_columns import arrow_column, refuse_odd_columns
from mmbench.storage.sample_tables import SampleTable, table_name, write_sample_table
from mmbench.text import plain
from mmbench.types import Media, RunRecord
from mmbench.validation.inflation import refuse_inflated_groups
from mmbench.validation.safe_parse import encode_json, parse_json

if TYPE_CHECKING:
    import pyarrow as pa

SCHEMA = 1
_COUNTS = ("samples", "failed", "requests", "computed", "cached")  # required in a record
_SUFFIXES = {"image": ".png", "audio": ".wav"}
SAME = b"mmbench.same"  # key in the Parquet schema: metric → the metric that stores the same rows


class StoredRun(NamedTuple):
    """A record with its folder and its file name in the folder; its rows are in a second file.

    `unreadable` has one line for each file that was skipped during the search for the record.
    `rows` are the rows of a run that is in memory only, as `read_rows` returns them.
    """

    record: RunRecord
    folder: Folder
    name: str
    unreadable: tuple[str, ...] = ()
    rows: pa.Table | None = None

    @property
    def rows_name(self) -> str:
        """Return the name of the rows file in the folder."""
        return f"{self.name.removesuffix('.json')}.parquet"


class Records(list[RunRecord]):
    """The records of a board, oldest first.

    `unreadable` has one line for each file that is not a record: its name and the reason.
    """

    def __init__(self, records: Sequence[RunRecord], unreadable: Sequence[str]) -> None:
        super().__init__(records)
        self.unreadable = list(unreadable)


def new_run_id(model: str) -> str:
    """Return a run id that sorts by time: `20261123-140500-clip-nano-3fa94c`."""
    stamp = time.strftime("%Y%m%d-%H%M%S", time.gmtime())
    safe = "".join(c if c.isalnum() or c in "-_" else "-" for c in model)[:40].strip("-")
    return f"{stamp}-{safe}-{secrets.token_hex(3)}"


def encode(record: RunRecord) -> bytes:
    """Return a record as indented JSON. The record must not contain NaN; use None instead."""
    return msgspec.json.format(encode_json(record), indent=2)


def write_record(
    out: str | Path,
    record: RunRecord,
    rows: Mapping[str, Sequence[object]],
    *,
    flag: str = "--out",
) -> str:
    """Write the rows, then the record that refers to them. Return the path of the record.

    Raises UserError if a file cannot be written, or if the name of the task or the run would lead
    to another folder. `flag` is the flag that sets the folder, for error messages.
    """
    if fault := _name_fault(record):
        raise UserError(f"cannot write a run to {out}: {fault}")
    stored = stored_run(record, out, flag)
    stored.folder.write(stored.rows_name, _parquet(rows), durable=True)
    stored.folder.write(stored.name, encode(record) + b"\n", durable=True)
    return stored.folder.path(stored.name)


class BoardReporter:
    """A `mmbench.protocols.Reporter` that writes records and rows into the folder of a board."""

    def __init__(self, out: str | Path, flag: str = "--out") -> None:
        self._out, self._flag = out, flag

    def __call__(self, record: RunRecord, rows: Rows, samples: StoredSamples | None, /) -> str:
        """Write the run and return the path of its record. Raises UserError like `write_record`.

        Then the sample table is written, unless the board has it. If that fails, a UserError says
        so; the run is stored.
        """
        place = write_record(self._out, record, rows, flag=self._flag)
        if isinstance(samples, SampleTable):
            name = table_name(record.task.name, record.task.data_hash)
            try:
                write_sample_table(Folder(self._out, self._flag), name, samples)
            except UserError as error:
                raise UserError(
                    f"the run is stored as {place}, but the samples of its data are not: {error}"
                ) from error
        return place


def stored_run(
    record: RunRecord, out: str | Path, flag: str = "--out", rows: pa.Table | None = None
) -> StoredRun:
    """Return a record together with its location in the board `out`, or with rows in memory."""
    return StoredRun(record, Folder(out, flag), _name_of(record), rows=rows)


def _name_of(record: RunRecord) -> str:
    """Return the file name that a record has in a board."""
    return f"{RUNS}/{record.task.name}/{record.run}.json"


def _name_fault(record: RunRecord) -> str:
    """Return a message about the first invalid name in a record; "" if all names are valid."""
    for what, name in (("task", record.task.name), ("run", record.run)):
        if fault := component_fault(name):
            return f"the {what} name {plain(name, 60)!r} {fault}"
    return ""


def write_media(out: str | Path, record: RunRecord, media: Mapping[str, Media]) -> str:
    """Write images as PNG files and audio as WAV files; return their folder.

    `media` maps sample ids to media items. The id is the file name. An id with slashes is written
    into subfolders; invalid characters become %XX, so that nothing is written elsewhere. Raises
    UserError.
    """
    if fault := _name_fault(record):
        raise UserError(f"cannot write media to {out}: {fault}")
    folder = Folder(out, "--media")
    stem = f"{record.task.name}/{record.run}"
    for ident, medium in media.items():
        name = "/".join(escaped(part) for part in ident.split("/"))
        folder.write(f"{stem}/{name}{_SUFFIXES[medium.modality]}", read_bytes(medium))
    return folder.path(stem)


def arrow_rows(rows: Mapping[str, Sequence[object]]) -> pa.Table:
    """Return the rows of a run, given by column, as the Arrow table that `read_rows` returns."""
    import pyarrow as pa

    return pa.table({name: arrow_column(values) for name, values in rows.items()})


def _parquet(rows: Mapping[str, Sequence[object]]) -> bytes:
    """Return the rows as a Parquet file; metrics with equal rows share one stored column."""
    import pyarrow as pa
    import pyarrow.parquet as pq

    columns: dict[str, pa.Array] = {}
    same: dict[str, str] = {}
    for name, values in rows.items():
        column = arrow_column(values)
        others = columns.items() if ":" in name or pa.types.is_list(column.type) else ()
        twin = next((n for n, c in others if c.type == column.type and c.equals(column)), None)
        if twin is not None:
            same[name] = twin
        else:
            columns[name] = column
    table = pa.table(columns).replace_schema_metadata({SAME: msgspec.json.encode(same)})
    sink = pa.BufferOutputStream()
    pq.write_table(table, sink, compression="zstd")
    return bytes(sink.getvalue())


def read_record(data: bytes, name: str) -> RunRecord:
    """Decode a record. Raises DataError with the file name and the reason."""
    try:
        schema = parse_json(data, _Schema).schema
        if schema > SCHEMA:
            raise DataError(
                f"{name}: schema {schema}, but this mmbench reads schemas up to {SCHEMA}"
            )
        record = parse_json(data, RunRecord)
    except ValueError as error:
        raise DataError(f"{name}: not a run record: {error}") from error
    if fault := _name_fault(record) or _count_fault(record):
        raise DataError(f"{name}: not a run record: {fault}")
    return record


def _count_fault(record: RunRecord) -> str:
    """Return a message about a missing or negative count in a record; "" if all are valid."""
    for key in _COUNTS:
        if record.counts.get(key, -1) < 0:
            return f"`counts` lacks {key!r}, or the count is negative"
    return ""


class _Schema(msgspec.Struct):
    schema: int


def read_stored(folder: Folder, name: str) -> StoredRun:
    """Read a record, given its file name in a folder.

    Raises DataError with the file name and the reason. A record that was renamed or moved within a
    board is rejected: its rows would not be found, and a copied record would count twice.
    """
    path = folder.path(name)
    try:
        data = folder.read(name)
    except FileNotFoundError as error:
        raise DataError(f"{path}: no such run record") from error
    except OSError as error:
        raise DataError(f"{path}: the file cannot be read: {error.strerror or error}") from error
    record = read_record(data, path)
    if name.startswith(f"{RUNS}/") and name != _name_of(record):
        owner = _name_of(record)
        raise DataError(f"{path}: the file contains the record {owner}; rename it to {owner}")
    return StoredRun(record, folder, name)


def task_of(name: str) -> str:
    """Return the task in a file name of the form `runs/TASK/FILE`."""
    return name.split("/")[1]


def tasks_in(out: str | Path) -> list[str]:
    """Return the sorted names of tasks that have record files in a board. No record is read."""
    return sorted({task_of(name) for name in Folder(out).run_files()})


def stored_runs(folder: Folder, names: Iterable[str]) -> tuple[list[StoredRun], list[str]]:
    """Read the records with these file names.

    Return them, oldest first, and one error per bad file. A file that is not a record does not
    prevent the reading of other files; its error contains its name.
    """
    runs, unreadable = [], []
    for name in names:
        try:
            if fault := component_fault(task_of(name)):
                raise DataError(f"{folder.path(name)}: the folder's name {fault}")
            runs.append(read_stored(folder, name))
        except DataError as error:
            unreadable.append(str(error))
    return sorted(runs, key=lambda run: (run.record.created, run.record.run)), unreadable


def read_records(out: str | Path, task: str | None = None) -> Records:
    """Return all records of a task (of every task by default), oldest first."""
    folder = Folder(out)
    names = (name for name in folder.run_files() if task in (None, task_of(name)))
    runs, unreadable = stored_runs(folder, names)
    return Records([run.record for run in runs], unreadable)


def read_table(run: StoredRun, required: Collection[str] = ()) -> dict[str, list[object]]:
    """Return the stored rows of a run as {column: list of values}; see `read_rows`."""
    table = read_rows(run, required=required)
    return {name: table[name].to_pylist() for name in table.column_names}


def read_rows(
    run: StoredRun, columns: Collection[str] | None = None, required: Collection[str] = ()
) -> pa.Table:
    """Return the stored rows of a run as an Arrow table.

    The columns are `direction`, `split`, `id`, … and metrics. If `columns` is given, only those of
    them that exist are read. Raises DataError if the file of the rows is missing or cannot be read,
    or if it lacks a column in `required`.
    """
    import pyarrow as pa
    import pyarrow.parquet as pq

    if run.rows is not None:
        names = run.rows.column_names
        return run.rows.select([name for name in names if columns is None or name in columns])
    path = run.folder.path(run.rows_name)
    try:
        data = run.folder.read(run.rows_name)
        parquet = pq.ParquetFile(BytesIO(data))
        refuse_inflated_groups(parquet.metadata, len(data), Path(path))
        stored = (parquet.schema_arrow.metadata or {}).get(SAME, b"{}")
        same = parse_json(stored, dict[str, str])
        read = columns and sorted({same.get(name, name) for name in columns})
        # A thread that frees the data during the exit of the process would abort the process.
        table = parquet.read(read, use_threads=False)
        for metric, twin in same.items():
            if columns is None or metric in columns:
                table = table.append_column(metric, table[twin])
        refuse_odd_columns(table, required)
    except FileNotFoundError as error:
        raise MissingRows(
            f"run {run.record.run}: no file of rows at {path} (git keeps the rows of few runs);"
            " run the model again, or copy the file next to the record"
        ) from error
    except (pa.ArrowException, OSError, KeyError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise DataError(f"{path}: not the rows of a run: {reason}; run the model again") from error
    return table
