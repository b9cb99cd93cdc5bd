"""Manifests of the Open ASR Leaderboard: `MODEL_{id}_DATASET_{path}_{name}_{split}.jsonl`.

Read in huggingface/open_asr_leaderboard at d1e99b25 (2026-08-21), `normalizer/eval_utils.py`
(`write_manifest`, `merge_chunked_manifest`) and `transformers/run_eval.py`: texts are written as
they are, and normalised only when they are scored. A recording without a path is called `sample_N`,
where N is the number of the line, not of the row in the data set.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import groupby
from pathlib import Path
from typing import NamedTuple

from mmbench.errors import DataError
from mmbench.predictions.harnesses.json_values import Cells, decode_lines
from mmbench.predictions.harnesses.results import HarnessResults, HarnessSample
from mmbench.predictions.values import is_number
from mmbench.storage.content_keys import digest
from mmbench.text import count

HARNESS = "Open ASR Leaderboard"
_FIELDS = {"audio_filepath", "duration", "time", "text", "pred_text"}
_PARENT, _CHUNK = "parent_id", "chunk_index"
_UNNAMED = "sample_"


class _Row(NamedTuple):
    where: str
    cells: Cells


def is_row(cells: Cells) -> bool:
    """Return whether a line is a row of a manifest, judging by its keys."""
    return cells.keys() >= _FIELDS


def read_manifest(data: bytes, path: Path) -> HarnessResults:
    """Read a manifest; the chunks of a long recording are joined.

    Raises DataError, with the line.
    """
    rows = [_Row(f"{path} line {n}", cells) for n, cells in decode_lines(data, path)]
    for row in rows:
        if not is_row(row.cells) or not isinstance(row.cells["audio_filepath"], str):
            raise DataError(
                f"{row.where}: no {' or '.join(sorted(_FIELDS))}, unlike the first line"
            )
    joined, notes = _join(rows, path)
    samples = [_sample(row, number) for number, row in enumerate(joined)]
    return HarnessResults(HARNESS, samples, notes=notes, digest=digest(data).hex())


def _join(rows: Sequence[_Row], path: Path) -> tuple[list[_Row], list[str]]:
    """Return one row per recording, and a note if chunks were joined."""
    if _PARENT not in rows[0].cells:
        return list(rows), []
    if any(type(row.cells.get(_CHUNK)) is not int for row in rows):
        raise DataError(f"{path}: a line has no {_CHUNK}, which orders the chunks of a recording")
    ordered = sorted(rows, key=lambda row: (str(row.cells.get(_PARENT)), row.cells[_CHUNK]))
    grouped = groupby(ordered, key=lambda row: str(row.cells.get(_PARENT)))
    joined = [_joined(parent, list(chunks)) for parent, chunks in grouped]
    return joined, [f"{count(len(rows), 'chunk')} joined to {count(len(joined), 'recording')}"]


def _joined(parent: str, chunks: Sequence[_Row]) -> _Row:
    """Return the row of a recording. Raises DataError if a chunk is missing."""
    numbers = [row.cells[_CHUNK] for row in chunks]
    if numbers != list(range(len(chunks))):
        raise DataError(
            f"{chunks[0].where}: the chunks of {parent} are numbered {numbers}, not from 0 without"
            " gaps; give the complete manifest"
        )
    texts = [str(row.cells["pred_text"] or "").strip() for row in chunks]
    times = {name: [row.cells[name] for row in chunks] for name in ("duration", "time")}
    sums = {n: sum(v) if all(map(is_number, v)) else None for n, v in times.items()}
    first = chunks[0]
    cells = first.cells | sums | {"audio_filepath": parent}
    return _Row(first.where, cells | {"pred_text": " ".join(filter(None, texts))})


def _sample(row: _Row, number: int) -> HarnessSample:
    cells, name = row.cells, row.cells["audio_filepath"]
    unnamed = name == f"{_UNNAMED}{number}"
    seconds = {"audio_seconds": cells["duration"], "compute_seconds": cells["time"]}
    return HarnessSample(
        number if unnamed else None,
        name,
        raw=cells["pred_text"],
        reference=cells["text"],
        media=[] if unnamed else [name],
        tags={tag: str(value) for tag, value in seconds.items() if is_number(value)},
    )
