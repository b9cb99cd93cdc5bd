"""Recognition of the results of other evaluation harnesses by the contents of the file."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import BinaryIO

from mmbench.data.readers.file_bytes import read_file
from mmbench.data.readers.folders import files_below
from mmbench.data.readers.records import Record, columns_of
from mmbench.data.readers.table_files import is_json_lines, parse_records, record_table
from mmbench.errors import DataError
from mmbench.predictions.excel import excel_records
from mmbench.predictions.harnesses import evalscope, inspect_logs, lm_eval, mteb, open_asr
from mmbench.predictions.harnesses.json_values import Cells, decode_cells, first_cells
from mmbench.predictions.harnesses.results import HarnessResults
from mmbench.predictions.harnesses.vlmevalkit import is_table, pickle_error, read_table
from mmbench.text import count, listed
from mmbench.validation.regular_files import open_regular, read_regular

# What recognises the first line of JSON lines, and what reads the file.
_LINES: tuple[tuple[Callable[[Cells], bool], Callable[[bytes, Path], HarnessResults]], ...] = (
    (lm_eval.is_samples, lm_eval.read_samples),
    (evalscope.is_line, evalscope.read_evalscope),
    (open_asr.is_row, open_asr.read_manifest),
)
# What recognises a JSON object, and what reads it.
_OBJECTS: tuple[
    tuple[Callable[[Cells], bool], Callable[[Cells, bytes, Path], HarnessResults]], ...
] = (
    (inspect_logs.is_log, inspect_logs.read_log),
    (mteb.is_predictions, mteb.read_predictions),
)
# Texts in the beginning of JSON objects that are worth decoding.
_MARKS = (b'"mteb_model_meta"', b'"eval"')
_BEGINNING = 1 << 20


def read_harness(path: Path) -> HarnessResults | None:
    """Read the results of another harness; None if the file is not of a known harness.

    `path` may be a folder that contains the samples of one task, as lmms-eval and lm-eval write it.
    Raises DataError, with file and line, for a file of a known harness that cannot be read, for an
    archive of inspect_ai, for a pickle, and for a folder with the samples of several tasks.
    """
    if path.is_dir():
        file = _only_samples(path)
        return read_harness(file) if file else None
    reader = _READERS.get(path.suffix.lower())
    return reader(path) if reader and path.is_file() else None


def _only_samples(folder: Path) -> Path | None:
    """Return the only file of samples in a folder; None if there is none."""
    candidates = [f for f in files_below(folder) if f.suffix == ".jsonl" and "samples_" in f.name]
    files = [file for file in candidates if lm_eval.is_samples(first_cells(_first_line(file)))]
    if len(files) > 1:
        names = listed(str(file.relative_to(folder)) for file in files)
        raise DataError(f"{folder} has {count(len(files), 'file')} of samples: {names}; give one")
    return files[0] if files else None


def _first_line(path: Path) -> bytes:
    """Return the first line of a file; b"" if it cannot be read, which its reader reports."""
    return _beginning(path, lambda stream: stream.readline())


def _beginning(path: Path, read: Callable[[BinaryIO], bytes]) -> bytes:
    """Return what `read` reads from a file; b"" if it cannot be read, which its reader reports."""
    try:
        with open_regular(path) as stream:
            return read(stream)
    except OSError:
        return b""


def _read_lines(path: Path) -> HarnessResults | None:
    first = first_cells(_first_line(path))
    read = next((read for recognises, read in _LINES if recognises(first)), None)
    return read(read_file(path), path) if read else None


def _read_json(path: Path) -> HarnessResults | None:
    """Read JSON lines, an object, or the records of VLMEvalKit."""
    beginning = _beginning(path, lambda stream: stream.read(_BEGINNING))
    if is_json_lines(beginning):
        return _read_lines(path)
    if beginning.lstrip().startswith(b"["):
        is_records = b'"prediction"' in beginning and b'"index"' in beginning
        return _read_table(path, _json_rows) if is_records else None
    if not any(mark in beginning for mark in _MARKS):
        return None
    data = read_file(path)
    cells = decode_cells(data, path)
    read = next((read for recognises, read in _OBJECTS if recognises(cells)), None)
    return read(cells, data, path) if read else None


def _json_rows(data: bytes, path: Path) -> Sequence[Record]:
    """Return the rows of a JSON list; pandas writes NaN for empty cells."""
    cells = decode_cells(b'{"rows": ' + data + b"}", path)["rows"]
    if not all(isinstance(row, dict) for row in cells):
        raise DataError(f"{path}: not every item of the list is an object")
    where = [f"{path}: $[{number}]" for number in range(len(cells))]
    return record_table(where, cells)


def _read_separated(path: Path) -> HarnessResults | None:
    header = _first_line(path)
    if b"prediction" not in header or b"index" not in header:
        return None
    return _read_table(path, parse_records)


def _read_excel(path: Path) -> HarnessResults | None:
    return _read_table(path, excel_records)


def _read_table(
    path: Path, parse: Callable[[bytes, Path], Sequence[Record]]
) -> HarnessResults | None:
    data = read_regular(path) if path.suffix.lower() == ".xlsx" else read_file(path)
    records = parse(data, path)
    return read_table(records, data, path) if is_table(columns_of(records)) else None


def _refuse_archive(path: Path) -> HarnessResults | None:
    raise inspect_logs.eval_archive_error(path)


def _refuse_pickle(path: Path) -> HarnessResults | None:
    raise pickle_error(path)


_READERS: dict[str, Callable[[Path], HarnessResults | None]] = {
    ".jsonl": _read_lines,
    ".json": _read_json,
    ".tsv": _read_separated,
    ".csv": _read_separated,
    ".xlsx": _read_excel,
    ".eval": _refuse_archive,
    ".pkl": _refuse_pickle,
}
